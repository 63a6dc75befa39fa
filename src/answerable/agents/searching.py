"""The tool `search_knowledge`: what the agent finds in one turn, numbered so that it can be cited."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from answerable.agents.found import Found as FoundByTool
from answerable.agents.found import FoundHit, FoundQuote
from answerable.agents.phrases import content_words, plain
from answerable.agents.turns import WORDS_ALONE_MIN
from answerable.domain.conversations import Citation
from answerable.knowledge.library import Found, FoundPassages
from answerable.knowledge.quotes import choose_quotes
from answerable.traces import Steps

HITS_MAX = 5
QUOTED_HITS_MAX = 3
QUERY_CHARACTERS_MAX = 2_000
HISTORY_MESSAGES_MAX = 6


class Searches(Protocol):
    """Finds passages as a release has them."""

    async def search(self, query: str, *, release: int, limit: int, history: tuple[str, ...]) -> FoundPassages:
        """The best passages for a question."""
        ...


@dataclass(slots=True)
class Searching:
    """The searches of one run. The same passage keeps its number however often it is found."""

    library: Searches
    ledger: Steps
    release: int
    history: tuple[str, ...]
    """What both sides said before, oldest first; it helps only a question that is too short to stand alone."""
    threshold: float
    """Below this confidence nothing may be answered."""
    hits: dict[str, FoundHit]
    """By passage id, over all searches so far."""
    chosen_title: str | None = None
    """The article that the customer chose, where several were offered: what they say is sure."""
    confidence: float | None = None
    """The best of all searches so far."""

    @property
    def is_unsure(self) -> bool:
        """Whether it was searched, and nothing that was found may be answered from."""
        return self.confidence is not None and self.confidence < self.threshold

    async def search(self, query: str) -> FoundByTool:
        """Searches as the run's release has it; the ledger gives what it recorded before instead.

        What was said before helps only a question that is too short to stand alone and is not found alone: a customer
        who changes the subject must not get the article of the question before.
        """
        words = query[:QUERY_CHARACTERS_MAX]
        result = await self._search(words, ())
        if not result.is_sure and self.history and len(content_words(words)) < WORDS_ALONE_MIN:
            result = await self._search(words, self.history)
        if self.chosen_title is not None:
            result = self._of_chosen(result, self.chosen_title)
        self.confidence = max(self.confidence or 0.0, result.confidence)
        return result

    def _of_chosen(self, result: FoundByTool, title: str) -> FoundByTool:
        """The hits of the chosen article first, and sure enough to be answered from."""
        chosen = tuple(hit for hit in result.hits if plain(hit.title) == plain(title))
        if not chosen:
            return result
        others = tuple(hit for hit in result.hits if hit not in chosen)
        return replace(result, hits=chosen + others, confidence=max(result.confidence, self.threshold))

    async def _search(self, words: str, history: tuple[str, ...]) -> FoundByTool:
        asked = {"query": words, "release": self.release, "history": list(history)}
        with self.ledger.step("retrieval", "Retrieve", asked) as step:
            if not step.recorded:
                found = await self.library.search(words, release=self.release, limit=HITS_MAX, history=history)
                step.output = _recordable(words, found)
                step.summary = _summary(found)
            content: dict[str, Any] = step.output
        return FoundByTool(
            confidence=content["confidence"],
            threshold=self.threshold,
            hits=tuple(self._numbered(each) for each in content["hits"]),
        )

    def add_outcome(self, call_id: str, text: str, *, changed_something: bool) -> int:
        """Lets the reply rest on what came of an action; gives the number under which it does."""
        known = self.hits.get(call_id)
        hit = FoundHit(
            number=known.number if known else len(self.hits) + 1,
            passage_id=call_id,
            article_id="",
            revision_id="",
            title="",
            url=None,
            heading_path=(),
            text=text,
            score=1.0,
            is_outcome=True,
            is_receipt=changed_something,
        )
        self.hits[call_id] = hit
        return hit.number

    def citation(self, number: int, quote: str | None) -> Citation | None:
        """The source with that number."""
        hit = next((each for each in self.hits.values() if each.number == number), None)
        if hit is None or hit.is_outcome:
            # The customer sees articles as sources; an action is in the record.
            return None
        return Citation(
            number=number,
            passage_id=hit.passage_id,
            article_id=hit.article_id,
            revision_id=hit.revision_id,
            title=hit.title,
            url=hit.url,
            quote=quote or hit.text,
        )

    def _numbered(self, content: dict[str, Any]) -> FoundHit:
        known = self.hits.get(content["passage_id"])
        hit = FoundHit(
            number=known.number if known else len(self.hits) + 1,
            passage_id=content["passage_id"],
            article_id=content["article_id"],
            revision_id=content["revision_id"],
            title=content["title"],
            url=content["url"],
            heading_path=tuple(content["heading_path"]),
            text=content["text"],
            score=content["score"],
            quotes=tuple(FoundQuote(**quote) for quote in content["quotes"]),
            place=content.get("place", 0),
            dense=content.get("dense", 0.0),
            keywords=tuple(content.get("keywords", ())),
        )
        self.hits[hit.passage_id] = hit
        return hit


def _recordable(query: str, found: FoundPassages) -> dict[str, Any]:
    """What a search found, as the trace shows it and a replay reads it."""
    return {
        "confidence": round(found.confidence, 6),
        "hits": [_recordable_hit(query, hit, found, place) for place, hit in enumerate(found.hits)],
    }


def _recordable_hit(query: str, hit: Found, found: FoundPassages, place: int) -> dict[str, Any]:
    above = (hit.title, *hit.heading_path)
    quotes = choose_quotes(query, hit.text, rarities=found.rarities, above=above) if place < QUOTED_HITS_MAX else ()
    return {
        "passage_id": hit.passage_id,
        "article_id": hit.article_id,
        "revision_id": hit.revision_id,
        "revision": hit.revision,
        "title": hit.title,
        "heading_path": list(hit.heading_path),
        "url": hit.url,
        "text": hit.text,
        "place": hit.place,
        "keywords": list(hit.keywords),
        "score": round(hit.score, 6),
        "lexical": round(hit.lexical, 6),
        "dense": round(hit.dense, 6),
        # The order says how good they are; the chooser has left out what is not worth quoting.
        "quotes": [{"text": each.text, "start": each.start, "end": each.end, "score": 1.0} for each in quotes],
    }


def _summary(found: FoundPassages) -> str:
    if not found.hits:
        return "nothing found"
    return f"{len(found.hits)} passages, best in {found.hits[0].title}"
