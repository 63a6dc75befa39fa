"""Importing a JSONL file: one article a line."""

import json
import os
from pathlib import Path

import pytest

from answerable.domain.errors import Invalid
from answerable.domain.knowledge import Draft
from answerable.knowledge.importers.importer import RollCall, Skipped
from answerable.knowledge.importers.jsonl import JsonlImporter, JsonlLimits

pytestmark = pytest.mark.usefixtures("language_teller")

REFUNDS = {"title": "Refunds", "text": "We pay back.", "url": "https://help.tally.example/refunds", "lang": "en"}


class Export:
    """A file that another helpdesk wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.limits = JsonlLimits()

    def items(self, *lines: object) -> list[object]:
        written = [
            line if isinstance(line, bytes) else line.encode() if isinstance(line, str) else json.dumps(line).encode()
            for line in lines
        ]
        self.path.write_bytes(b"\n".join(written) + b"\n")
        return list(JsonlImporter(self.path, limits=self.limits).items())

    def skipped(self, *lines: object) -> list[str]:
        return [item.reason for item in self.items(*lines) if isinstance(item, Skipped)]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path / "articles.jsonl")


def test_each_line_is_an_article_under_its_address(export: Export) -> None:
    assert export.items(REFUNDS) == [
        Draft(
            key="https://help.tally.example/refunds",
            title="Refunds",
            text="We pay back.",
            url="https://help.tally.example/refunds",
            language="en",
            section=None,
        )
    ]


def test_an_id_goes_before_the_address_and_a_number_will_do(export: Export) -> None:
    (article,) = export.items({**REFUNDS, "id": 4711, "section": "Billing"})

    assert isinstance(article, Draft)
    assert (article.key, article.section) == ("4711", "Billing")


def test_labels_of_an_export_are_keywords(export: Export) -> None:
    (article,) = export.items({**REFUNDS, "label_names": ["money back", 7]})

    assert isinstance(article, Draft)
    assert article.keywords == ("money back", "7")


def test_an_article_without_id_and_address_goes_by_section_and_title(export: Export) -> None:
    items = export.items(
        {"title": "Overview", "text": "One.", "section": "Billing"},
        {"title": "Overview", "text": "Two.", "section": "Team"},
    )

    assert [item.key for item in items if isinstance(item, Draft)] == ["Billing / Overview", "Team / Overview"]


def test_fields_of_other_exports_are_understood(export: Export) -> None:
    (article,) = export.items({"name": "Pay", "html": "<p>Click <b>Pay</b>.</p>", "locale": "en-us", "id": "7"})

    assert isinstance(article, Draft)
    assert (article.title, article.text, article.language) == ("Pay", "Click **Pay**.", "en-US")


def test_broken_lines_are_skipped_by_their_number_and_the_others_are_read(export: Export) -> None:
    items = export.items(
        REFUNDS,
        '{"title": "Cut',
        "",
        "[1, 2]",
        {"title": "No text", "text": "  "},
        {"text": "No title"},
        {"title": 5, "text": ["a"]},
        b'{"title": "\xff", "text": "x"}',
        "[" * 100_000,
        '{"title": "t", "text": "x", "n": ' + "9" * 10_000 + "}",
        {**REFUNDS, "url": "https://help.tally.example/other"},
    )

    assert [item.title for item in items if isinstance(item, Draft)] == ["Refunds", "Refunds"]
    assert [item.reason for item in items if isinstance(item, Skipped)] == [
        "Line 2: it is not valid JSON (Unterminated string starting at at character 11).",
        "Line 4: it is not an object with fields such as title and text.",
        'Line 5: it has no "text".',
        'Line 6: it has no "title".',
        'Line 7: its "text" is not text.',
        "Line 8: it is not UTF-8 (byte 12).",
        "Line 9: it is not valid JSON (a number of too many digits, or too deep).",
        "Line 10: it is not valid JSON (a number of too many digits, or too deep).",
    ]


def test_a_second_line_with_the_same_key_is_skipped(export: Export) -> None:
    assert export.skipped(REFUNDS, {**REFUNDS, "title": "Other"}) == [
        "Line 2: it has the same id, address or title as line 1."
    ]


def test_a_line_over_the_limit_is_skipped_in_pieces_and_the_next_is_read(export: Export) -> None:
    export.limits = JsonlLimits(line_bytes_max=200)

    items = export.items({"title": "Long", "text": "x" * 5_000}, REFUNDS)

    assert [type(item) for item in items] == [Skipped, Draft]
    assert isinstance(items[0], Skipped)
    assert items[0].reason == "Line 1: it is longer than 200 bytes."


def test_while_a_line_cannot_be_read_no_article_is_called_gone(export: Export) -> None:
    roll = RollCall()
    for item in JsonlImporter(export.path).items() if export.items(REFUNDS, "{") else []:
        roll.note(item)

    assert roll.gone(["https://help.tally.example/refunds", "https://help.tally.example/perhaps-line-2"]) == []


def test_json_that_is_not_jsonl_gets_a_sentence_that_helps(export: Export) -> None:
    with pytest.raises(Invalid, match="not JSONL"):
        export.items(json.dumps([REFUNDS], indent=2))


def test_what_cannot_be_stored_or_seen_is_taken_out(export: Export) -> None:
    (article,) = export.items(
        {"title": "Zero\x00 \ud800width\u200b", "text": "a\u0000b\r\nc\U000e0041d", "id": "k\ud801\x00"}
    )

    assert isinstance(article, Draft)
    assert (article.title, article.text) == ("Zero \ufffdwidth", "ab\ncd")
    assert article.key == "k\ufffd"


def test_what_is_no_file_gets_a_clear_error(export: Export, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no file"):
        list(JsonlImporter(tmp_path / "missing.jsonl").items())
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(Invalid, match="not an ordinary file"):
        list(JsonlImporter(tmp_path / "pipe.jsonl").items())
    with pytest.raises(Invalid, match="not an ordinary file"):
        list(JsonlImporter(tmp_path).items())
