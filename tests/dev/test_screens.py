"""The console and the widget are built when their sources changed, and never without need."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build
from tests.dev.registry import ROOT, Checkout
from tools.trouble import FRONT_END_FAILED, REGISTRY_UNREACHABLE

BUILD = "node -e \"const fs = require('fs'); fs.mkdirSync('dist'); fs.copyFileSync('main.js', 'dist/main.js')\""


@pytest.fixture
def console(installed: Checkout) -> Iterator[Path]:
    """The sources of a small console in an installed checkout."""
    if not hatch_build.node_on_path():
        pytest.skip("Not tested: there is no node on this machine, and bringing one takes a network.")
    console = installed.root / "console"
    console.mkdir()
    (console / "package.json").write_text(json.dumps({"name": "console", "scripts": {"build": BUILD}}))
    (console / "main.js").write_text("first")
    yield console
    shutil.rmtree(console)
    shutil.rmtree(_built(installed).parent, ignore_errors=True)


def _built(checkout: Checkout) -> Path:
    return checkout.root / "src" / "answerable" / "web" / "assets" / "console" / "main.js"


def _without_npm_registry() -> dict[str, str]:
    return {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}


def test_screens_are_built_once_and_again_when_they_changed(installed: Checkout, console: Path) -> None:
    first, unchanged = installed.dev("start"), installed.dev("start")
    (console / "main.js").write_text("second")
    changed = installed.dev("start")

    assert ["Building the console" in each.said for each in (first, unchanged, changed)] == [True, False, True]
    assert _built(installed).read_text() == "second"
    assert not (console / "node_modules").exists(), "only developers keep it"


def test_without_the_npm_registry_older_screens_are_used_and_it_is_said(installed: Checkout, console: Path) -> None:
    installed.dev("start")
    _depend_on_something(console)

    ended = installed.dev("start", **_without_npm_registry())

    assert (ended.exit_code, ended.printed) == (0, "ran start\n"), ended.said
    assert "going on with OLDER screens" in ended.said
    assert _built(installed).read_text() == "first"


def test_without_the_npm_registry_and_older_screens_it_cannot_start(installed: Checkout, console: Path) -> None:
    _depend_on_something(console)

    ended = installed.dev("start", **_without_npm_registry())

    assert ended.exit_code == REGISTRY_UNREACHABLE, ended.said
    assert "npm's `registry`" in ended.said


def test_a_mistake_in_the_sources_is_shown_and_not_covered_up_by_older_screens(
    installed: Checkout, console: Path
) -> None:
    installed.dev("start")
    (console / "main.js").unlink()

    ended = installed.dev("start")

    assert ended.exit_code == FRONT_END_FAILED, ended.said
    assert "no such file or directory" in ended.said


def test_a_wheel_carries_both_packages_with_their_files(tmp_path: Path) -> None:
    if any(front_end.is_here(ROOT) and not front_end.is_built(ROOT) for front_end in hatch_build.FRONT_ENDS):
        pytest.skip("Not tested: the screens have not been built here; `./dev setup` does.")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr

    carried = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())

    kept = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {name.removeprefix("src/") for name in kept.stdout.splitlines()} <= carried
    for front_end in hatch_build.FRONT_ENDS:
        if front_end.is_here(ROOT):
            assert any(name.startswith(f"answerable/web/assets/{front_end.name}/") for name in carried)


def _depend_on_something(console: Path) -> None:
    package = json.loads((console / "package.json").read_text())
    (console / "package.json").write_text(json.dumps(package | {"dependencies": {"something": "1.0.0"}}))
