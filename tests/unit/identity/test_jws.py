"""Signatures, strictly; with the public JOSE vectors where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey

from narrows.identity.jws import Compact, check, take_apart
from narrows.identity.keys import KeySet, read_key_set
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.identity.world import Provider, compact, encode, key_set, public, signing_key

VECTORS = Path(__file__).parents[4] / "shared" / "data"
EVERY = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
SHARED_SECRET = frozenset({"HS256", "HS384", "HS512", "none"})


def keys_of(document: bytes) -> KeySet:
    keys = read_key_set(document)
    assert keys is not None
    return keys


def authentic(token: str, keys: KeySet, algorithms: frozenset[str] = EVERY) -> bool:
    """The gate's own path: take apart, then check header and signature."""
    parts = take_apart(token)
    return isinstance(parts, Compact) and check(parts, keys, algorithms) is None


@pytest.mark.parametrize("algorithm", sorted(EVERY))
def test_every_algorithm_verifies(algorithm: str) -> None:
    provider = Provider(algorithm=algorithm)
    keys = keys_of(key_set(provider.key))
    assert authentic(provider.token(), keys)
    assert not authentic(provider.token(), keys, EVERY - {algorithm})
    assert not authentic(provider.token(), keys_of(key_set(signing_key(algorithm, "two"))))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c.d",
        "e30.e30",
        "e30.e30.",
        "é.e30.AA",
        "e30=.e30.AA",
        "e30.e30.A",
        "e3.e30.AA",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    keys = keys_of(key_set(signing_key()))
    assert not authentic(token, keys)


@pytest.mark.parametrize(
    "header",
    [b"", b"[]", b'"x"', b"{", b'{"alg": "ES256", "alg": "ES256", "kid": "one"}', b'{"alg": "ES256", "kid": "one"} ,'],
)
def test_a_header_that_is_no_strict_object_is_refused(header: bytes) -> None:
    token = encode(header, b"{}", signing_key(), "ES256")
    assert isinstance(take_apart(token), Deny)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"alg": "none"}, "algorithm is not allowed"),
        ({"alg": "None"}, "algorithm is not allowed"),
        ({"alg": "es256"}, "algorithm is not allowed"),
        ({"alg": "HS256"}, "algorithm is not allowed"),
        ({"alg": "RS256"}, "algorithm is not allowed"),
        ({"alg": None}, "algorithm is not allowed"),
        ({"alg": ["ES256"]}, "algorithm is not allowed"),
        ({"crit": ["exp"], "exp": 1}, "critical extensions"),
        ({"crit": []}, "critical extensions"),
        ({"b64": False, "crit": ["b64"]}, "critical extensions"),
        ({"b64": True}, "critical extensions"),
        ({"kid": 5}, "`kid` is not a string"),
        ({"kid": ["one"]}, "`kid` is not a string"),
        ({"kid": "two"}, "no key for"),
        ({"kid": "../one"}, "no key for"),
        ({"typ": "logout+jwt"}, "`typ` is not"),
        ({"typ": "dpop+jwt"}, "`typ` is not"),
        ({"typ": "secevent+jwt"}, "`typ` is not"),
        ({"typ": 5}, "`typ` is not"),
        ({"typ": ""}, "`typ` is not"),
    ],
)
def test_a_header_that_asks_for_something_else_is_refused(change: dict[str, Any], says: str) -> None:
    provider = Provider()
    denied = check(compact(provider.token(change)), keys_of(key_set(provider.key)), frozenset({"ES256"}))
    assert denied is not None
    assert denied.code is Code.CREDENTIAL_INVALID
    assert says in denied.message


