"""Checks everything that can be checked without a person, and says at the end what took how long."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import hatch_build
from tools import locks
from tools.environment import BIN, EVERY_CORE, ROOT, tools_for_building

# Two at once: most of these are one process each, and small machines have two cores.
AT_ONCE = 2


@dataclass(frozen=True)
class Outcome:
    """What one check said."""

    name: str
    passed: bool
    seconds: float
    output: str


def check_everything(*, with_tests: bool) -> int:
    """Run every check, show what failed and a table, and give the exit code."""
    started = time.monotonic()
    outcomes = []
    with tools_for_building(*_node_lock()) as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in pool.map(lambda check: check(), _checks(folder)):
            outcomes.append(outcome)
            if not outcome.passed:
                print(f"\n── {outcome.name} ──\n{outcome.output.rstrip()}", flush=True)
    if with_tests:
        outcomes.append(_watched("tests", BIN / "pytest", *EVERY_CORE))
    _show_table(outcomes, seconds=time.monotonic() - started)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _checks(build_tools: Path) -> list[Callable[[], Outcome]]:
    return [
        partial(_program, "types", BIN / "mypy"),
        partial(_program, "format", BIN / "ruff", "format", "--check", "."),
        partial(_program, "lint", BIN / "ruff", "check", "."),
        partial(_program, "rooms", BIN / "lint-imports"),
        partial(_program, "dead code", BIN / "python", "-m", "tools.dead_code"),
        partial(_program, "docs", BIN / "pytest", "tests/docs"),
        partial(_python, "locks", _locks_fit),
        partial(_program, "changes", BIN / "towncrier", "build", "--draft", "--version", "next"),
        *_changes_on_a_branch(),
        *[partial(_front_end, each, build_tools) for each in hatch_build.FRONT_ENDS if each.is_here(ROOT)],
    ]


def _program(name: str, *command: object, cwd: object = ROOT, environ: dict[str, str] | None = None) -> Outcome:
    started = time.monotonic()
    finished = subprocess.run(
        [str(word) for word in command],
        cwd=str(cwd),
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(name, finished.returncode == 0, time.monotonic() - started, finished.stdout)


def _watched(name: str, *command: object) -> Outcome:
    """Run a long check with its output shown as it comes."""
    started = time.monotonic()
    finished = subprocess.run([str(word) for word in command], cwd=ROOT, check=False)
    return Outcome(name, finished.returncode == 0, time.monotonic() - started, "")


def _python(name: str, check: Callable[[], str]) -> Outcome:
    """Run a check of our own: a function that gives its complaint, or nothing."""
    started = time.monotonic()
    complaint = check()
    return Outcome(name, not complaint, time.monotonic() - started, complaint)


def _locks_fit() -> str:
    stale = locks.stale()
    return f"pyproject.toml asks for other packages than {', '.join(stale)}: run `./dev lock`." if stale else ""


def _changes_on_a_branch() -> list[Callable[[], Outcome]]:
    """A branch carries at least one line for the changelog; `main` has been asked before."""
    if not shutil.which("git"):
        return []
    main = ["git", "rev-parse", "--verify", "--quiet", "main"]
    if subprocess.run(main, cwd=ROOT, capture_output=True, check=False).returncode:
        return []
    return [partial(_program, "change noted", BIN / "towncrier", "check", "--compare-with", "main")]


def _node_lock() -> list[str]:
    """What brings node, where there are front ends to check and the machine has none."""
    here = any(front_end.is_here(ROOT) for front_end in hatch_build.FRONT_ENDS)
    return ["node.lock"] if here and not hatch_build.node_on_path() else []


def _front_end(front_end: hatch_build.FrontEnd, build_tools: Path) -> Outcome:
    source = front_end.source(ROOT)
    environ = hatch_build.npm_environment(build_tools)
    if complaint := _lock_complaint(source):
        return Outcome(front_end.name, passed=False, seconds=0, output=complaint)
    if not (source / "node_modules").exists():
        installed = _program(front_end.name, *hatch_build.INSTALL, cwd=source, environ=environ)
        if not installed.passed:
            return installed
    return _program(front_end.name, "npm", "run", "check", cwd=source, environ=environ)


def _lock_complaint(source: Path) -> str:
    """What is wrong with a package-lock.json: it must fit package.json, and name no registry's address."""
    package = json.loads((source / "package.json").read_text())
    text = (source / "package-lock.json").read_text()
    locked = json.loads(text)["packages"][""]
    if any(package.get(kind, {}) != locked.get(kind, {}) for kind in ("dependencies", "devDependencies")):
        return f"{source.name}/package-lock.json is older than package.json: run `npm install` there."
    if '"resolved":' in text:
        return (
            f"{source.name}/package-lock.json names a registry: put omit-lockfile-registry-resolved=true into .npmrc."
        )
    return ""


def _show_table(outcomes: list[Outcome], *, seconds: float) -> None:
    width = max(len(outcome.name) for outcome in outcomes)
    print()
    for outcome in outcomes:
        print(f"{'passed' if outcome.passed else 'FAILED'}  {outcome.name:<{width}}  {outcome.seconds:6.1f} s")
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes)} checks in {seconds:.1f} s: " + (f"{failed} failed." if failed else "all passed."))
