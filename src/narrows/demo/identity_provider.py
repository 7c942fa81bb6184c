"""The built-in development identity provider: OpenID discovery, a key set, and tokens for the asking.

An `ExchangeHandler` for the demo alone: it hands a token to whoever names a user, without a password. So it serves
only requests that name a loopback host (a page in a browser can't reach it by rebinding a name), it says what it is
in every document, and its signing key lives and dies with the process.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from narrows.ports.http import BodyRefused, Exchange

WARNING: Final = "FOR DEVELOPMENT ONLY: this provider asks for no password"
TOKEN_SECONDS: Final = 3600

_MAX_FORM: Final = 16 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-warning", WARNING.encode()),
)


class User(msgspec.Struct, frozen=True):
    """A user of the development provider."""

    name: str
    full_name: str
    groups: tuple[str, ...]
    department: str


USERS: Final = (
    User("alice", "Alice Ames", ("research",), "science"),
    User("bob", "Bob Brown", ("support",), "service"),
    User("carol", "Carol Cruz", ("contractors",), "external"),
    User("dave", "Dave Diaz", ("platform",), "engineering"),
)


class DevelopmentProvider:
    """Issues ES256 access tokens for `users` under `issuer` (its own base URL), for one `audience`."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
        users: tuple[User, ...] = USERS,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._new_id = new_id
        self._users: Mapping[str, User] = {user.name: user for user in users}
        self._key = ECKey.generate_key("P-256", {"kid": f"dev-{new_id()}", "use": "sig", "alg": "ES256"}, private=True)

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one exchange."""
        head = exchange.head
        if head.host.rpartition(":")[0] not in _LOOPBACK and head.host not in _LOOPBACK:
            _reply(
                exchange, 403, {"error": "access_denied", "error_description": "This provider is for loopback only."}
            )
            return
        match head.method, head.path:
            case "GET", "/.well-known/openid-configuration":
                _reply(exchange, 200, self._discovery())
            case "GET", "/jwks":
                _reply(exchange, 200, {"keys": [self._key.as_dict(private=False)]})
            case "POST", "/token":
                await self._token(exchange)
            case _:
                _reply(exchange, 404, {"error": "not_found", "error_description": WARNING})

    def token(self, name: str) -> str:
        """A fresh access token. Raises KeyError for a user that does not exist."""
        user = self._users[name]
        now = int(self._now())
        claims = {
            "iss": self._issuer,
            "sub": user.name,
            "aud": self._audience,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": self._new_id(),
            "name": user.full_name,
            "email": f"{user.name}@example.com",
            "groups": list(user.groups),
            "department": user.department,
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}, claims, self._key)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self._issuer,
            "jwks_uri": f"{self._issuer}/jwks",
            "token_endpoint": f"{self._issuer}/token",
            "authorization_endpoint": f"{self._issuer}/authorize",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "x_warning": WARNING,
        }

    async def _token(self, exchange: Exchange) -> None:
        try:
            form = parse_qs((await exchange.body(_MAX_FORM)).decode("utf-8"), max_num_fields=20)
        except (BodyRefused, ValueError):
            _reply(exchange, 400, {"error": "invalid_request", "error_description": "Send a form: user=alice"})
            return
        name = (form.get("user") or form.get("username") or [""])[0]
        if name not in self._users:
            known = ", ".join(self._users)
            _reply(
                exchange, 400, {"error": "invalid_grant", "error_description": f"There is no such user; try {known}."}
            )
            return
        token = {"access_token": self.token(name), "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        _reply(exchange, 200, {**token, "x_warning": WARNING})


def _reply(exchange: Exchange, status: int, document: dict[str, Any]) -> None:
    exchange.respond(status, _HEADERS, json.dumps(document).encode())
