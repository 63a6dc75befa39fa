"""Reads AgentDojo's package as text, without running it: what users ask, what attackers want, and their wordings."""

import ast
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERSION = (1, 2, 0)
"""The newest suites that were published with figures; later corrections are left out."""
SUITES = ("banking", "slack", "travel", "workspace")


@dataclass(frozen=True, slots=True)
class Suite:
    """One of its four worlds."""

    name: str
    prompts: tuple[str, ...]
    goals: tuple[str, ...]


def read_package(path: Path) -> tuple[list[Suite], list[str]]:
    """The suites and the wordings of attacks, each with `{goal}` in it; from a wheel or an installed package."""
    files = dict(_sources(path))
    suites = []
    for name in SUITES:
        prompts = _texts(files, name, "user_tasks.py", "UserTask", "PROMPT")
        goals = _texts(files, name, "injection_tasks.py", "InjectionTask", "GOAL")
        suites.append(Suite(name, tuple(prompts), tuple(goals)))
    wordings = [
        text
        for file, tree in sorted(files.items())
        if "/attacks/" in file and "dos_attacks" not in file
        for text in _said_in(tree)
        if "{goal}" in text
    ]
    return suites, list(dict.fromkeys(wordings))


def _said_in(tree: ast.Module) -> Iterator[str]:
    """Its texts, those left out that only describe it."""
    describing = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in describing:
            yield node.value


def _sources(path: Path) -> Iterator[tuple[str, ast.Module]]:
    if path.is_file():
        with zipfile.ZipFile(path) as wheel:
            for name in wheel.namelist():
                if name.endswith(".py"):
                    yield name, ast.parse(wheel.read(name))
        return
    for file in path.rglob("*.py"):
        yield file.relative_to(path.parent).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def _texts(files: dict[str, ast.Module], suite: str, file: str, kind: str, wanted: str) -> list[str]:
    """By number of the task: the text in the newest version up to ours."""
    newest: dict[int, tuple[tuple[int, ...], str]] = {}
    combined: dict[int, tuple[list[int], str]] = {}
    for name, tree in files.items():
        if not name.endswith(f"/{suite}/{file}"):
            continue
        known = _assigned(tree.body, {})
        for node in tree.body:
            number = node.name.removeprefix(kind) if isinstance(node, ast.ClassDef) else ""
            if not isinstance(node, ast.ClassDef) or not number.isdigit():
                continue
            version = _version(node, known)
            text = _assigned(node.body, known).get(wanted)
            if isinstance(text, str) and version <= VERSION:
                newest[int(number)] = max(newest.get(int(number), ((0,), "")), (version, text))
        combined.update(_combined(tree))
    texts = {number: text for number, (_, text) in newest.items()}
    # Two of the tasks in one, which may have words of its own; one may be made of another such.
    for _ in combined:
        for place, (parts, own) in combined.items():
            if own or all(each in texts for each in parts):
                texts[place] = own or "\n".join(texts[each] for each in parts)
    return [text for _, text in sorted(texts.items())]


def _combined(tree: ast.Module) -> Iterator[tuple[int, tuple[list[int], str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("create_combined_task"):
            number = int(str(_value(node.args[0], {})).removeprefix("UserTask"))
            parts = [int(each) for part in node.args[1:] for each in re.findall(r"user_task_(\d+)", ast.unparse(part))]
            own = next((_value(each.value, {}) for each in node.keywords if each.arg == "prompt"), None)
            yield number, (parts, own if isinstance(own, str) else "")


def _version(node: ast.ClassDef, known: dict[str, object]) -> tuple[int, ...]:
    """Which version of the suite a task came with; the first, if it does not say."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and decorator.args:
            value = _value(decorator.args[0], known)
            if isinstance(value, tuple):
                return value
    return (1, 0, 0)


def _assigned(body: list[ast.stmt], known: dict[str, object]) -> dict[str, object]:
    found = dict(known)
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _value(node.value, found)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = _value(node.value, found)
    return found


def _value(node: ast.expr, known: dict[str, object]) -> object:
    """What an expression of constants gives; none for any other."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return known.get(node.id)
        case ast.Tuple():
            return tuple(_value(each, known) for each in node.elts)
        case ast.List():
            return [_value(each, known) for each in node.elts]
        case ast.JoinedStr():
            return "".join(str(_value(each, known)) for each in node.values)
        case ast.FormattedValue():
            return _value(node.value, known)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(joint)), attr="join"), args=[parts]):
            several = _value(parts, known)
            return joint.join(map(str, several)) if isinstance(several, list | tuple) else None
        case ast.BinOp(op=ast.Add()):
            return f"{_value(node.left, known)}{_value(node.right, known)}"
        case _:
            return None
