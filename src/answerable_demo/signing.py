"""The demo company's own sign-in: whoever tries the demo says who of its customers they are, and is believed.

Any real company's server would look into its own session first. Here it is a choice on the page, so that a newcomer can
be Ines at once; the token that comes of it is like any other host's.
"""

import base64
import json
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import jwt
from litestar import Router, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from answerable_demo.cast import the_cast

PATH = "/demo-identity"
KEY_ID = "demo"
TOKEN_SECONDS = 15 * 60


def make_keys(file: Path) -> None:
    """Makes the demo's key at its first start, as a JWK Set that only the owner may read."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    secret = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode().rstrip("=")
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"keys": [{"kty": "oct", "kid": KEY_ID, "k": secret}]}), encoding="utf-8")
    # Whole or not there, and the first of two that start at once stays.
    with suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()


def token_for(key: str, file: Path) -> str:
    """What the demo company's server says of the customer of that key. Raises StopIteration if there is none."""
    customer, now = the_cast().customer(key), int(time.time())
    claims = {
        "sub": f"ledgerly-{customer.key}",
        "name": customer.name,
        "email": customer.email,
        "email_verified": True,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
    }
    signing = jwt.PyJWK.from_dict(json.loads(file.read_text(encoding="utf-8"))["keys"][0], algorithm="HS256")
    return jwt.encode(claims, signing, algorithm="HS256", headers={"kid": KEY_ID})


def sign_in_routes(file: Path) -> Router:
    """Who can be signed in as, and the token for one of them."""

    @get("/", include_in_schema=False, sync_to_thread=False)
    def people() -> list[dict[str, str]]:
        return [{"key": each.key, "name": each.name, "company": each.company} for each in the_cast().customers]

    @post("/{key:str}", status_code=HTTP_200_OK, include_in_schema=False, sync_to_thread=False)
    def sign_in(key: FromPath[str]) -> dict[str, Any]:
        if all(each.key != key for each in the_cast().customers):
            raise NotFoundException("Nobody of that name is a customer of the demo company.")
        return {"token": token_for(key, file)}

    return Router(PATH, route_handlers=[people, sign_in])
