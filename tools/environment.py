"""Makes `.venv` from the hashed locks, once, and again only where a lock, the package or the screens changed."""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import hatch_build
from tools.trouble import (
    DISK_FULL,
    FRONT_END_FAILED,
    OTHER,
    REGISTRY_UNREACHABLE,
    VENV_MISSING,
    WHEEL_MISSING,
    Trouble,
    explain,
)

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "answerable.json"
LOCKS = ROOT / "requirements"
# Options of pytest. Half of the time a test waits for a browser or another program, so there is one worker more than
# there are cores. Each has a PostgreSQL, a browser and an embedding model of its own, about 1 GB: at most six.
EVERY_CORE = ("-n", str(min((os.cpu_count() or 1) + 1, 6)), "--dist", "worksteal")

Level = Literal["runtime", "dev"]


@dataclass(frozen=True)
class Installed:
    """What `.venv` holds; kept in it as JSON."""

    root: str
    """A virtual environment breaks when it is moved, so it remembers where it was made."""
    level: Level | None = None
    lock: str = ""
    package: str = ""


def prepare(level: Level, *, keep_node_modules: bool = False) -> None:
    """Bring `.venv` and the built screens up to date; costs a few milliseconds where they are."""
    with _one_at_a_time():
        installed = _installed()
        if installed is None:
            _create_venv()
            installed = Installed(root=str(ROOT))
        installed = _install_lock(installed, level)
        _install_package(installed, keep_node_modules=keep_node_modules)


def uv() -> Path:
    """The uv in `.venv`, brought there if need be."""
    with _one_at_a_time():
        if _installed() is None and not (BIN / "uv").exists():
            _create_venv()
    if not (BIN / "uv").exists():
        raise Trouble(
            "Locks are made by uv, and there is no uv for this system: make them on another one.", WHEEL_MISSING
        )
    return BIN / "uv"


def run(*command: str | Path, doing: str, environ: dict[str, str] | None = None) -> str:
    """Run a step and give what it printed, or say in one sentence why it failed."""
    finished = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        raise explain(finished.stdout, doing=doing, folder=ROOT)
    return finished.stdout


def say(sentence: str) -> None:
    """Tell the person what is going on; standard output stays for programs."""
    print(sentence, file=sys.stderr, flush=True)


@contextmanager
def step(sentence: str) -> Iterator[None]:
    """Announce a step that takes a while, and how long it took."""
    print(f"  {sentence} … ", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - started:.1f} s")


@contextmanager
def tools_for_building(*locks: str, cached: bool = True) -> Iterator[Path]:
    """A folder with the packages of these locks, gone again afterwards: what only builds need, nobody carries."""
    with tempfile.TemporaryDirectory(prefix="answerable-build-") as folder:
        for lock in locks:
            options = ["--target", folder, *([] if cached else ["--no-cache"])]
            _install(LOCKS / lock, *options, doing="fetching the build tools")
        yield Path(folder)


