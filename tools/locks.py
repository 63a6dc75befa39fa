"""Renews the hashed locks, and tells whether they still fit `pyproject.toml`."""

import hashlib
import json
import tomllib
from dataclasses import dataclass

from tools.environment import LOCKS, ROOT, run, step, uv


@dataclass(frozen=True)
class Lock:
    """One file in `requirements/`: which part of pyproject.toml it pins."""

    name: str
    groups: tuple[str, ...]
    with_dependencies: bool = False
    constrained_by: str | None = None


ALL = (
    Lock("runtime.lock", (), with_dependencies=True),
    Lock("dev.lock", ("dev",), with_dependencies=True, constrained_by="runtime.lock"),
    Lock("build.lock", ("build",)),
    Lock("node.lock", ("node",)),
    Lock("installer.lock", ("installer",)),
)


def renew(*, upgrade: bool) -> None:
    """Write every lock anew; versions stay where they still fit, unless an upgrade is asked for."""
    for lock in ALL:
        with step(f"Locking requirements/{lock.name}"):
            _renew(lock, upgrade=upgrade)


def stale() -> list[str]:
    """The locks that were made from other requirements than pyproject.toml names now."""
    return [lock.name for lock in ALL if _header(lock) not in _text(lock)]


def _renew(lock: Lock, *, upgrade: bool) -> None:
    path = LOCKS / lock.name
    options = ["--upgrade"] if upgrade else []
    if lock.constrained_by:
        options += ["--constraint", f"requirements/{lock.constrained_by}"]
    for group in lock.groups:
        options += ["--group", f"pyproject.toml:{group}"]
    run(
        uv(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
        "--no-header", "--no-annotate", *options, "--output-file", path,
        *(["pyproject.toml"] if lock.with_dependencies else []),
        doing=f"locking {lock.name}",
    )  # fmt: skip
    path.write_text(f"{_header(lock)}\n{path.read_text()}")


def _header(lock: Lock) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        project["project"]["requires-python"],
        project["project"]["dependencies"] if lock.with_dependencies else [],
        [project["dependency-groups"][group] for group in lock.groups],
    ]
    fingerprint = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]
    return f"# Made by `./dev lock` from pyproject.toml (requirements {fingerprint}). Do not edit."


def _text(lock: Lock) -> str:
    path = LOCKS / lock.name
    return path.read_text() if path.exists() else ""
