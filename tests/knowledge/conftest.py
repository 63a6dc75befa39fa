"""Property tests of this room take as long as the machine lets them: a slow one is no failure."""

from hypothesis import settings

settings.register_profile("knowledge", deadline=None, max_examples=60)
settings.load_profile("knowledge")
