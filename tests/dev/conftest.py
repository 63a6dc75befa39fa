"""Checkouts in small, installed from a registry on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev.registry import ROOT, Checkout, fill, make_checkout, serve


@pytest.fixture(scope="package")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    if not (ROOT / ".venv" / "bin" / "uv").exists():
        pytest.skip("Not tested: this environment was not made by ./dev, so it holds no uv to install with.")
    folder = tmp_path_factory.mktemp("registry")
    fill(folder)
    with serve(folder) as index:
        yield folder, index


@pytest.fixture(scope="package")
def installed(registry: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that has been started once; tests put back what they change."""
    checkout = make_checkout(tmp_path_factory.mktemp("checkout"), *registry)
    ended = checkout.dev("start", "--port", "8080")
    assert (ended.exit_code, ended.printed) == (0, "ran start --port 8080\n"), ended.said
    return checkout


@pytest.fixture
def fresh(registry: tuple[Path, str], tmp_path: Path) -> Checkout:
    """A checkout in which nothing has been installed."""
    root = tmp_path / "checkout"
    root.mkdir()
    return make_checkout(root, *registry)
