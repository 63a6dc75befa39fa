"""A newcomer is one of the demo company's customers at once, and the doors believe the demo's key and no other."""

import stat
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from answerable.domain.errors import NotSignedIn
from answerable.people import HostKeys, KeyFile
from answerable_demo.cast import the_cast
from answerable_demo.signing import make_keys, sign_in_routes, token_for


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "data" / "demo_identity.json"
    make_keys(file)
    return file


def test_the_key_is_made_once_and_is_only_the_owners_to_read(keys: Path) -> None:
    before = keys.read_text()
    make_keys(keys)

    assert keys.read_text() == before
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert list(keys.parent.iterdir()) == [keys]


@pytest.mark.parametrize("key", [each.key for each in the_cast().customers])
def test_everybody_of_the_cast_is_believed_by_their_address(keys: Path, key: str) -> None:
    signed = HostKeys(KeyFile(keys)).read(token_for(key, keys))

    customer = the_cast().customer(key)
    assert (signed.email, signed.email_is_verified, signed.name) == (customer.email, True, customer.name)


def test_another_demos_token_is_worth_nothing_here(keys: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    make_keys(other)

    with pytest.raises(NotSignedIn):
        HostKeys(KeyFile(keys)).read(token_for("ines", other))


def test_the_page_asks_who_there_is_and_for_the_token_of_one(keys: Path) -> None:
    with TestClient(Litestar([sign_in_routes(keys)])) as page:
        people = page.get("/demo-identity/").json()
        token = page.post("/demo-identity/ines").json()["token"]
        nobody = page.post("/demo-identity/mallory")

    assert {"key": "ines", "name": "Ines Carvalho", "company": "Studio Maré"} in people
    assert HostKeys(KeyFile(keys)).read(token).outside_id == "ledgerly-ines"
    assert nobody.status_code == 404
