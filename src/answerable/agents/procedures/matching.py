"""Which procedure a message asks for, if any: `Matcher.find(text)`.

A small classifier (kernel ridge regression on sentence vectors) learns from what the procedures' authors wrote: their
`examples`, and as one more class the `not_examples` of all of them. It is solved in one step when a handbook is made,
the same each time. A request with a verb that is one procedure's own, by its examples, is nearer to that one. A
procedure begins only for a message that is clearly its own; a question for information must be much clearer, and one
that begins with "how" or "when" never begins one: articles answer those.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from answerable.agents.phrases import Language, language, language_of, plain
from answerable.agents.sentences import sentences
from answerable.agents.turns import without_courtesy
from answerable.domain.procedures import Procedure
from answerable.inference.embedders import Embedder
from answerable.inference.embedders.remembered import RememberedQueries

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
"""In fewer words a message that asks for nothing is mostly something looked for ("card reader price"), and must be as
clear."""
OWN_VERB = 0.1
OTHERS_LESS = 0.2
"""A request with the verb of a procedure's own requests is so much clearer, and so much further from what only sounds
alike, most of which are questions about the same. Chosen on the same examples, each left out: 26 of 95 are then sure
against 23, and no more are taken for another procedure."""
OWN_VERB_TIMES = 2
OWN_VERB_SHARE = 2 / 3
"""So often, and in this share of all requests with it, a verb stands in a procedure's examples to be its own."""
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
# The verb of a request: "refund my renewal", "could you refund …", "… refund it please".
_OWN = re.compile(
    r"^(\w+) (?:me|us|my|our|mein\w*|unser\w*|mi|mis|nuestr\w*|mon|ma|mes|notre|nos|mio|mia|miei|meu|minha|mijn|onze)\b"
)
_ASKED = re.compile(
    r"\b(?:please|can you|could you|would you|will you|(?:i|we)(?:'d| would)? (?:want|like|need|wish) (?:you )?to"
    r"|bitte|können sie|könnten sie|quiero|quisiera|je veux|je voudrais|vorrei|ik wil|quero)"
    r"\s+(?:please |bitte |mir |uns |me |nous )*(\w+)"
)
# "Please do not …", as an order: whoever says so wants the opposite of what the rest sounds like.
_FORBIDS = re.compile(
    r"(?:^|\bplease )(?:(?:and|but|so|no|hey|hello|hi) )*(?:do not|don't|dont|never|no longer|stop(?= \w+ing\b))"
    r"(?! (?:forget|hesitate|worry|have|know|see|find|get|understand|remember|want|need|like)\b)"
    r"|\bbitte(?: (?!ich\b|wir\b|es\b)\w+){1,8} nicht\b(?! (?:mehr|vergessen|zögern))"
    r"|\bpor favor n[oã]o?\b|\bne (?:\w+ )?\w+ez (?:pas|plus)\b|\bper favore non\b|\balstublieft niet\b"
)
# With one of these what has the form of a request may be the opposite of one, or thanks.
_DENIES = re.compile(
    r"\b(?:not|\w+n't|dont|never|without|stop|thanks for|thank you for"
    r"|nicht|kein|keine|keinen|nie|niemals|ohne|danke für|no|nunca|sin|gracias por"
    r"|ne|pas|jamais|sans|merci (?:de|pour)|non|mai|senza|grazie (?:per|di)"
    r"|niet|geen|nooit|zonder|não|sem|obrigad[oa] (?:por|pela|pelo))\b"
)
# "If I asked you to …, would you?" asks for nothing yet.
_WONDERS = re.compile(
    r"^(?:if|wenn|falls|si|se|als|suppose|supposing|angenommen)\b"
    r"(?! (?:possible|you can|you could|möglich|es geht|es posible|posible|c'est possible|possibile|mogelijk))"
)
_CLAUSE_END = re.compile(r"[,.;:!?…\n]+|\s(?:and|so|und|also|y|et|e|en)\s")
# What names one thing among many, such as INV-2025-0317 or ch_9f2: it says nothing of what is wanted.
_REFERENCE = re.compile(r"\s*\b(?:[A-Za-z]+[-_#]?)+\d[\w-]*\b")
_PLEASE = re.compile(r"(\w+)(?: it| them| this| me| us)? please$")


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
    part: str = ""
    """The words of the message that tell it."""


