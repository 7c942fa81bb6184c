"""Key sets: which keys are usable, for what, and which are left out."""

import json
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from narrows.identity.keys import MAX_KEYS, KeySet, read_key_set
from unit.identity.world import key_set, public, signing_key


def read(*members: object) -> KeySet:
    keys = read_key_set(json.dumps({"keys": list(members)}).encode())
    assert keys is not None
    return keys


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_is_found_by_kid_and_algorithm(algorithm: str) -> None:
    keys = read(public(signing_key(algorithm)))
    assert len(keys.candidates("one", algorithm)) == 1
    assert len(keys.candidates(None, algorithm)) == 1
    assert keys.candidates("other", algorithm) == []
    assert keys.candidates("one", "HS256") == []


def test_a_key_without_alg_serves_what_its_type_can() -> None:
    rsa = read(public(signing_key("RS256"), alg=None))
    assert all(rsa.candidates("one", name) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"))
    assert not rsa.candidates("one", "ES256")
    elliptic = read(public(signing_key("ES256"), alg=None))
    assert elliptic.candidates("one", "ES256")
    assert not elliptic.candidates("one", "ES384")


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"alg": "HS256"},
        {"alg": 7},
        {"kty": "oct"},
        {"kty": "RSA"},
        {"kty": None},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": None},
        {"crv": "secp256k1"},
        {"x": ""},
        {"x": 5},
        {"x": "!!"},
        {"y": "AAAA"},
        {"kid": 5},
        {"d": "AQAB"},
    ],
)
def test_a_key_that_must_not_verify_is_left_out(change: dict[str, Any]) -> None:
    assert len(read(public(signing_key("ES256"), **change))) == 0


def test_key_ops_with_verify_is_usable() -> None:
    assert len(read(public(signing_key("ES256"), use=None, key_ops=["verify"]))) == 1


def test_a_bad_key_does_not_spoil_the_good_ones() -> None:
    good = public(signing_key("ES256"))
    keys = read({"kty": "AKP", "pub": "x"}, "text", None, {**good, "kid": "enc", "use": "enc"}, good)
    assert len(keys) == 1
    assert keys.candidates("one", "ES256")


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_short_rsa_keys_are_left_out() -> None:
    assert len(read(RSAKey.generate_key(1024, {"kid": "one"}).as_dict(private=False))) == 0


@pytest.mark.parametrize("exponent", ["AQ", "Ag", "AAAA"])
def test_rsa_keys_with_a_useless_exponent_are_left_out(exponent: str) -> None:
    assert len(read(public(signing_key("RS256"), e=exponent))) == 0


def test_symmetric_keys_are_left_out() -> None:
    assert len(read(OctKey.generate_key(256, {"kid": "one", "alg": "HS256"}).as_dict(private=True))) == 0


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": [], "keys": []}', b"<html>"])
def test_what_is_no_key_set_is_none(data: bytes) -> None:
    assert read_key_set(data) is None


def test_a_set_is_bounded() -> None:
    members = [public(signing_key("ES256"), kid=str(number)) for number in range(MAX_KEYS + 1)]
    assert read_key_set(json.dumps({"keys": members}).encode()) is None
    assert len(read(*members[:-1])) == MAX_KEYS
    assert len(read(*members[:-1]).candidates(None, "ES256")) == 8


def test_the_fingerprint_follows_the_keys_only() -> None:
    one, two = signing_key("ES256", "one"), signing_key("ES256", "two")
    first = read_key_set(key_set(one, two))
    again = read_key_set(json.dumps({"x": 1, "keys": [public(two), public(one, x5t="ignored")]}).encode())
    other = read_key_set(key_set(one))
    renamed = read(public(one, kid="renamed"), public(two))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.fingerprint == again.fingerprint
    assert len({first.fingerprint, other.fingerprint, renamed.fingerprint}) == 3
