"""The reference is what the program says of itself."""

from tools.openapi import DOCUMENT, document


async def test_the_published_api_is_the_one_that_is_served() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == await document(), "run python -m tools.openapi"
