"""What the docs promise holds: links lead somewhere, and examples are code that compiles."""

import ast
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src" / "answerable").rglob("README.md")]
MARKDOWN = MarkdownIt()


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _links(page: Path) -> list[str]:
    tokens = [child for token in MARKDOWN.parse(page.read_text()) for child in token.children or []]
    return [
        str(token.attrGet("href") or token.attrGet("src")) for token in tokens if token.type in ("link_open", "image")
    ]


def _anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by, made the way code hosts make them."""
    tokens = MARKDOWN.parse(page.read_text())
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _examples(page: Path, language: str) -> list[str]:
    return [
        token.content for token in MARKDOWN.parse(page.read_text()) if token.type == "fence" and token.info == language
    ]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_between_our_pages_leads_somewhere(page: Path) -> None:
    for link in _links(page):
        if re.match(r"[a-z]+:", link) or link.startswith("/"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{_name(page)} links to {link}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_python_example_compiles(page: Path) -> None:
    for example in _examples(page, "python"):
        ast.parse(example, _name(page))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_in_an_example_exists(page: Path) -> None:
    known = re.findall(r'"(\w+)": _', (ROOT / "tools" / "commands.py").read_text())
    for example in _examples(page, "console"):
        for command in re.findall(r"^\$ \./dev (\w+)", example, re.MULTILINE):
            assert command in known, f"{_name(page)} shows ./dev {command}"


def test_whatever_the_safety_case_names_as_enforcing_it_is_there() -> None:
    """A name is a file, a module's or a class's own, or anything that a file of ours defines."""
    known = _defined()
    pages = MarkdownIt().enable("table").parse((ROOT / "docs" / "safety-case.md").read_text())
    cells = [pages[at + 1].children or [] for at, token in enumerate(pages) if token.type == "td_open"]
    # Four columns: the third says where it is enforced.
    named = [each.content for cell in cells[2::4] for each in cell if each.type == "code_inline"]

    assert "Asking.decide" in named
    assert [name for name in named if name not in known] == []


def test_whatever_the_safety_case_says_would_fail_is_there() -> None:
    """The fourth column names tests, invariants of a model, and files of them."""
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    trees = [(file, ast.parse(file.read_text())) for file in files]
    known = {name for _, tree in trees for node in ast.walk(tree) for name in _names(node)}
    known |= {str(file.relative_to(ROOT)) for file in files}
    pages = MarkdownIt().enable("table").parse((ROOT / "docs" / "safety-case.md").read_text())
    cells = [pages[at + 1].children or [] for at, token in enumerate(pages) if token.type == "td_open"]
    named = [[each.content for each in cell if each.type == "code_inline"] for cell in cells[3::4]]

    assert all(named), "each row names what would fail"
    assert [name for cell in named for name in cell if name not in known] == []


def _defined() -> set[str]:
    names: set[str] = set()
    for file in (ROOT / "src").rglob("*.py"):
        names.add(f"{file.parent.name}/{file.name}")
        module = file.parent.name if file.name == "__init__.py" else file.stem
        for node in ast.walk(tree := ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{each}" for part in node.body for each in _names(part)}
            names |= set(_names(node))
        names |= {f"{module}.{each}" for part in tree.body for each in _names(part)}
    return names


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Assign):
        return [each.id for each in node.targets if isinstance(each, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [page.name[:4] for page in (ROOT / "docs" / "decisions").glob("*.md")]

    assert sorted(numbers) == sorted(set(numbers))
