"""Signed identity: the host page's server says who is in front of the page, in a short-lived JWT (RFC 7519).

Keys are a JWK Set (RFC 7517). Each key signs by one algorithm only, which follows from the key and never from the
token; a token names its key by `kid`. Several may hold at once, so that a new one can be added before an old one goes.
"""

import hashlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from answerable.domain.clock import now
from answerable.domain.errors import Invalid, NotSignedIn

log = logging.getLogger(__name__)

TOKEN_BYTES_MAX = 4096
LIFETIME_MAX = timedelta(hours=1)
# Clocks of two machines may differ by so much.
SKEW = timedelta(seconds=60)
SUB_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 200
EMAIL_CHARACTERS_MAX = 254
SECRET_BYTES_MIN = 32
RSA_BITS_MIN = 2048

ALGORITHMS = {("oct", None): "HS256", ("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}

# The library checks the signature; what is said, and when, is checked here, where the clock can be set and every
# refusal is a sentence for whoever writes the host page.
ONLY_THE_SIGNATURE: Any = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")},
}


@dataclass(frozen=True, slots=True)
class Signed:
    """What the host says of whoever is in front of its page."""

    outside_id: str
    name: str | None
    email: str | None
    email_is_verified: bool
    key_id: str
    expires_at: datetime
    digest: str
    """Names the token without being it."""


class KeyFile:
    """The keys in a file, kept as it changes: a key that is taken out signs nobody in from then on."""

    def __init__(self, file: Path) -> None:
        """Raises Invalid if the file cannot be used."""
        self._file = file
        self._seen = self._mark()
        self._keys = self._read()

    def __call__(self) -> Mapping[str, jwt.PyJWK]:
        """The keys that hold now. A file that cannot be used changes none of them; the log says so once."""
        if (seen := self._mark()) != self._seen:
            self._seen = seen
            try:
                self._keys = self._read()
                log.info("The identity keys have changed: %s hold now.", len(self._keys))
            except Invalid as error:
                log.warning("%s The keys from before stay in force.", error)
        return self._keys

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            seen = self._file.stat()
        except OSError:
            return None
        return seen.st_mtime_ns, seen.st_size, seen.st_ino

    def _read(self) -> dict[str, jwt.PyJWK]:
        try:
            text = self._file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"The identity keys in {self._file} cannot be read. See ANSWERABLE_IDENTITY_KEYS.") from error
        return read_keys(text)


class HostKeys:
    """The keys by which the host's server may sign, and what its tokens must say."""

    def __init__(
        self,
        keys: Callable[[], Mapping[str, jwt.PyJWK]],
        *,
        audience: str | None = None,
        issuer: str | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._keys = keys
        self._audience = audience
        self._issuer = issuer
        self._clock = clock

    @property
    def are_there(self) -> bool:
        """Whether there is any: without one nobody can be signed in."""
        return bool(self._keys())

    def read(self, token: str) -> Signed:
        """What a token says. Raises NotSignedIn with a sentence for whoever made it."""
        keys = self._keys()
        if not keys:
            raise NotSignedIn(
                "No identity keys are set here, so that nobody can be signed in: ANSWERABLE_IDENTITY_KEYS."
            )
        if len(token) > TOKEN_BYTES_MAX:
            raise _refused(f"is longer than {TOKEN_BYTES_MAX} bytes")
        key = _key_of(token, keys)
        try:
            claims = jwt.decode(token, key, algorithms=[key.algorithm_name], options=ONLY_THE_SIGNATURE)
        except jwt.PyJWTError as error:
            raise _refused("was not signed with the key that it names, or by another algorithm") from error
        self._check_address(claims)
        expires_at = self._check_time(claims)
        email = _text(claims, "email", EMAIL_CHARACTERS_MAX)
        return Signed(
            outside_id=_outside_id(claims),
            name=_text(claims, "name", NAME_CHARACTERS_MAX),
            email=email,
            # Nothing less than `true`: another system's "yes" must not open somebody else's account.
            email_is_verified=email is not None and claims.get("email_verified") is True,
            key_id=str(key.key_id or ""),
            expires_at=expires_at,
            digest=hashlib.sha256(token.encode()).hexdigest(),
        )

    def _check_address(self, claims: Mapping[str, Any]) -> None:
        meant = claims.get("aud")
        meant_for = meant if isinstance(meant, list) else [meant]
        if self._audience is not None and self._audience not in meant_for:
            raise _refused(f"is not meant for {self._audience} (aud)")
        if self._issuer is not None and claims.get("iss") != self._issuer:
            raise _refused(f"was not made by {self._issuer} (iss)")

    def _check_time(self, claims: Mapping[str, Any]) -> datetime:
        at = self._clock()
        issued_at, expires_at = _moment(claims, "iat"), _moment(claims, "exp")
        if issued_at > at + SKEW or ("nbf" in claims and _moment(claims, "nbf") > at + SKEW):
            raise _refused("was made in the future; check the clock of the server that makes it (iat)")
        if expires_at <= issued_at or expires_at - issued_at > LIFETIME_MAX:
            raise _refused(f"must hold for at most {LIFETIME_MAX.seconds // 60} minutes (exp)")
        if at >= expires_at + SKEW:
            raise _refused("has expired; the page must get a new one from its server (exp)")
        return expires_at + SKEW


def _key_of(token: str, keys: Mapping[str, jwt.PyJWK]) -> jwt.PyJWK:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, UnicodeError, ValueError) as error:
        raise _refused("cannot be read: it is no JWT") from error
    if "crit" in header:
        raise _refused("asks for something that is not known here (crit)")
    named = header.get("kid")
    if named is None and len(keys) == 1:
        return next(iter(keys.values()))
    if not isinstance(named, str) or named not in keys:
        raise _refused("names no key that is known here (kid)")
    return keys[named]


