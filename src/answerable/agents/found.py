"""What the `search_knowledge` tool gives to a model, as records and as JSON."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class FoundQuote:
    """Words of a passage that may answer the question, verbatim."""

    text: str
    start: int
    end: int
    """Where it stands in the passage: `text == passage.text[start:end]`."""
    score: float
    """From 0 to 1: how well these words answer the question."""


@dataclass(frozen=True, slots=True)
class FoundHit:
    """A passage that the search found."""

    number: int
    """What replies cite: `[1]`. It counts through the whole turn, over all its searches."""
    passage_id: str
    article_id: str
    revision_id: str
    title: str
    url: str | None
    heading_path: tuple[str, ...]
    text: str
    score: float
    quotes: tuple[FoundQuote, ...] = ()
    place: int = 0
    """Which of its article's passages it is, from 0."""
    dense: float = 0.0
    """How near it is to the question in meaning: a cosine, on the scale of the default embedder."""
    keywords: tuple[str, ...] = ()
    """Of its article: what people call it who do not use its words."""
    is_outcome: bool = False
    """Whether it is no passage, but what came of an action in this turn."""
    is_receipt: bool = False
    """Whether something was done in the world, and this says so."""


@dataclass(frozen=True, slots=True)
class Found:
    """The output of one search, best hit first."""

    confidence: float
    """From 0 to 1, calibrated: how likely it is that the hits answer the question."""
    threshold: float
    """Below this confidence the turn is handed off."""
    hits: tuple[FoundHit, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the hits may be answered from."""
        return bool(self.hits) and self.confidence >= self.threshold


def found_to_json(found: Found) -> str:
    """The tool's output, as models read it."""
    return msgspec.json.encode(found).decode()


def found_from_json(text: str) -> Found | None:
    """The tool's output read back; none where the tool failed and said something else instead."""
    try:
        content = json.loads(text)
        return Found(
            confidence=float(content["confidence"]),
            threshold=float(content["threshold"]),
            hits=tuple(_hit(hit) for hit in content["hits"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _hit(content: dict[str, Any]) -> FoundHit:
    return FoundHit(
        number=int(content["number"]),
        passage_id=content["passage_id"],
        article_id=content["article_id"],
        revision_id=content["revision_id"],
        title=content["title"],
        url=content.get("url"),
        heading_path=tuple(content.get("heading_path", ())),
        text=content["text"],
        score=float(content["score"]),
        quotes=tuple(
            FoundQuote(quote["text"], int(quote["start"]), int(quote["end"]), float(quote["score"]))
            for quote in content.get("quotes", ())
        ),
        place=int(content.get("place", 0)),
        dense=float(content.get("dense", 0.0)),
        keywords=tuple(content.get("keywords", ())),
    )
