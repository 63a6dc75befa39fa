"""`./dev` installs once, does nothing twice, and says in one sentence what to do when it cannot go on."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dev.registry import ROOT, SYSTEM_PYTHON, Checkout, lock
from tools.trouble import DISK_FULL, HASH_MISMATCH, REGISTRY_UNREACHABLE, VENV_MISSING, WHEEL_MISSING, WRONG_USE

NOBODY_LISTENS = "http://127.0.0.1:9/simple"


@pytest.fixture
def changed_lock(installed: Checkout) -> Iterator[Path]:
    """The runtime lock of the installed checkout, to be changed; it is as before afterwards."""
    path = installed.root / "requirements" / "runtime.lock"
    before = path.read_text()
    yield path
    path.write_text(before)


def test_a_second_start_installs_nothing(installed: Checkout) -> None:
    again = replace(installed, index=NOBODY_LISTENS).dev("start")

    assert (again.exit_code, again.printed, again.said) == (0, "ran start\n", "")


def test_a_checkout_that_was_moved_is_installed_anew_once(installed: Checkout, tmp_path: Path) -> None:
    moved = replace(installed, root=shutil.copytree(installed.root, tmp_path / "moved", symlinks=True))
    first, second = moved.begin("setup"), moved.begin("setup")
    said = [first.communicate()[1], second.communicate()[1]]

    assert (first.returncode, second.returncode) == (0, 0), said
    assert moved.installed()["root"] == str(moved.root)
    assert sum("Installing the packages" in each for each in said) == 1
    assert sum("waiting for it to finish" in each for each in said) == 1


def test_without_a_registry_nothing_can_be_installed(fresh: Checkout) -> None:
    ended = replace(fresh, index=NOBODY_LISTENS).dev("start")

    assert ended.exit_code == REGISTRY_UNREACHABLE
    assert "No package registry could be reached" in ended.said


def test_without_a_registry_what_is_installed_still_starts(installed: Checkout, changed_lock: Path) -> None:
    changed_lock.write_text(f"newer==1.0 --hash=sha256:{'0' * 64}\n")

    ended = replace(installed, index=NOBODY_LISTENS).dev("start")

    assert (ended.exit_code, ended.printed) == (0, "ran start\n")
    assert "going on with the packages of the last installation" in ended.said


def test_a_download_that_is_not_the_locked_one_is_refused(
    installed: Checkout, changed_lock: Path, registry: tuple[Path, str]
) -> None:
    locked = lock(registry[0], "pluggy")
    changed_lock.write_text(locked[: -len("0123\n")] + "0123\n")

    ended = installed.dev("start")

    assert ended.exit_code == HASH_MISMATCH, ended.said
    assert "not the one that our lock names" in ended.said


def test_an_installer_that_is_not_the_locked_one_is_refused(fresh: Checkout) -> None:
    path = fresh.root / "requirements" / "installer.lock"
    path.write_text(f"uv==1.0 --hash=sha256:{'0' * 64}\n")

    assert fresh.dev("start").exit_code == HASH_MISMATCH
    assert not (fresh.root / ".venv" / "bin" / "uv").exists()


def test_what_would_have_to_be_compiled_is_named(
    installed: Checkout, changed_lock: Path, registry: tuple[Path, str]
) -> None:
    place = registry[0] / "simple" / "onlysource"
    place.mkdir(exist_ok=True)
    (place / "onlysource-1.0.tar.gz").write_bytes(b"")
    (place / "index.html").write_text('<a href="onlysource-1.0.tar.gz">onlysource-1.0.tar.gz</a>')
    changed_lock.write_text(f"onlysource==1.0 --hash=sha256:{'0' * 64}\n")

    ended = installed.dev("start")

    assert ended.exit_code == WHEEL_MISSING, ended.said
    assert "no ready-made wheel of onlysource" in ended.said


def test_a_system_that_uv_does_not_know_is_served_by_pip(fresh: Checkout) -> None:
    (fresh.root / "requirements" / "installer.lock").write_text(f"not-there==1.0 --hash=sha256:{'0' * 64}\n")

    ended = fresh.dev("start")

    assert (ended.exit_code, ended.printed) == (0, "ran start\n"), ended.said
    assert "pip installs" in ended.said


def test_a_full_disk_is_called_by_its_name(installed: Checkout, changed_lock: Path) -> None:
    changed_lock.write_text(changed_lock.read_text() + "# a newer lock\n")
    uv = installed.root / ".venv" / "bin" / "uv"
    away = uv.rename(uv.with_name("uv-away"))
    # A disk of a given size needs rights that tests may not have; this is what the real one prints on one.
    uv.write_text("#!/bin/sh\necho 'cause: failed to copy file: No space left on device (os error 28)'\nexit 2\n")
    uv.chmod(0o755)
    ended = installed.dev("start")
    away.rename(uv)

    assert ended.exit_code == DISK_FULL
    assert "The disk is full" in ended.said


def test_a_python_without_venv_is_told_what_to_install(fresh: Checkout, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    for module in ("pip", "ensurepip"):
        (lacking / module).mkdir(parents=True)
        (lacking / module / "__init__.py").touch()

    ended = fresh.dev("start", PYTHONPATH=str(lacking))

    assert ended.exit_code == VENV_MISSING, ended.said
    assert "apt install python3-venv" in ended.said
    assert not (fresh.root / ".venv").exists()


def test_an_old_python_is_told_so() -> None:
    pretend = f"import sys; sys.version_info = (3, 6, 9); exec(open({str(ROOT / 'dev')!r}).read())"
    ended = subprocess.run(
        [sys.executable, "-c", pretend], env={"PATH": ""}, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 10
    assert ended.stderr.startswith("Answerable needs Python 3.11 or newer, and this is Python 3.6")


def test_an_old_python_can_read_the_door() -> None:
    ast.parse((ROOT / "dev").read_text(), feature_version=(3, 6))


def test_an_unknown_command_lists_those_there_are() -> None:
    ended = subprocess.run([SYSTEM_PYTHON, ROOT / "dev", "strat"], capture_output=True, text=True, check=False)

    assert ended.returncode == WRONG_USE
    assert "./dev start" in ended.stderr