def read_keys(text: str) -> dict[str, jwt.PyJWK]:
    """The keys of a JWK Set by their ids. Raises Invalid, never repeating a key, for one that must not be used."""
    try:
        listed = msgspec.json.decode(text, type=dict[str, Any]).get("keys")
    except msgspec.DecodeError as error:
        raise Invalid('The identity keys are no JWK Set: {"keys": [...]} (RFC 7517).') from error
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise Invalid('The identity keys are no JWK Set: {"keys": [...]} (RFC 7517).')
    found: dict[str, jwt.PyJWK] = {}
    for number, each in enumerate(listed, 1):
        key_id = each.get("kid")
        if not isinstance(key_id, str) or not key_id or key_id in found:
            raise Invalid(f"The identity key number {number} needs a name of its own (kid).")
        found[key_id] = _key(key_id, each)
    return found


def _key(key_id: str, listed: Mapping[str, Any]) -> jwt.PyJWK:
    kind = str(listed.get("kty"))
    algorithm = ALGORITHMS.get((kind, listed.get("crv") if kind in ("EC", "OKP") else None))
    if algorithm is None or listed.get("alg", algorithm) != algorithm:
        raise Invalid(
            f"The identity key {key_id!r:.80} is of no kind that is used here: {', '.join(ALGORITHMS.values())}."
        )
    if kind != "oct" and "d" in listed:
        raise Invalid(f"The identity key {key_id!r:.80} is a private one. Only its public half belongs here.")
    try:
        key = jwt.PyJWK.from_dict(dict(listed), algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise Invalid(f"The identity key {key_id!r:.80} cannot be read.") from error
    if isinstance(key.key, bytes) and len(key.key) < SECRET_BYTES_MIN:
        raise Invalid(f"The identity key {key_id!r:.80} is too short: a secret has at least {SECRET_BYTES_MIN} bytes.")
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < RSA_BITS_MIN:
        raise Invalid(f"The identity key {key_id!r:.80} is too short: RSA keys have at least {RSA_BITS_MIN} bits.")
    return key


def _outside_id(claims: Mapping[str, Any]) -> str:
    outside_id = claims.get("sub")
    if not isinstance(outside_id, str) or not outside_id.strip():
        raise _refused("does not say who it speaks of, as a text (sub)")
    if len(outside_id) > SUB_CHARACTERS_MAX or not outside_id.isprintable():
        raise _refused(f"names somebody in other than {SUB_CHARACTERS_MAX} printable characters (sub)")
    return outside_id


def _text(claims: Mapping[str, Any], name: str, most: int) -> str | None:
    value = claims.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise _refused(f"has a {name} that is no text of at most {most} printable characters")
    return value.strip() or None


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    try:
        return datetime.fromtimestamp(value if is_number else math.nan, UTC)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError) as error:
        raise _refused(f"does not say when, in seconds since 1970 ({name})") from error


def _refused(what: str) -> NotSignedIn:
    return NotSignedIn(f"The identity token {what}. Nobody is signed in by it.")