def digest(*paths: Path) -> str:
    """One hash over the content of these files."""
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (ROOT / "dev").open("rb") as door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./dev is installing here; waiting for it to finish.")
            fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _installed() -> Installed | None:
    try:
        installed = Installed(**json.loads(STAMP.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    # The interpreter behind the link disappears when the system's Python is upgraded.
    return installed if installed.root == str(ROOT) and (BIN / "python").exists() else None


def _create_venv() -> None:
    with step("Making an environment in .venv"):
        if VENV.exists():
            shutil.rmtree(VENV)
        if importlib.util.find_spec("venv") is None:
            raise _venv_missing()
        run(sys.executable, "-m", "venv", "--without-pip", VENV, doing="making .venv")
        _bootstrap_uv()


def _venv_missing() -> Trouble:
    return Trouble(
        "This Python has neither pip nor the venv module's ensurepip, so no environment can be made. "
        "Install them (Debian and Ubuntu: `apt install python3-venv`) and run the same command again.",
        VENV_MISSING,
    )


def _bootstrap_uv() -> None:
    try:
        run(*_pip(), *_PIP_INSTALL, "-r", LOCKS / "installer.lock", doing="fetching the installer")
    except Trouble as trouble:
        if trouble.exit_code != WHEEL_MISSING:
            raise
        say("(there is no uv for this system: pip installs, a little slower) ")


_PIP_INSTALL = (
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--retries=1",
    "--require-hashes",
    "--only-binary=:all:",
)


@cache
def _pip() -> list[str]:
    """A pip that installs into `.venv`: the system's own where it can, else the one that Python carries."""
    if (BIN / "pip").exists():
        return [str(BIN / "python"), "-m", "pip"]
    outside = [sys.executable, "-m", "pip", "--python", str(BIN / "python")]
    if subprocess.run([*outside, "--version"], capture_output=True, check=False).returncode == 0:
        return outside
    ensured = subprocess.run([str(BIN / "python"), "-m", "ensurepip"], capture_output=True, text=True, check=False)
    if ensured.returncode == 0:
        return [str(BIN / "python"), "-m", "pip"]
    shutil.rmtree(VENV)
    if "No module named ensurepip" in ensured.stderr:
        raise _venv_missing()
    raise explain(ensured.stderr, doing="making .venv", folder=ROOT)


def _install_lock(installed: Installed, level: Level) -> Installed:
    wanted: Level = "dev" if "dev" in (level, installed.level) else "runtime"
    lock = LOCKS / f"{wanted}.lock"
    if (installed.level, installed.lock) == (wanted, digest(lock)):
        return installed
    try:
        with step(f"Installing the packages of {lock.relative_to(ROOT)}"):
            _install(lock, doing="installing the packages")
    except Trouble as trouble:
        enough_is_there = installed.level in (level, "dev")
        if trouble.exit_code != REGISTRY_UNREACHABLE or not enough_is_there:
            raise
        say("No package registry could be reached: going on with the packages of the last installation.")
        return installed
    # mypy remembers that a package was missing, even once it is there.
    shutil.rmtree(ROOT / ".mypy_cache", ignore_errors=True)
    return _keep(replace(installed, level=wanted, lock=digest(lock)))


def _install(lock: Path, *options: str, doing: str) -> None:
    """Install a lock by uv; where uv cannot, by pip, which knows the system's own registry settings."""
    uv = BIN / "uv"
    if not uv.exists():
        run(*_pip(), *_PIP_INSTALL, *options, "-r", lock, doing=doing)
        return
    try:
        run(
            uv, "pip", "install", "--quiet", "--python", BIN / "python", "--require-hashes", "--only-binary", ":all:",
            *options, "-r", lock, doing=doing,
        )  # fmt: skip
    except Trouble as trouble:
        if trouble.exit_code != REGISTRY_UNREACHABLE:
            raise
        run(*_pip(), *_PIP_INSTALL, *options, "-r", lock, doing=doing)


def _install_package(installed: Installed, *, keep_node_modules: bool) -> None:
    package = digest(ROOT / "pyproject.toml")
    stale = hatch_build.stale_front_ends(ROOT)
    if stale:
        _build_front_ends(stale, keep_node_modules=keep_node_modules)
    if installed.package == package:
        return
    try:
        with step("Installing answerable itself"), tools_for_building("build.lock") as folder:
            _install_editable(folder)
    except Trouble as trouble:
        if trouble.exit_code != REGISTRY_UNREACHABLE or not installed.package:
            raise
        say("No package registry could be reached: going on with answerable as it was last installed.")
    else:
        _keep(replace(installed, package=package))


def _install_editable(build_tools: Path) -> None:
    uv = BIN / "uv"
    installer = [uv, "pip", "install", "--python", BIN / "python"] if uv.exists() else [*_pip(), "install"]
    run(
        *installer, "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT,
        doing="installing answerable itself", environ={"PYTHONPATH": str(build_tools)},
    )  # fmt: skip


def _build_front_ends(stale: list[hatch_build.FrontEnd], *, keep_node_modules: bool) -> None:
    locks = [] if hatch_build.node_on_path() else ["node.lock"]
    try:
        # An unpacked node is 200 MB: only developers have a use for it again.
        with tools_for_building(*locks, cached=keep_node_modules) as folder:
            environ = hatch_build.npm_environment(folder)
            for front_end in stale:
                with step(f"Building the {front_end.name}"):
                    hatch_build.build(ROOT, front_end, environ, keep_node_modules=keep_node_modules)
    except (Trouble, hatch_build.BuildFailed) as failure:
        trouble = failure if isinstance(failure, Trouble) else _front_end_trouble(failure)
        unbuilt = [front_end.name for front_end in stale if not front_end.is_built(ROOT)]
        if trouble.exit_code != REGISTRY_UNREACHABLE or unbuilt:
            raise trouble from failure
        say(f"WARNING: {trouble.sentence}\nWARNING: going on with OLDER screens than the sources here.")


def _front_end_trouble(failure: hatch_build.BuildFailed) -> Trouble:
    trouble = explain(str(failure), doing="building the screens", folder=ROOT)
    # A compiler may speak of certificates or time-outs: only while packages are fetched does that mean the network.
    if trouble.exit_code == DISK_FULL or (failure.while_fetching and trouble.exit_code != OTHER):
        return trouble
    return Trouble("The console or the widget could not be built; npm says why.", FRONT_END_FAILED, str(failure))


def _keep(installed: Installed) -> Installed:
    STAMP.write_text(json.dumps(asdict(installed)))
    return installed
