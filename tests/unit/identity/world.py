"""A small world for identity: a clock that stands still, a provider that signs, a fetcher that serves from memory."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from narrows.config.schema import IdentitySettings, Introspection, Issuer
from narrows.identity.authenticator import build_authenticator
from narrows.identity.documents import strict_object
from narrows.identity.jwks import KeyTiming
from narrows.identity.jws import Compact, take_apart
from narrows.identity.revocations import Revocations
from narrows.identity.service_accounts import Issued, issue
from narrows.model.principal import Identity
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.identity import FetchFailed
from narrows.stores.sqlite.control import ControlDb, ControlWatch
from narrows.stores.sqlite.tokens import SqliteTokenWatch
from unit.identity.revoking import MemoryWatch

START = 1_700_000_000
"""The moment at which every clock of these tests starts, in Unix seconds."""

ISSUER = "https://idp.example.com"
AUDIENCE = "narrows"
SigningKey = RSAKey | ECKey | OKPKey


class StillClock:
    """Moves only when told to."""

    def __init__(self) -> None:
        self.time = START * 1_000_000

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time - START * 1_000_000 + 5_000_000

    def advance(self, seconds: float) -> None:
        self.time += round(seconds * 1_000_000)


def signing_key(algorithm: str = "ES256", kid: str = "one") -> SigningKey:
    """A private key for an algorithm; the same one for the same arguments."""
    return _generated(algorithm, kid)


@cache
def _generated(algorithm: str, kid: str) -> SigningKey:
    parameters: Any = {"kid": kid, "use": "sig", "alg": algorithm}
    match algorithm[:2]:
        case "RS" | "PS":
            return RSAKey.generate_key(2048, parameters)
        case "ES":
            curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
            return ECKey.generate_key(curve, parameters)
        case _:
            return OKPKey.generate_key("Ed25519", parameters)


def public(key: SigningKey, **changes: Any) -> dict[str, Any]:
    """Its public JWK, members changed or (None) removed."""
    members = {**key.as_dict(private=False), **changes}
    return {name: value for name, value in members.items() if value is not None}


def key_set(*keys: SigningKey) -> bytes:
    """A JWKS document."""
    return json.dumps({"keys": [public(key) for key in keys]}).encode()


def encode(
    header: bytes | dict[str, Any], payload: bytes | dict[str, Any], key: SigningKey | OctKey, algorithm: str
) -> str:
    """A compact JWS over any bytes, so that a token can be wrong in one way and rightly signed all the same."""
    parts = [json.dumps(part).encode() if isinstance(part, dict) else part for part in (header, payload)]
    signed = ".".join(_base64(part) for part in parts)
    signature = JWSRegistry.algorithms[algorithm].sign(signed.encode(), key)
    return f"{signed}.{_base64(signature)}"


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


class Provider:
    """An OpenID provider in memory."""

    def __init__(self, issuer: str = ISSUER, algorithm: str = "ES256") -> None:
        self.issuer = issuer
        self.algorithm = algorithm
        self.key = signing_key(algorithm)
        self.fetcher = MemoryFetcher()
        self.publish(self.key)

    def publish(self, *keys: SigningKey) -> None:
        """Serves discovery and these keys."""
        self.fetcher.documents[f"{self.issuer}/.well-known/openid-configuration"] = json.dumps(
            {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        ).encode()
        self.fetcher.documents[f"{self.issuer}/jwks"] = key_set(*keys)

    def rotate(self, kid: str, *, keep: bool = False) -> None:
        """Signs with a new key from now on."""
        old, self.key = self.key, signing_key(self.algorithm, kid)
        self.publish(self.key, *([old] if keep else []))

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims that are right in every way, changed or (None) removed."""
        usual = {
            "iss": self.issuer,
            "sub": "alice",
            "aud": AUDIENCE,
            "iat": START,
            "exp": START + 600,
            "groups": ["research"],
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token that is right in every way but these."""
        usual = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.key.kid, **(header or {})}
        head = {name: value for name, value in usual.items() if value is not None}
        return encode(head, self.claims(**changes), self.key, self.algorithm)


class MemoryFetcher:
    """A Fetcher that serves documents from memory, counts, and can be held up or down."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.forms: list[tuple[dict[str, str], str | None]] = []
        self.down = False
        self.gate: asyncio.Event | None = None
        self.on_post: Callable[[], None] = lambda: None

    async def get(self, url: str) -> bytes:
        self.asked.append(url)
        await self._wait()
        if self.down or url not in self.documents:
            raise FetchFailed("connection refused")
        return self.documents[url]

    async def post_form(self, url: str, form: dict[str, str], authorization: str | None) -> bytes:
        self.asked.append(url)
        self.forms.append((form, authorization))
        await self._wait()
        self.on_post()
        if self.down:
            raise FetchFailed("connection refused")
        return json.dumps(self.answers.get(form["token"], {"active": False})).encode()

    async def post_json(self, url: str, body: bytes, authorization: str) -> bytes:
        raise FetchFailed(f"nobody answers at {url}")

    async def _wait(self) -> None:
        if self.gate is not None:
            await self.gate.wait()


INTROSPECTION = Introspection(
    endpoint=f"{ISSUER}/introspect", client_id="gate", client_secret=Secret("canary-client-secret"), cache=30.0
)


def issuer(**changes: Any) -> Issuer:
    """The configured issuer of these tests."""
    usual: dict[str, Any] = {
        "name": "corp",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": ("ES256",),
        "leeway": 30.0,
    }
    return Issuer(**{**usual, **changes})


def compact(token: str) -> Compact:
    """A token taken apart; it must have the form of one."""
    parts = take_apart(token)
    assert isinstance(parts, Compact)
    return parts


def payload(token: str) -> dict[str, Any]:
    """A token's claims."""
    claims = strict_object(compact(token).payload)
    assert claims is not None
    return claims


class Gate:
    """An authenticator with everything around it: a provider, a real control.db, a clock."""

    def __init__(self, folder: Path, *issuers: Issuer, timing: KeyTiming | None = None) -> None:
        self.clock = StillClock()
        self.provider = Provider()
        self.fetcher = self.provider.fetcher
        self.control = ControlDb(folder, self.clock)
        self.watch = ControlWatch(folder)
        settings = IdentitySettings(issuers=issuers or (issuer(introspection=INTROSPECTION),))
        self.revoked = MemoryWatch()
        self.revocations = Revocations(self.revoked, self.clock)
        self.revocations.poll()
        self.authenticator = build_authenticator(
            settings,
            self.fetcher,
            self.watch,
            self.clock,
            timing=timing,
            issued=SqliteTokenWatch(folder),
            checks=self.revocations,
        )

    def account(self, name: str = "etl", days: float = 1.0) -> Issued:
        """A new service account."""
        return issue(
            self.control, self.clock, name=name, owner="alice", expires=self.clock.now() + round(days * 86_400_000_000)
        )

    def opaque(self, token: str = "opaque-token", **changes: Any) -> str:
        """An opaque token that the provider says is active."""
        answer = {"active": True, "token_type": "Bearer", **self.provider.claims(), **changes}
        self.fetcher.answers[token] = {name: value for name, value in answer.items() if value is not None}
        return token

    async def identity(self, token: str) -> Identity:
        """Verifies a token that must be good."""
        found = await self.authenticator.verify(token)
        assert isinstance(found, Identity), found
        return found

    async def denied(self, token: str) -> Deny:
        """Verifies a token that must not be."""
        found = await self.authenticator.verify(token)
        assert isinstance(found, Deny)
        return found

    async def close(self) -> None:
        await self.authenticator.close()
        self.watch.close()
        self.control.close()
