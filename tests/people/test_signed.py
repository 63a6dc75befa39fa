"""Whom the host's server vouches for is believed, and nobody else."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from answerable.domain.errors import Invalid, NotSignedIn
from answerable.people import HostKeys, KeyFile, read_keys
from tests.people.host import (
    EC_KEY,
    ED_KEY,
    KEYS,
    RSA_KEY,
    SECRET,
    Clock,
    Host,
    host_keys,
    oct_key,
    public,
    rsa_as_pem,
)

ELSEWHERE = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("kid", "alg", "key"),
    [("s1", "HS256", SECRET), ("r1", "RS256", RSA_KEY), ("e1", "ES256", EC_KEY), ("d1", "EdDSA", ED_KEY)],
)
def test_who_is_signed_by_any_of_the_hosts_keys_is_believed(
    host: Host, clock: Clock, kid: str, alg: str, key: Any
) -> None:
    signed = host_keys(clock).read(host.token(kid=kid, alg=alg, key=key))

    assert (signed.outside_id, signed.name, signed.key_id) == ("u_1", "Ines Carvalho", kid)
    assert (signed.email, signed.email_is_verified) == ("ines@studiomare.example", True)


def test_a_key_can_be_replaced_without_a_gap(host: Host, clock: Clock) -> None:
    old, new = oct_key(), oct_key("another secret of the host, long enough as well", "s2")
    by_old = host.token()
    by_new = host.token(kid="s2", key="another secret of the host, long enough as well")

    both = host_keys(clock, keys=[old, new])
    assert both.read(by_old).outside_id == both.read(by_new).outside_id == "u_1"

    later = host_keys(clock, keys=[new])
    assert later.read(by_new).outside_id == "u_1"
    with pytest.raises(NotSignedIn, match="names no key that is known here"):
        later.read(by_old)


def test_a_token_need_not_name_the_only_key_but_must_name_one_of_several(host: Host, clock: Clock) -> None:
    unnamed = host.token(kid=None)

    assert host_keys(clock, keys=[oct_key()]).read(unnamed).outside_id == "u_1"
    with pytest.raises(NotSignedIn, match="kid"):
        host_keys(clock).read(unnamed)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_that_nobody_signed_is_refused_however_it_is_called(host: Host, clock: Clock, name: str) -> None:
    for signature in (b"", None):
        token = host.raw({"alg": name, "kid": "s1"}, host.claims(), signature)
        with pytest.raises(NotSignedIn, match="was not signed"):
            host_keys(clock).read(token)


def test_a_public_key_is_never_taken_for_a_secret(host: Host, clock: Clock) -> None:
    for secret in (rsa_as_pem(), rsa_as_pem().strip(), json.dumps(KEYS[1]).encode(), b""):
        forged = host.raw({"alg": "HS256", "kid": "r1"}, host.claims(), secret)
        with pytest.raises(NotSignedIn, match="was not signed"):
            host_keys(clock).read(forged)


def test_keys_that_are_changed_in_their_file_hold_at_once(
    host: Host, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, newer = tmp_path / "keys.json", "another secret of the host, long enough as well"
    old, new = oct_key(), oct_key(newer, "s2")
    by_old, by_new = host.token(), host.token(kid="s2", key=newer)
    file.write_text(json.dumps({"keys": [old]}))
    keys = HostKeys(KeyFile(file), clock=lambda: host.at)
    with pytest.raises(NotSignedIn, match="kid"):
        keys.read(by_new)

    file.write_text(json.dumps({"keys": [old, new]}))
    both = [keys.read(by_old).key_id, keys.read(by_new).key_id]
    file.write_text("half a fi")
    unchanged = [keys.read(by_old).key_id, keys.read(by_new).key_id]
    file.unlink()
    gone = keys.read(by_old).key_id
    file.write_text(json.dumps({"keys": [new]}))

    assert (both, unchanged, gone) == (["s1", "s2"], ["s1", "s2"], "s1")
    assert keys.read(by_new).key_id == "s2"
    with pytest.raises(NotSignedIn, match="kid"):
        keys.read(by_old)
    assert [line.partition(". ")[2] for line in caplog.messages if "stay in force" in line]
    assert SECRET not in caplog.text


def test_a_file_of_keys_that_is_not_there_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="ANSWERABLE_IDENTITY_KEYS"):
        KeyFile(tmp_path / "keys.json")


@pytest.mark.parametrize(
    ("kid", "alg", "key"),
    [
        ("s1", "HS256", "not the secret of the host, though it is just as long, or even somewhat longer"),
        ("s1", "HS512", SECRET),
        ("r1", "RS512", RSA_KEY),
        ("r1", "PS256", RSA_KEY),
        ("r1", "RS256", ELSEWHERE),
        ("e1", "RS256", RSA_KEY),
        ("d1", "ES256", EC_KEY),
    ],
)
def test_another_key_or_another_algorithm_than_the_keys_own_is_refused(
    host: Host, clock: Clock, kid: str, alg: str, key: Any
) -> None:
    with pytest.raises(NotSignedIn, match="was not signed"):
        host_keys(clock).read(host.token(kid=kid, alg=alg, key=key))


def test_a_key_that_comes_in_the_token_itself_counts_for_nothing(host: Host, clock: Clock) -> None:
    own = public(RSAAlgorithm, ELSEWHERE, "r1")
    import jwt

    for header in ({"kid": "r1", "jwk": own}, {"kid": "r1", "jku": "https://evil.example/keys"}):
        with pytest.raises(NotSignedIn):
            host_keys(clock).read(jwt.encode(host.claims(), ELSEWHERE, algorithm="RS256", headers=header))


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"exp": -3600}, "must hold for at most 60 minutes"),
        ({"iat": -7200, "exp": -3700}, "has expired; the page must get a new one from its server"),
        ({"iat": 3600, "exp": 3900}, "was made in the future; check the clock"),
        ({"nbf": 3600}, "was made in the future"),
        ({"exp": 3601}, "must hold for at most 60 minutes"),
        ({"exp": 10**9}, "must hold for at most 60 minutes"),
        ({"exp": 0}, "must hold for at most 60 minutes"),
    ],
)
def test_a_token_has_its_time_and_no_other(host: Host, clock: Clock, claims: dict[str, int], sentence: str) -> None:
    at = int(clock().timestamp())
    times: Any = {name: at + seconds for name, seconds in claims.items()}
    with pytest.raises(NotSignedIn, match=sentence):
        host_keys(clock).read(host.token(**times))


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["soon", True, [], {}, float("nan"), float("inf"), 1e300, -1e300])
def test_a_time_that_is_none_is_refused(host: Host, clock: Clock, claim: str, value: Any) -> None:
    token = host.raw({"alg": "HS256", "kid": "s1"}, {**host.claims(), claim: value}, SECRET.encode())
    with pytest.raises(NotSignedIn, match=rf"\({claim}\)|was not signed"):
        host_keys(clock).read(token)


@pytest.mark.parametrize("missing", ["iat", "exp", "sub"])
def test_a_token_says_who_and_since_when_and_until_when(host: Host, clock: Clock, missing: str) -> None:
    nothing: Any = {missing: None}
    with pytest.raises(NotSignedIn, match=rf"\({missing}\)"):
        host_keys(clock).read(host.raw({"alg": "HS256", "kid": "s1"}, host.claims(**nothing), SECRET.encode()))


def test_a_little_difference_of_clocks_is_borne_and_no_more(host: Host, clock: Clock) -> None:
    keys, token = host_keys(clock), host.token()
    clock.forward(seconds=-50)
    assert keys.read(token).outside_id == "u_1"
    clock.forward(seconds=50 + 600 + 50)
    assert keys.read(token).outside_id == "u_1"
    clock.forward(seconds=20)
    with pytest.raises(NotSignedIn, match="has expired"):
        keys.read(token)


@pytest.mark.parametrize("said", [None, "https://other.example", ["https://other.example"], 7, []])
def test_a_token_for_somebody_else_or_by_somebody_else_is_refused(host: Host, clock: Clock, said: Any) -> None:
    here, them = "https://support.ledgerly.example", "https://app.ledgerly.example"
    keys = host_keys(clock, audience=here, issuer=them)
    good = {"aud": [here, "https://more.example"], "iss": them}

    def raw(**other: Any) -> str:
        return host.raw({"alg": "HS256", "kid": "s1"}, host.claims(**{**good, **other}), SECRET.encode())

    assert keys.read(raw()).outside_id == "u_1"
    with pytest.raises(NotSignedIn, match=r"\(aud\)"):
        keys.read(raw(aud=said))
    with pytest.raises(NotSignedIn, match=r"\(iss\)"):
        keys.read(raw(iss=said))


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"sub": ""}, "sub"),
        ({"sub": " \t"}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": ["u_1"]}, "sub"),
        ({"sub": "u" * 201}, "200 printable characters"),
        ({"sub": "u_1\u202eevil"}, "printable"),
        ({"name": {"first": "Ines"}}, "name"),
        ({"email": "i" * 255}, "email"),
        ({"email": "ines@studiomare.example\nBcc: all@ledgerly.example"}, "email"),
    ],
)
def test_what_is_said_has_its_shape(host: Host, clock: Clock, claims: dict[str, Any], sentence: str) -> None:
    token = host.raw({"alg": "HS256", "kid": "s1"}, {**host.claims(), **claims}, SECRET.encode())
    with pytest.raises(NotSignedIn, match=sentence):
        host_keys(clock).read(token)


@pytest.mark.parametrize("said", [None, False, "true", 1, "false", [True]])
def test_an_address_is_proved_only_where_the_host_says_so_in_so_many_words(host: Host, clock: Clock, said: Any) -> None:
    assert host_keys(clock).read(host.token(email_verified=said)).email_is_verified is False


def test_what_is_too_long_or_no_token_is_refused_and_never_repeated(host: Host, clock: Clock) -> None:
    wrong = [
        "x",
        "a.b.c",
        "....",
        "é.ü.ö",
        host.token(name="n" * 6000),
        host.token()[:-10],
        f"{host.token()}.x",
        "\ud800.a.b",
    ]
    for token in wrong:
        with pytest.raises(NotSignedIn) as refused:
            host_keys(clock).read(token)
        assert token[:30] not in str(refused.value) or len(token) < 3


@given(
    st.text(max_size=300)
    | st.from_regex(r"[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,60}", fullmatch=True)
)
def test_whatever_comes_is_refused_with_a_sentence(token: str) -> None:
    with pytest.raises(NotSignedIn):
        host_keys(Clock()).read(token)


def test_where_no_keys_are_set_nobody_is_signed_in(host: Host, clock: Clock) -> None:
    with pytest.raises(NotSignedIn, match="ANSWERABLE_IDENTITY_KEYS"):
        host_keys(clock, keys=[]).read(host.token())


def test_a_token_that_needs_what_is_not_known_is_refused(host: Host, clock: Clock) -> None:
    token = host.raw({"alg": "HS256", "kid": "s1", "crit": ["b64"], "b64": False}, host.claims(), SECRET.encode())
    with pytest.raises(NotSignedIn):
        host_keys(clock).read(token)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("nonsense", "no JWK Set"),
        ("[]", "no JWK Set"),
        ("{}", "no JWK Set"),
        ('{"keys": [7]}', "no JWK Set"),
        ([{**oct_key(), "kid": ""}], "number 1 needs a name"),
        ([oct_key(), oct_key()], "number 2 needs a name"),
        ([oct_key("short")], "too short"),
        ([{**oct_key(), "alg": "RS256"}], "of no kind that is used here"),
        ([{"kty": "EC", "crv": "P-384", "kid": "e"}], "of no kind that is used here"),
        ([{"kty": "RSA", "kid": "r", "n": "AQAB", "e": "!"}], "cannot be read|too short"),
        ([public(RSAAlgorithm, rsa.generate_private_key(65537, 1024), "r")], "too short"),
        ([{**ECAlgorithm.to_jwk(EC_KEY, as_dict=True), "kid": "e"}], "is a private one"),
    ],
)
def test_keys_that_must_not_be_used_are_refused_at_the_start(keys: Any, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read_keys(keys if isinstance(keys, str) else json.dumps({"keys": keys}))


def test_the_longest_time_is_an_hour(host: Host, clock: Clock) -> None:
    at = int(clock().timestamp())
    signed = host_keys(clock).read(host.token(exp=at + 3600, iat=at))

    assert signed.expires_at <= clock() + timedelta(hours=1, minutes=1)
