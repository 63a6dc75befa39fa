"""What the doors share: sign-in, roles, errors, live updates, pages, the application itself."""

from answerable.web.app import build_app
from answerable.web.live import Sent, stream
from answerable.web.sign_in import (
    COOKIE,
    RepAuthentication,
    at_least,
    link_address,
    sign_in_cookie,
    sign_out_cookie,
)

__all__ = [
    "COOKIE",
    "RepAuthentication",
    "Sent",
    "at_least",
    "build_app",
    "link_address",
    "sign_in_cookie",
    "sign_out_cookie",
    "stream",
]