@pytest.mark.parametrize("kind", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_access_tokens_pass(kind: str | None) -> None:
    provider = Provider()
    assert authentic(provider.token({"typ": kind}), keys_of(key_set(provider.key)))


def test_keys_that_a_token_brings_are_ignored() -> None:
    """The attacker's key in `jwk`, `jku`, `x5u` or `x5c` changes nothing: the set's key decides."""
    provider, attacker = Provider(), signing_key("ES256", "attacker")
    offered = {
        "jwk": public(attacker),
        "jku": "https://attacker.example/jwks",
        "x5u": "https://attacker.example/x5u",
        "x5c": ["MIIB"],
    }
    keys = keys_of(key_set(provider.key))
    header = {"alg": "ES256", "kid": "one", **offered}
    assert not authentic(encode(header, b"{}", attacker, "ES256"), keys)
    assert not authentic(encode({**header, "kid": None}, b"{}", attacker, "ES256"), keys)
    assert authentic(encode(header, b"{}", provider.key, "ES256"), keys)


def test_a_public_key_is_never_a_shared_secret() -> None:
    """The classic confusion: HS256 keyed with the PEM or the JWK that everybody can read."""
    provider = Provider(algorithm="RS256")
    keys = keys_of(key_set(provider.key))
    for secret in (provider.key.as_pem(private=False), provider.key.as_der(private=False), key_set(provider.key)):
        key = OctKey(secret, secret, {"kid": "one"})
        token = encode({"alg": "HS256", "kid": "one"}, b"{}", key, "HS256")
        assert not authentic(token, keys, EVERY | SHARED_SECRET)


def test_a_signature_of_another_algorithm_is_refused() -> None:
    provider = Provider(algorithm="RS256")
    keys = keys_of(json.dumps({"keys": [public(provider.key, alg=None)]}).encode())
    token = encode({"alg": "PS256", "kid": "one"}, b"{}", provider.key, "RS256")
    assert not authentic(token, keys)


def test_a_token_without_kid_may_be_any_fitting_key_s() -> None:
    keys = keys_of(key_set(signing_key("ES256", "two"), signing_key("ES256", "one")))
    assert authentic(Provider().token({"kid": None}), keys)
    assert not authentic(Provider().token({"kid": None}), keys_of(key_set(signing_key("ES256", "two"))))


def test_a_shared_kid_is_refused_unless_the_algorithms_tell_them_apart() -> None:
    one, other = signing_key("ES256", "one"), signing_key("ES256", "two")
    ambiguous = json.dumps({"keys": [public(one), public(other, kid="one")]}).encode()
    assert not authentic(Provider().token(), keys_of(ambiguous))
    apart = key_set(one, signing_key("RS256", "one"))
    assert authentic(Provider().token(), keys_of(apart))


def test_messages_hold_nothing_of_the_token() -> None:
    provider = Provider()
    token = provider.token({"kid": "canary-kid", "alg": "canary-alg", "typ": "canary-typ"})
    denied = check(compact(token), keys_of(key_set(provider.key)), EVERY)
    assert denied is not None
    assert "canary" not in denied.message


def groups(name: str) -> list[dict[str, Any]]:
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"the public JOSE vectors ../shared/data/{name} are not at hand")
    found: list[dict[str, Any]] = json.loads(path.read_bytes())["testGroups"]
    return found


def run_vectors(name: str, algorithms: frozenset[str]) -> tuple[list[int], dict[str, int], list[int]]:
    """Invalid tokens accepted; counts; valid tokens refused."""
    wrongly: list[int] = []
    refused: list[int] = []
    counts = {"accepted": 0, "valid": 0, "invalid": 0}
    for group in groups(name):
        key = group.get("public", group["private"])
        keys = read_key_set(json.dumps(key if "keys" in key else {"keys": [key]}).encode())
        assert keys is not None
        for test in group["tests"]:
            token = test["jws"] if isinstance(test["jws"], str) else json.dumps(test["jws"])
            passed = authentic(token, keys, algorithms)
            counts[test["result"]] += 1
            counts["accepted"] += passed
            if passed and test["result"] == "invalid":
                wrongly.append(test["tcId"])
            if not passed and test["result"] == "valid":
                refused.append(test["tcId"])
    return wrongly, counts, refused


@pytest.mark.parametrize("algorithms", [EVERY, EVERY | SHARED_SECRET, frozenset({"RS256", "PS256", "ES256", "EdDSA"})])
@pytest.mark.parametrize("name", ["wycheproof_jws.json", "wycheproof_jwk.json"])
def test_no_invalid_vector_is_accepted(name: str, algorithms: frozenset[str]) -> None:
    wrongly, counts, _ = run_vectors(name, algorithms)
    assert wrongly == []
    assert counts["invalid"] > 10


def test_valid_vectors_are_accepted_unless_we_refuse_their_kind() -> None:
    """Refused though valid: shared secrets (by design), and keys whose `alg` is not the token's (PS256 key for a
    PS384 token, and `ES521`, which is no algorithm)."""
    _, counts, refused = run_vectors("wycheproof_jws.json", EVERY)
    shared_secret = [1, 348, 352, 357, 358, 359, 372, 373, 376, 377]
    other_alg = [346, 347, 350, 351]
    assert refused == sorted(shared_secret + other_alg)
    assert counts == {"accepted": 32, "valid": 46, "invalid": counts["invalid"]}
    _, counts, refused = run_vectors("wycheproof_jwk.json", EVERY)
    assert (counts["accepted"], refused) == (1, [2, 13, 14, 15])
