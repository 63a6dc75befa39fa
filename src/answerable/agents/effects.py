"""Whether a sentence says that something was done for the customer: that needs a receipt, whatever an article says."""

from answerable.agents.phrases import undisguised
from answerable.knowledge.effects import effect_in

# Whoever says that something was done says it in so many letters; more is not read.
READ_LETTERS_MAX = 1_000


def claims_effect(sentence: str) -> bool:
    """Whether the sentence claims an effect, in any of our languages: also in another than the customer's."""
    return effect_in(undisguised(sentence[:READ_LETTERS_MAX]), written_by="model") is not None
