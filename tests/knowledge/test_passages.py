from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from answerable.knowledge.passages import PASSAGE_CHARACTERS, cut_passages

LINES = st.sampled_from(
    [
        "# Billing",
        "## Refunds",
        "### Refunds of yearly plans ###",
        "Invoices",
        "--------",
        "We send an invoice each month. It lists every seat! Is yours missing? Write to us.",
        "- Open **Settings**.",
        "  - Choose *Plan*.",
        "1. Sign in.",
        "2. Press Save.",
        "> Only owners may do this.",
        "| Plan | Price |",
        "|---|---|",
        "| Pro | 12 |",
        "```",
        "curl https://example.org # not a heading",
        "",
        "   ",
        "密码重置后请重新登录。如果仍然无法登录，请联系我们！",
        "***",
        "word " * 300,
        "x" * 2500,
    ]
)
BODIES = st.one_of(st.lists(LINES, max_size=25).map("\n".join), st.text(max_size=3000))


def without_space(text: str) -> str:
    return "".join(text.split())


@given(BODIES)
def test_every_character_of_a_body_stands_in_exactly_one_passage(body: str) -> None:
    passages = cut_passages(body)

    assert without_space("".join(passage.text for passage in passages)) == without_space(body)
    assert all(before.end <= after.start for before, after in pairwise(passages))


@given(BODIES)
def test_a_passage_knows_where_it_stands(body: str) -> None:
    for number, passage in enumerate(cut_passages(body)):
        assert passage.number == number
        assert passage.text == body[passage.start : passage.end]
        assert passage.text.strip()


@given(BODIES)
def test_no_passage_is_larger_than_wanted(body: str) -> None:
    assert all(len(passage.text) <= PASSAGE_CHARACTERS for passage in cut_passages(body))


def test_a_passage_carries_the_headings_above_it() -> None:
    rules = "The owner of an account may ask for it, and the answer comes within a day. " * 5
    body = f"# Billing\n\n{rules}\n\n## Refunds\n\n{rules}\n\n## Invoices\n\n{rules}"

    assert [passage.heading_path for passage in cut_passages(body)] == [
        ("Billing",),
        ("Billing", "Refunds"),
        ("Billing", "Invoices"),
    ]


def test_short_neighbouring_sections_share_a_passage() -> None:
    body = "# Seats\n\n## Add one\n\nPress Add.\n\n## Remove one\n\nPress Remove."

    (passage,) = cut_passages(body)

    assert passage.heading_path == ("Seats",)


def test_a_comment_in_code_is_no_heading() -> None:
    body = "# Import\n\n```sh\n# first the customers\nimport customers\n```"

    assert [passage.heading_path for passage in cut_passages(body)] == [("Import",)]


def test_an_empty_body_has_no_passages() -> None:
    assert cut_passages(" \n\n ") == ()
