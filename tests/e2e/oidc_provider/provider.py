"""The npm package oidc-provider as a subprocess: installed when needed, started, asked for tokens, stopped."""

import base64
import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from e2e.oidc_provider.browser import Browser
from e2e.processes import Server, free_port

HERE = Path(__file__).parent
INSTALL_SECONDS = 180

User = Literal["alice", "bob", "carol"]


class OidcProvider:
    """A running provider. Users: alice (research), bob (support), carol (platform, research)."""

    def __init__(self, folder: Path, logout: str | None = None) -> None:
        """`logout`: where it tells of those who sign out."""
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        command = ["node", str(HERE / "server.mjs"), str(port), *([] if logout is None else [logout])]
        self._server = Server(command, folder / "oidc-provider.log", cwd=HERE)
        try:
            self._server.wait_for(f"{self.issuer}/.well-known/openid-configuration")
        except AssertionError:
            self._server.kill()
            raise

    def settings(self, **changes: Any) -> dict[str, Any]:
        """An entry for `identity.issuers`."""
        usual = {"name": "oidc", "issuer": self.issuer, "audience": "narrows", "attributes": ["department"]}
        return {**usual, **changes}

    def introspection(self) -> dict[str, Any]:
        """What `introspection` of that entry needs for opaque tokens."""
        return {
            "endpoint": f"{self.issuer}/token/introspection",
            "client_id": "gate",
            "client_secret": "gate-secret",
            "cache": "30s",
        }

    def token(self, user: User = "alice", resource: str = "urn:narrows") -> str:
        """A fresh access token; server.mjs lists the resources."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": "infer"}
        reply = httpx.post(f"{self.issuer}/token", data=form, auth=(user, f"{user}-secret"), trust_env=False)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["access_token"])

    def id_token(self, user: User = "alice") -> str:
        """An ID token for the client `cli`, by the authorization code flow with PKCE."""
        verifier, redirect = "v" * 64, "http://127.0.0.1:1/callback"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": "cli",
            "redirect_uri": redirect,
            "scope": "openid",
            "state": "s",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        landed = Browser(user).landed(f"{self.issuer}/auth?{urlencode(asked)}", redirect)
        code = parse_qs(urlsplit(landed).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "client_id": "cli",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        reply = httpx.post(f"{self.issuer}/token", data=form, trust_env=False)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["id_token"])

    def revoke(self, user: User, token: str) -> None:
        """Ends an opaque token at the provider."""
        reply = httpx.post(
            f"{self.issuer}/token/revocation", data={"token": token}, auth=(user, f"{user}-secret"), trust_env=False
        )
        assert reply.status_code == 200, reply.text

    def rotate(self, *, keep: bool = False) -> None:
        """Signs with new keys; the old ones stay published only with `keep`."""
        httpx.post(f"{self.issuer}/rotate{'?keep=1' if keep else ''}", trust_env=False).raise_for_status()

    @property
    def ready_line(self) -> dict[str, Any]:
        """What it printed when it was ready."""
        lines = [line for line in self._server.output.splitlines() if line.startswith("{")]
        line: dict[str, Any] = json.loads(lines[0])
        return line

    def stop(self) -> None:
        self._server.stop()


def install() -> None:
    """Installs the locked packages once; several test processes may call at the same time."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("a real OpenID provider needs node and npm")
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (HERE / "node_modules" / "oidc-provider").exists():
            return
        command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm ci of the OpenID provider failed: {done.stderr.strip()[-400:]}")


@pytest.fixture(scope="session")
def oidc_provider() -> Iterator[OidcProvider]:
    """A real OpenID provider, for the whole session. Import it into a conftest.py to use it."""
    install()
    with tempfile.TemporaryDirectory() as folder:
        provider = OidcProvider(Path(folder))
        yield provider
        provider.stop()
