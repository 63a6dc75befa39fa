"""Writes the JSON Schema of a procedure's head, by which editors complete it: `python -m tools.procedure_schema`."""

import json
from pathlib import Path

from answerable.knowledge.procedures.heads import schema

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "reference" / "procedure.schema.json"


def main() -> None:
    """Writes it where the docs and the demo's procedures look for it."""
    SCHEMA.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
