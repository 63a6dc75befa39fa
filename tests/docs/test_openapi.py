"""The reference is what the program says of itself, and the console is written against it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.openapi import DOCUMENT, ROOT, document

CONSOLE = ROOT / "console"


async def test_the_published_api_is_the_one_that_is_served() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == await document(), "run python -m tools.openapi"


def test_the_types_of_the_console_are_those_of_the_published_api_and_a_drift_is_told(tmp_path: Path) -> None:
    if not shutil.which("node") or not (CONSOLE / "node_modules" / "openapi-typescript").is_dir():
        pytest.skip("Not compared: the tools of the console are not here; `./dev setup --dev` brings them.")
    drifted = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    del drifted["components"]["schemas"]["InboxRow"]["properties"]["why"]
    (tmp_path / "openapi.json").write_text(json.dumps(drifted))

    fitting, drifting = _check_types(DOCUMENT), _check_types(tmp_path / "openapi.json")

    assert fitting.returncode == 0, fitting.stderr
    assert drifting.returncode == 1
    assert "run `npm run types` in console/" in drifting.stderr


def _check_types(against: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", "scripts/types.mjs", "--check", str(against)]
    return subprocess.run(command, cwd=CONSOLE, capture_output=True, text=True, check=False)
