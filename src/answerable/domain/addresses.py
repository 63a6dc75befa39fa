"""Where a text leads: its links, bare hosts and mail addresses, as programs that show mail and chats find them."""

import re
from collections.abc import Iterable
from functools import cache

from linkify_it import LinkifyIt
from linkify_it.tlds import TLDS

# Any scheme leads somewhere, whether a program for mail or chats would make a link of it or not.
_WITH_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.\-]{1,15}://|www\.|mailto:)[^\s<>\"'”»)\]]+", re.IGNORECASE)
# Set aside by RFC 2606, RFC 6762, RFC 7686 and ICANN for what is no public host; somebody's own network may lead there.
_SET_ASIDE = ("example", "internal", "invalid", "local", "localhost", "onion", "test")
# No host is called that: there are no such top-level domains.
_FILE = re.compile(r"[^/:]+\.(?:csv|docx?|gif|jpe?g|json|pdf|png|pptx?|txt|xlsx?|xml)", re.IGNORECASE)
_ONLY_A_NAME = re.compile(r"(?!www\.)(?:[^\s/:?#@]+|(?:mailto:)?[^\s/:?#@]+@[^\s/:?#@]+)", re.IGNORECASE)

_Span = tuple[int, int]


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses of a text, each once, in the order in which they stand there first."""
    return tuple(dict.fromkeys(text[start:end] for start, end in sorted(_spans(text))))


def without_addresses(text: str) -> str:
    """The text with three dots for each address: it can be repeated and leads nowhere."""
    return _left_out(text, _spans(text))


def without_links(text: str) -> str:
    """The text with three dots for each address that says more than a host's name or a mail address."""
    return _left_out(text, [span for span in _spans(text) if not _ONLY_A_NAME.fullmatch(text, *span)])


def _left_out(text: str, spans: Iterable[_Span]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]}…{text[end:]}"
    return text


def _spans(text: str) -> list[_Span]:
    """Where the addresses of a text stand."""
    found = [
        (match.start(), match.start() + len(match[0].rstrip(".,;:!?*_~`"))) for match in _WITH_SCHEME.finditer(text)
    ]
    rest = _WITH_SCHEME.sub(lambda match: " " * len(match[0]), text)
    bare = [] if "." not in rest else _finder().match(rest) or []
    return [*found, *((each.index, each.last_index) for each in bare if not _FILE.fullmatch(each.text))]


@cache
def _finder() -> LinkifyIt:
    """Finds hosts and mail addresses by the top-level domains that there are, also those in other scripts."""
    foreign = [name.lower().encode("ascii").decode("idna") for name in TLDS if name.startswith("XN--")]
    finder = LinkifyIt(options={"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": True})
    return finder.tlds([*TLDS, *foreign, *_SET_ASIDE])
