"""Whether a sentence may stand as the translation of a quoted one: `differs(quoted, told)` says what speaks against it.

Words cannot be compared across languages without a model. What must not change in a translation can: numbers, amounts,
months, links, codes, names that are set apart, and whether it is denied. What the words between them say is for the
reader to judge, who has the quotation above it; that is why a translation alone never passes.
"""

import re
import unicodedata
from collections import Counter

from answerable.agents.phrases import languages
from answerable.agents.statements import Statement, flat

# So much longer or shorter may a translation be, in words: German joins what English writes apart.
LENGTH_RATIO_MAX = 2.5

_SET_APART = re.compile(r"\*\*([^*\n]+)\*\*|`([^`\n]+)`")


def differs(  # noqa: PLR0911  (one rule a line, the first that fits)
    quoted: Statement, told: Statement
) -> str | None:
    """What a translation has that the quotation does not, or the other way round; none if it may stand."""
    if quoted.language == told.language:
        return "It is in the language of the quotation."
    if _numbers(quoted) != _numbers(told):
        return "It does not have the numbers of the quotation."
    if _months(quoted) != _months(told):
        return "It does not have the months of the quotation."
    if foreign := [name for name in (*_set_apart(told), *told.literals) if name not in flat(quoted.written)]:
        return f"The quotation does not have {foreign[0]!r}."
    if bool(quoted.negated) != bool(told.negated):
        return "One of the two is negated and the other is not."
    longer, shorter = sorted((len(quoted.tokens), len(told.tokens)), reverse=True)
    if longer > LENGTH_RATIO_MAX * max(shorter, 1):
        return "It is much longer or shorter than the quotation."
    return None


def _numbers(statement: Statement) -> Counter[str]:
    return Counter(token.key for token in statement.tokens if token.kind != "word")


def _months(statement: Statement) -> Counter[int]:
    months = languages()[statement.language].months
    return Counter(months.index(shown) for shown in statement.month_names if shown in months)


def _set_apart(statement: Statement) -> list[str]:
    """Names of buttons and pages, which are set in bold or as code."""
    text = unicodedata.normalize("NFKC", statement.written)
    return [flat(bold or code) for bold, code in _SET_APART.findall(text)]
