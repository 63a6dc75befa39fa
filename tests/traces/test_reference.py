"""The page about traces names what the code writes, and nothing else."""

import re
from pathlib import Path

from answerable.traces.otlp import names

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "otlp.md").read_text(encoding="utf-8")


def _named_in_code(prefix: str) -> set[str]:
    found = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]
    return {value for value in found if value.startswith(prefix)}


def test_every_attribute_of_our_own_is_explained() -> None:
    assert set(re.findall(r"^\| `(answerable\.[\w.]+)` \|", PAGE, re.MULTILINE)) == _named_in_code("answerable.")


def test_what_is_content_is_listed() -> None:
    section = PAGE.partition("## Content")[2].partition("##")[0]
    assert set(re.findall(r"`((?:gen_ai|answerable)\.[\w.]+)`", section)) == names.CONTENT


def test_no_attribute_is_named_that_the_code_does_not_know() -> None:
    known = _named_in_code("gen_ai.") | {*names.ROLE_OF_EVENT, *names.OLD_TOKENS_IN}
    assert set(re.findall(r"`(gen_ai\.[\w.]*\w)`", PAGE)) <= known


def test_the_version_of_the_conventions_is_told() -> None:
    assert names.SCHEMA_URL.rpartition("/")[2] in PAGE
    assert f"the version of this table: {names.FORMAT}." in PAGE
