"""Which procedure a message asks for, if any: `Matcher.find(text)`.

A small classifier (kernel ridge regression on sentence vectors) learns from what the procedures' authors wrote: their
`examples`, and as one more class the `not_examples` of all of them. It is solved in one step when the program starts,
the same each time. A procedure begins only for a message that is clearly its own; a question for information must be
much clearer, and one that begins with "how" or "when" never begins one: articles answer those.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from answerable.agents.phrases import Language, language, language_of, plain
from answerable.agents.sentences import sentences
from answerable.domain.procedures import Procedure
from answerable.inference.embedders import Embedder

# Chosen on the examples of the demo company's procedures alone, each left out in turn (`answerable bench procedures
# --choose`); what is held out there was never used for it. Neighbours were worse (one, two or three of the nearest: 16
# to 19 of 100 began a wrong procedure, against 4), and words beside the vectors added nothing.
STIFFNESS = 0.8
OFFSET = 0.1
CLEAR_ENOUGH = 0.275
CLEARER_BY = -0.2
CLEARER_BY_OF_QUESTION = 0.3
CLEAR_BESIDE_AN_ARTICLE = 0.35
"""Where an article surely answers, too, it must be this clear, and clearer than what only sounds alike: then one
example in a hundred is taken for another procedure."""
WORDS_OF_A_WISH = 5
"""In fewer words a message is mostly something looked for ("card reader price"), and must be as clear."""
NONE = "-"
"""The class of what only sounds alike."""
READ_LETTERS_MAX = 600
SENTENCES_MAX = 6

# With one of these a question is for information, however near it is to an example.
_ASKS_HOW = re.compile(
    r"(?:and |but |so |also |until |since |from |for |in |on |at |to |by |und |aber |ab |bis |seit "
    r"|y |pero |a |de |desde |et |mais )?"
    r"(?:how|what|what's|when|where|why|which|who|whose|wie|was|wann|wo|wohin|warum|wieso|weshalb|welche[rsn]?|wer"
    r"|cómo|como|qué|cuándo|cuánto|cuánta|dónde|por qué|cuál|quién|comment|quand|où|pourquoi|combien|quel|quelle|qui"
    r"|come|quando|dove|perché|quanto|quale|quem|onde|qual|hoe|wanneer|waar|waarom|wat|welke|hoeveel)\b"
)
# What asks for something to be done, though it has the form of a question.
_REQUESTS = re.compile(
    r"\b(?:please|can you|could you|would you|will you|can i (?:get|have)|could i (?:get|have)|i want|i need|i'd like"
    r"|bitte|können sie|könnten sie|kannst du|ich möchte|ich will|podría|puede|puedes|quiero|por favor"
    r"|pouvez-vous|pourriez-vous|je veux|je voudrais|s'il vous plaît|vorrei|può|potete|kunt u|ik wil|pode|quero)\b"
)


Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Match:
    """The procedure that a message speaks of most, and how clearly."""

    procedure: str
    clearness: float
    """About 1 for its own examples, about 0 for what has nothing to do with it."""
    clearness_of_none: float
    """The same of what only sounds alike."""
    is_wanted: bool
    """Whether that is clear enough to begin it."""
    is_sure: bool
    """Whether it is clear enough though an article answers, too."""


class Matcher:
    """Tells messages apart by the examples of procedures. Made once for each set of procedures."""

    def __init__(self, procedures: Mapping[str, Procedure], embedder: Embedder) -> None:
        """It embeds every example, which takes some milliseconds for each."""
        self._embedder = embedder
        self.labelled = [
            *((text, each.id) for each in procedures.values() for text in each.examples),
            *((text, NONE) for each in procedures.values() for text in each.not_examples),
        ]
        """Every example, with its procedure."""
        self.names = [*procedures, NONE]
        if not procedures:
            return
        # As questions, which is what they are: embedders that tell questions from passages compare like with like.
        self._vectors = np.stack([embedder.embed_query(text) for text, _ in self.labelled])
        self._wanted = np.array([[float(label == name) for name in self.names] for _, label in self.labelled])
        self._inverse = np.linalg.inv(self._kernel(self._vectors) + STIFFNESS * np.eye(len(self.labelled)))
        self._weights = self._inverse @ self._wanted

    def find(self, text: str) -> Match | None:
        """The procedure that a message speaks of most; None if there are no procedures."""
        if not self.labelled or not text.strip():
            return None
        found = [
            decide(each, self.names, self._kernel(self._embedder.embed_query(each)) @ self._weights)
            for each in _parts(text)
        ]
        wanted = [each for each in found if each.is_wanted]
        return max(wanted or found, key=lambda each: each.clearness)

    def left_out(self) -> Scores:
        """For each example what it would be taken for if it had not been one, by which thresholds are chosen."""
        return np.asarray(self._wanted - self._weights / np.diag(self._inverse)[:, None])

    def _kernel(self, vectors: npt.NDArray[np.float32]) -> Scores:
        cosines = np.asarray(vectors @ self._vectors.T, dtype=np.float64)
        return np.asarray(self._embedder.scale.to_reference(cosines) + OFFSET)


def decide(text: str, names: Sequence[str], scores: Scores) -> Match:
    """Whether scores are clear enough; the last of them is that of what only sounds alike."""
    place = int(np.argmax(scores[:-1]))
    best, none = float(scores[place]), float(scores[-1])
    by = CLEARER_BY_OF_QUESTION if asks_for_information(text) else CLEARER_BY
    clear = CLEAR_ENOUGH if len(text.split()) >= WORDS_OF_A_WISH else CLEAR_BESIDE_AN_ARTICLE
    is_wanted = best >= clear and best - none >= by and not asks_how(text)
    is_sure = is_wanted and best >= max(CLEAR_BESIDE_AN_ARTICLE, none)
    return Match(names[place], round(best, 4), round(none, 4), is_wanted, is_sure)


def asks_how(text: str) -> bool:
    """Whether it begins like a question that only words can answer: how, what, when, where, why."""
    return _ASKS_HOW.match(plain(text)) is not None


def asks_for_information(text: str, spoken: Language | None = None) -> bool:
    """Whether it asks how something is, and not for something to be done."""
    known = spoken or language(language_of(text))
    said = plain(text)
    if _REQUESTS.search(said):
        return False
    asks = text.rstrip(" \"'”»)").endswith(("?", "？", "؟"))
    return asks or (said.split(" ")[0] if said else "") in known.asks


def _parts(text: str) -> Sequence[str]:
    """The message as a whole, and its sentences where it has several: a wish may stand behind a long story."""
    whole = " ".join(text.split())
    told = [each.strip() for each in sentences(whole) if len(each.split()) > 2]
    if len(told) < 2:
        return [whole[:READ_LETTERS_MAX]]
    begins = [whole] if len(whole) <= READ_LETTERS_MAX else []
    return [*begins, *(each[:READ_LETTERS_MAX] for each in (*told[: SENTENCES_MAX // 2], *told[-SENTENCES_MAX // 2 :]))]
