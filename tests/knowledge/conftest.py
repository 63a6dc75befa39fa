"""Property tests of this room take as long as the machine lets them: a slow one is no failure."""

import pytest
from hypothesis import settings

from answerable.knowledge.importers.languages import LanguageTeller
from tests.languages import kept_teller

settings.register_profile("knowledge", deadline=None, max_examples=60)
settings.load_profile("knowledge")


@pytest.fixture(scope="session")
def language_teller() -> LanguageTeller:
    """Imports share the model of this one, so that it is loaded once for all tests."""
    return kept_teller()
