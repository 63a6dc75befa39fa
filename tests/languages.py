"""The model that tells languages, kept while there are tests: an import that finds nobody with it loads it anew."""

from functools import cache

from answerable.knowledge.importers.languages import LanguageTeller


@cache
def kept_teller() -> LanguageTeller:
    """Imports share the model of this one. Loading it takes longer than all else that opens a company."""
    teller = LanguageTeller()
    teller.language_of("", "")
    return teller
