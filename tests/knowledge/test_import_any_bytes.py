"""Whatever lies in a folder: a draft or a reason comes of it, and the same again the next time."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.domain.knowledge import Draft
from answerable.knowledge.importers.folder import FolderImporter
from answerable.knowledge.importers.importer import Item, Skipped, digest
from answerable.knowledge.importers.jsonl import JsonlImporter

pytestmark = pytest.mark.usefixtures("language_teller")

SNIPPETS = [
    *(b"---\n", b"+++\n", b"title: x\n", b"title: [", b"```\n", b"# ", b"\n\n", b"| a | b |\n", b"> ", b"1. ", b"    "),
    *(b"<div>", b"</div>", b"<table><tr><td>", b"<p hidden", b"<!--", b"-->", b"<![CDATA[", b"<?xml ?>", b"<a href='"),
    *(b"<svg><title>", b"<select>", b"<frameset>", b"<Card title='x'>", b"</Card>", b"{% x %}", b"export const x = {"),
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\xa4", b"\xe4", b"\xf3\xa0\x81\x81", b"\r", b"![x](", b":::note\n"),
    *(b"&amp;", b"&#0;", b"&#x110000;"),
]
contents = st.one_of(
    st.binary(max_size=400),
    st.lists(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=6)), max_size=60).map(b"".join),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
names = st.builds(
    lambda folder, stem, ending: f"{folder}{stem}{ending}",
    st.sampled_from(["", "a/", "de/", "en/02-pay/", "a/b/c/"]),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
        lambda name: len(name.encode()) < 100
    ),
    st.sampled_from([".md", ".markdown", ".mdx", ".html", ".htm"]),
)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def items_of(files: dict[str, bytes]) -> list[Item]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), files)
        return list(FolderImporter(Path(folder)).items())


def can_be_stored(item: Item) -> bool:
    written = json.dumps(asdict(item), ensure_ascii=False).replace(r"\\", "").encode()
    return rb"\u0000" not in written and (not isinstance(item, Draft) or len(digest(item)) == 64)


@given(content=contents, name=st.sampled_from(["x.md", "x.mdx", "x.html"]))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=120)
def test_any_bytes_give_a_draft_or_a_reason(content: bytes, name: str) -> None:
    (item,) = items_of({name: content})

    assert can_be_stored(item)
    if isinstance(item, Draft):
        assert item.key == name
        assert item.title.strip()
        assert item.text.strip()
        assert "\n" not in item.title
    else:
        assert isinstance(item, Skipped)
        assert (item.name, item.reason[-1]) == (name, ".")


@given(files=st.dictionaries(names, contents, max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_same_folder_gives_the_same_whatever_the_order_it_was_written_in(files: dict[str, bytes]) -> None:
    first = items_of(files)

    assert items_of(dict(reversed(files.items()))) == first
    keys = [item.key for item in first if isinstance(item, Draft)]
    assert len(keys) == len(set(keys))
    assert all(map(can_be_stored, first))


@given(
    lines=st.lists(
        st.one_of(
            contents,
            st.dictionaries(
                st.sampled_from(["title", "text", "url", "lang", "id", "html", "section"]),
                st.one_of(st.text(max_size=40), st.none(), st.integers(), st.lists(st.integers(), max_size=2)),
            ).map(lambda fields: json.dumps(fields).encode()),
        ),
        max_size=6,
    )
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_lines_give_drafts_or_reasons(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        path.write_bytes(b'{"title": "First", "text": "Text."}\n' + b"\n".join(lines))
        items = list(JsonlImporter(path).items())

    assert isinstance(items[0], Draft)
    assert all(map(can_be_stored, items))
