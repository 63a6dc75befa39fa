"""What stands in a record from outside is shown as plain words that lead nowhere."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.actions.declaring import Link, links_in
from answerable.domain.addresses import without_links
from answerable.knowledge.procedures.templates import fill, shown


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("See www.evil.example/random. now", "See …. now"),
        ("See https://evil.example/x?d=ch_1 now", "See … now"),
        ("See w*ww.evil.example/x now", "See … now"),
        ("See h\u200bttps://evil.example/x now", "See … now"),
        ("See \uff57\uff57\uff57.evil.example/x now", "See … now"),
        ("See evil.example:8080 now", "See … now"),
        ("See 203.0.113.9/x now", "See … now"),
        ("See evil.xn--p1ai/x now", "See … now"),
        ("Write to mailto:pay@evil.example?body=ch_1 now", "Write to … now"),
        ("Domain renewal studiomare.example", "Domain renewal studiomare.example"),
        ("It went to ines@studiomare.example", "It went to ines@studiomare.example"),
        ("INV-2026/03.pdf and/or 9.50/month", "INV-2026/03.pdf and/or 9.50/month"),
        ("e.g./i.e. Node.js/Express", "e.g./i.e. Node.js/Express"),
    ],
)
def test_a_value_that_would_lead_away_is_shown_without_its_link(written: str, told: str) -> None:
    assert shown(written) == told


@given(
    before=st.text(max_size=20),
    scheme=st.sampled_from(["https://", "http://", "HTTPS://", "ftp://", "www."]),
    path=st.text(alphabet="abc/?&=%-_.", max_size=20),
    after=st.text(max_size=20),
)
def test_no_link_is_left_whatever_stands_around_it(before: str, scheme: str, path: str, after: str) -> None:
    told = shown(f"{before} {scheme}evil.example/{path} {after}")

    assert f"{scheme}evil".casefold() not in told.casefold()
    assert without_links(told) == told


@pytest.mark.parametrize(
    "address",
    [
        "https://pay.example/f\n",
        "https://pay.example/a\u202eb",
        "https://pay.example/)[x](y",
        "https://me@pay.example/",
        "see",
    ],
)
def test_what_was_kept_and_is_no_link_is_told_as_none(address: str) -> None:
    class Sent(msgspec.Struct, frozen=True):
        link: Link | None = None

    assert links_in(Sent, {"link": address}) == ()
    assert links_in(Sent, {"link": "https://pay.example:8443/f?a=b%20c"}) == ("https://pay.example:8443/f?a=b%20c",)
    assert links_in(Sent, None) == links_in(Sent, {}) == ()


def test_a_link_is_told_only_if_it_is_one_of_the_receipts_own() -> None:
    own = "https://pay.example/f/a_b*c"
    told = {"summary": f"Open {own} or https://evil.example/?q={own} or {own}x."}

    filled = fill("{mail.summary} Bye.", lambda path: told[path.partition(".")[2]], links=[own])

    assert filled == f"Open {own} or … or …. Bye."
    assert fill("{mail.summary}", lambda path: told[path.partition(".")[2]]) == "Open … or … or …."
