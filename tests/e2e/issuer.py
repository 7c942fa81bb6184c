"""A static OpenID issuer: a discovery document and a key set on a loopback port, and tokens signed with its key."""

import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec
from joserfc import jwk, jwt
from pytest_socket import SocketBlockedError


class _Server(ThreadingHTTPServer):
    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """The issuer outlives the end-to-end tests; a gate's last question must not fail a test without sockets."""
        try:
            return super().get_request()
        except (SocketBlockedError, UserWarning):
            raise ConnectionAbortedError from None


class Issuer:
    """Use as a context manager, which is when it begins to listen; `url` is the `iss` of every token it gives."""

    def __init__(self, audience: str = "narrows", port: int = 0) -> None:
        self.audience = audience
        self.key = jwk.ECKey.generate_key("P-256", parameters={"use": "sig", "alg": "ES256"}, auto_kid=True)
        self._server = _Server(("127.0.0.1", port), self._handler(), bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.server_bind()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(
        self,
        subject: str,
        groups: tuple[str, ...] = (),
        *,
        lifetime: int = 3600,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """An access token; `claims` and `header` add to or replace the usual ones."""
        now = int(time.time())
        body = {"iss": self.url, "aud": self.audience, "sub": subject, "groups": list(groups), "iat": now}
        body |= {"exp": now + lifetime, **claims}
        head = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt", **(header or {})}
        return jwt.encode(head, body, self.key)

    def settings(self, name: str = "corp") -> dict[str, Any]:
        """Its entry under `identity.issuers`."""
        return {"name": name, "issuer": self.url, "audience": self.audience}

    def _document(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        if path == "/jwks":
            return {"keys": [self.key.as_dict(private=False)]}
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = issuer._document(self.path)
                body = msgspec.json.encode(document)
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
                """Quiet."""

        return Handler
