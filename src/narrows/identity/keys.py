"""Public key sets: a JWKS document becomes the keys that may verify a signature, and nothing else.

It owns which key may be used for which algorithm (RFC 7517 `use`, `key_ops`, `alg`; RFC 7518 key types and curves) and
which keys are too weak to be used at all. It knows nothing of tokens, issuers or the network.
"""

import hashlib
import json
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from narrows.identity.documents import Json, strict_object

PublicKey = RSAKey | ECKey | OKPKey

MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 16384
MAX_GUESSES: Final = 8
"""A token without `kid` is tried against at most so many keys."""

_RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVE_ALGORITHMS: Final = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
    ("OKP", "Ed448"): frozenset({"EdDSA"}),
}
_PUBLIC_MEMBERS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}

# CVE-2017-15361: primes of the faulty generator are powers of 65537 modulo these, so its moduli are too.
_ROCA_PRIMES: Final = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83),
    *(89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)


class VerifyingKey(msgspec.Struct, frozen=True):
    """A public key and the algorithms that it may verify."""

    kid: str | None
    algorithms: frozenset[str]
    key: PublicKey


class KeySet:
    """The usable keys of one issuer. `fingerprint` changes exactly when they do."""

    __slots__ = ("_keys", "fingerprint")

    def __init__(self, keys: tuple[VerifyingKey, ...], fingerprint: bytes) -> None:
        self._keys = keys
        self.fingerprint = fingerprint

    def __len__(self) -> int:
        return len(self._keys)

    def candidates(self, kid: str | None, algorithm: str) -> list[VerifyingKey]:
        """The keys that may have signed: those of that `kid`, or all that fit where the token names none."""
        fitting = [key for key in self._keys if algorithm in key.algorithms and (kid is None or key.kid == kid)]
        return fitting[:MAX_GUESSES]


def read_key_set(data: bytes) -> KeySet | None:
    """The usable keys of a JWKS document, or None if it is not one. Keys that can't be used are left out."""
    document = strict_object(data)
    members = document.get("keys") if document is not None else None
    if not isinstance(members, list) or len(members) > MAX_KEYS:
        return None
    keys: list[VerifyingKey] = []
    described: list[str] = []
    for member in members:
        key = _read_key(member) if isinstance(member, dict) else None
        if key is not None:
            keys.append(key)
            described.append(json.dumps([key.kid, sorted(key.algorithms), key.key.thumbprint()]))
    return KeySet(tuple(keys), hashlib.sha256("\n".join(sorted(described)).encode()).digest())


def _read_key(jwk: Json) -> VerifyingKey | None:
    kind, kid = jwk.get("kty"), jwk.get("kid")
    if not isinstance(kind, str) or kind not in _PUBLIC_MEMBERS or not (kid is None or isinstance(kid, str)):
        return None
    if "d" in jwk or not _for_signatures(jwk):
        # A private key that is published is anybody's.
        return None
    public = {"kty": kind, **{name: jwk.get(name) for name in _PUBLIC_MEMBERS[kind]}}
    if not all(isinstance(value, str) and value for value in public.values()):
        return None
    algorithms = _algorithms(jwk, kind)
    key = _import(public, kind) if algorithms else None
    return VerifyingKey(kid, algorithms, key) if key is not None else None


def _for_signatures(jwk: Json) -> bool:
    operations = jwk.get("key_ops")
    return jwk.get("use") in (None, "sig") and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )


def _algorithms(jwk: Json, kind: str) -> frozenset[str]:
    able = _RSA_ALGORITHMS if kind == "RSA" else _CURVE_ALGORITHMS.get((kind, str(jwk.get("crv"))), frozenset())
    intended = jwk.get("alg")
    return able if intended is None else able & {str(intended)}


def _import(public: dict[str, Any], kind: str) -> PublicKey | None:
    try:
        match kind:
            case "RSA":
                return RSAKey.import_key(public) if _strong(public) else None
            case "EC":
                return ECKey.import_key(public)
            case _:
                return OKPKey.import_key(public)
    except (JoseError, ValueError):
        # A point off the curve, coordinates of the wrong length, broken base64url.
        return None


def _strong(public: dict[str, Any]) -> bool:
    modulus = int.from_bytes(urlsafe_b64decode(public["n"].encode()), "big")
    exponent = int.from_bytes(urlsafe_b64decode(public["e"].encode()), "big")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        return False
    return exponent >= 3 and exponent % 2 == 1 and modulus % 2 == 1 and not _roca(modulus)


def _roca(modulus: int) -> bool:
    return all(_power_of_65537(modulus % prime, prime) for prime in _ROCA_PRIMES)


def _power_of_65537(residue: int, prime: int) -> bool:
    value = 1
    for _ in range(prime):
        if value == residue:
            return True
        value = value * 65537 % prime
    return False