class Matcher:
    """Tells messages apart by the examples of procedures. Made once for each set of procedures."""

    def __init__(
        self, procedures: Mapping[str, Procedure], embedder: Embedder, *, remembered: RememberedQueries | None = None
    ) -> None:
        """It embeds every example that is not remembered, which takes some milliseconds for each."""
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
        known = remembered or RememberedQueries()
        self._vectors = np.stack([known.get(text, partial(self._embedded, text)) for text, _ in self.labelled])
        self._wanted = np.array([[float(label == name) for name in self.names] for _, label in self.labelled])
        self._inverse = np.linalg.inv(self._kernel(self._vectors) + STIFFNESS * np.eye(len(self.labelled)))
        self._weights = self._inverse @ self._wanted
        self._owners = _owners(self.labelled)

    def find(self, text: str) -> Match | None:
        """The procedure that a message speaks of most; None if there are no procedures."""
        if not self.labelled or not text.strip():
            return None
        found = [decide(each, self.names, self._scores(each)) for each in _parts(text)]
        wanted = [each for each in found if each.is_wanted]
        return max(wanted or found, key=lambda each: each.clearness)

    def _scores(self, text: str) -> Scores:
        scores = np.asarray(self._kernel(self._embedded(text)) @ self._weights)
        return with_verb(scores, self.names, self._owners.get(verb_of_request(text) or ""))

    def _embedded(self, text: str) -> npt.NDArray[np.float32]:
        return self._embedder.embed_query(_REFERENCE.sub("", text) or text)

    def left_out(self) -> Scores:
        """For each example what it would be taken for if it had not been one, by which thresholds are chosen."""
        scores = np.asarray(self._wanted - self._weights / np.diag(self._inverse)[:, None])
        rows = []
        for at, (text, _) in enumerate(self.labelled):
            others = _owners([*self.labelled[:at], *self.labelled[at + 1 :]])
            rows.append(with_verb(scores[at], self.names, others.get(verb_of_request(text) or "")))
        return np.stack(rows)

    def _kernel(self, vectors: npt.NDArray[np.float32]) -> Scores:
        cosines = np.asarray(vectors @ self._vectors.T, dtype=np.float64)
        return np.asarray(self._embedder.scale.to_reference(cosines) + OFFSET)


def decide(text: str, names: Sequence[str], scores: Scores) -> Match:
    """Whether scores are clear enough; the last of them is that of what only sounds alike."""
    place = int(np.argmax(scores[:-1]))
    best, none = float(scores[place]), float(scores[-1])
    by = CLEARER_BY_OF_QUESTION if asks_for_information(text) else CLEARER_BY
    is_wish = len(text.split()) >= WORDS_OF_A_WISH or is_request(text)
    clear = CLEAR_ENOUGH if is_wish else CLEAR_BESIDE_AN_ARTICLE
    is_wanted = best >= clear and best - none >= by and not asks_how(text) and not forbids(text)
    is_sure = is_wanted and best >= max(CLEAR_BESIDE_AN_ARTICLE, none)
    return Match(names[place], round(best, 4), round(none, 4), is_wanted, is_sure, text)


def with_verb(scores: Scores, names: Sequence[str], owner: str | None) -> Scores:
    """The scores of a request whose verb is a procedure's own."""
    if owner is None:
        return scores
    added = np.zeros(len(names))
    added[names.index(owner)] = OWN_VERB
    added[-1] = -OTHERS_LESS
    return np.asarray(scores + added)


def verb_of_request(text: str) -> str | None:
    """What somebody asks to be done, in one word; none where nothing is asked for in so many words."""
    said = plain(text)
    found = _OWN.match(said) or _ASKED.search(said) or _PLEASE.search(said)
    return found[1] if found and found[1] not in language(language_of(text)).stopwords else None


def is_request(text: str) -> bool:
    """Whether it asks for something to be done, by its form."""
    return _REQUESTS.search(plain(text)) is not None or verb_of_request(text) is not None


def is_clear_request(text: str) -> bool:
    """Whether it asks for something to be done, and nobody could take it for the opposite, for thanks or a thought."""
    if _WONDERS.search(plain(text)) or not is_request(text):
        return False
    clauses = _CLAUSE_END.split(text)
    return any(is_request(each) and _DENIES.search(plain(each)) is None for each in clauses)


def forbids(text: str) -> bool:
    """Whether it asks that something be left undone."""
    return _FORBIDS.search(plain(text)) is not None


def _owners(labelled: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verbs that are one procedure's own, with that procedure."""
    used: dict[str, Counter[str]] = {}
    for text, label in labelled:
        if (verb := verb_of_request(text)) is not None:
            used.setdefault(verb, Counter())[label] += 1
    owners = {}
    for verb, labels in used.items():
        label, times = labels.most_common(1)[0]
        if label != NONE and NONE not in labels and times >= OWN_VERB_TIMES:
            owners.update({verb: label} if times >= OWN_VERB_SHARE * labels.total() else {})
    return owners


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
    whole = " ".join(without_courtesy(whole, language(language_of(whole))).split()) or whole
    told = [each.strip() for each in sentences(whole) if len(each.split()) > 2]
    if len(told) < 2:
        return [whole[:READ_LETTERS_MAX]]
    begins = [whole] if len(whole) <= READ_LETTERS_MAX else []
    return [*begins, *(each[:READ_LETTERS_MAX] for each in (*told[: SENTENCES_MAX // 2], *told[-SENTENCES_MAX // 2 :]))]
