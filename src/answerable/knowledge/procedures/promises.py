"""Tells a sentence that states an effect, such as that something was refunded: `states_effect(text)`.

It hears what a reply may not say without a receipt either, and beyond that it errs on the side of finding an effect:
whoever writes such a sentence is asked to name the receipt in it.
"""

from answerable.knowledge.effects import effect_in


def states_effect(text: str) -> str | None:
    """The first clause of a text that states an effect, or None."""
    return effect_in(text, written_by="person")
