"""A gate and its provider in memory, as the client's side sees them: documents that are read, forms that are posted."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from narrows.client.device import DeviceCode, Waiting
from narrows.client.failure import Unreachable
from narrows.client.gate import GateDocument, Issuer
from narrows.client.provider import Provider
from narrows.client.tokens import Tokens
from narrows.client.web import Answer
from narrows.model.secret import Secret
from unit.identity.world import START, encode, key_set, signing_key

GATE = "https://gate.test"
IDP = "https://idp.test"
CONSOLE = "https://console.test"

ISSUER = Issuer(name="corp", issuer=IDP, client_id="cli", audience="narrows", scopes=("openid", "offline_access"))
PROVIDER = Provider(
    issuer=IDP,
    token_endpoint=f"{IDP}/token",
    jwks_uri=f"{IDP}/jwks",
    authorization_endpoint=f"{IDP}/authorize",
    device_authorization_endpoint=f"{IDP}/device",
    revocation_endpoint=f"{IDP}/revoke",
    code_challenge_methods_supported=("S256",),
)
DOCUMENT = GateDocument((ISSUER,), CONSOLE)

Reply = tuple[int, dict[str, Any]] | Exception


class World:
    """`documents` by address; `replies` to forms by address, a list used up or a function of the form."""

    def __init__(self) -> None:
        self.time = START
        self.slept: list[float] = []
        self.key = signing_key()
        self.documents: dict[str, bytes] = {
            f"{IDP}/.well-known/openid-configuration": _json(
                {name: getattr(PROVIDER, name) for name in PROVIDER.__struct_fields__}
            ),
            f"{IDP}/jwks": key_set(self.key),
        }
        self.replies: dict[str, list[Reply] | Callable[[dict[str, str]], Reply]] = {}
        self.forms: list[tuple[str, dict[str, str]]] = []

    # What `Web` does.

    def read(self, url: str) -> bytes:
        if url not in self.documents:
            raise Unreachable(f"{url} does not answer")
        return self.documents[url]

    def get(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.read(url))
        return found

    def post(self, url: str, form: dict[str, str]) -> Answer:
        self.forms.append((url, form))
        script = self.replies[url]
        reply = script(form) if callable(script) else script.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return Answer(reply[0], _json(reply[1]))

    # What the flows are given besides.

    def now(self) -> int:
        return self.time

    def waiting(self) -> Waiting:
        return Waiting(self.now, self._sleep, lambda: float(self.time))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += int(seconds)

    # What the provider makes.

    def id_token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """An ID token that is right in every way but these."""
        usual = {
            "iss": IDP,
            "sub": "alice",
            "aud": "cli",
            "iat": self.time,
            "exp": self.time + 600,
            "email": "alice@corp.test",
        }
        claims = {name: value for name, value in {**usual, **changes}.items() if value is not None}
        return encode({"alg": "ES256", "kid": self.key.kid, **(header or {})}, claims, self.key, "ES256")

    def access_token(self, **changes: Any) -> str:
        """An access token for the gate."""
        usual = {"aud": "narrows", "jti": str(len(self.forms)), "email": None}
        return self.id_token({"typ": "at+jwt"}, **{**usual, **changes})

    def grant(self, *, refresh: str | None = "r1", nonce: str | None = None, **changes: Any) -> dict[str, Any]:
        """The body of a token endpoint's reply."""
        usual = {
            "access_token": self.access_token(),
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": refresh,
            "id_token": self.id_token(nonce=nonce),
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def tokens(world: World, *, lasts: int = 600, refresh: str | None = "r0") -> Tokens:
    """Tokens received now."""
    kept = None if refresh is None else Secret(refresh)
    return Tokens(Secret("access-0"), world.time + lasts, world.time, kept)


def plain(value: object) -> dict[str, Any]:
    """A struct as it comes back from a file."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return found


class Terminal:
    """Keeps what a person is told; `visit` is what they then do with the page."""

    def __init__(self, visit: Callable[[str], None] = lambda url: None) -> None:
        self.pages: list[str] = []
        self.codes: list[DeviceCode] = []
        self._visit = visit

    def page(self, url: str) -> None:
        self.pages.append(url)
        self._visit(url)

    def code(self, code: DeviceCode) -> None:
        self.codes.append(code)


def asked(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def challenge(verifier: str) -> str:
    """RFC 7636, written anew."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def counting() -> Callable[[int], bytes]:
    """Randomness that never repeats and is known."""
    made = iter(range(1, 100))
    return lambda size: bytes([next(made)]) * size


def modes(folder: Path) -> set[int]:
    """The permissions of every file in a folder."""
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
