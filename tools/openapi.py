"""Write docs/reference/openapi.json: what the two doors take and give, for people and for other programs."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"


async def document() -> str:
    """The OpenAPI document of the program as it stands."""
    from answerable.cli.opening import opened, settings_for
    from answerable.wiring import web_app

    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for({"data": Path(folder)})
        async with opened(settings) as house:
            schema = web_app(house, None).openapi_schema.to_schema()
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Writes the document; with `--check` only says whether it is up to date."""
    wanted = asyncio.run(document())
    if "--check" in sys.argv:
        if DOCUMENT.is_file() and DOCUMENT.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{DOCUMENT.relative_to(ROOT)} is out of date; run python -m tools.openapi.", file=sys.stderr)
        return 1
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
