"""Who signs out at a real OpenID provider is told of (Back-Channel Logout), and their token is refused that is still
valid."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest

from e2e.console.console import ROLES, Console
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.oidc_provider.browser import Browser
from e2e.oidc_provider.provider import OidcProvider, install
from e2e.processes import free_port
from e2e.records import until
from e2e.revocation.conftest import Caller
from e2e.scripted import Scripted

REDIRECT = "http://127.0.0.1:1/callback"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[OidcProvider]:
    install()
    provider = OidcProvider(tmp_path_factory.mktemp("oidc"), f"http://127.0.0.1:{port}/oidc/oidc/logout")
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def port() -> int:
    """The console's."""
    return free_port()


@pytest.fixture(scope="module")
def own_gate(
    tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider, port: int, scripted: Scripted, issuer: Issuer
) -> Iterator[Gate]:
    """A gate and a console of this provider."""
    settings = {
        "recording": {"durability": "normal"},
        "console": {"listen": f"127.0.0.1:{port}", "roles": ROLES},
        "identity": {"issuers": [provider.settings(logout={"clients": ["cli"]})]},
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {
                "name": "people",
                "who": {"groups": ["research"]},
                "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
            }
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("logout"), settings).start()
    console = Console.beside(gate, issuer).start()
    yield gate
    assert console.server.stop() == 0
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in console.server.output + gate.output, console.server.output + gate.output


class SignedIn:
    """Somebody who has signed in with a browser, and their tokens."""

    def __init__(self, provider: OidcProvider, user: str) -> None:
        self._provider = provider
        self._browser = Browser(user)
        self._client = httpx.Client(trust_env=False, timeout=10)
        verifier = "v" * 64
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": "cli",
            "redirect_uri": REDIRECT,
            "scope": "openid infer",
            "resource": "urn:narrows",
            "state": "s",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        landed = self._browser._go(self._client, f"{provider.issuer}/auth?{urlencode(asked)}", {}, REDIRECT)
        code = parse_qs(urlsplit(landed.headers["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "client_id": "cli",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": verifier,
            "resource": "urn:narrows",
        }
        reply = self._client.post(f"{provider.issuer}/token", data=form)
        assert reply.status_code == 200, reply.text
        self.tokens: dict[str, Any] = reply.json()

    def close(self) -> None:
        self._client.close()

    def sign_out(self) -> None:
        """At the provider, in the same browser."""
        end = f"{self._provider.issuer}/session/end"
        page = self._client.get(end, params={"id_token_hint": self.tokens["id_token"]})
        secret = page.text.partition('name="xsrf" value="')[2].partition('"')[0]
        reply = self._client.post(urljoin(end, "/session/end/confirm"), data={"xsrf": secret, "logout": "yes"})
        assert reply.status_code in (200, 302, 303), reply.text


def test_who_signs_out_at_the_provider_is_out_here(own_gate: Gate, provider: OidcProvider) -> None:
    with ExitStack() as stack:

        def enters(user: str) -> tuple[SignedIn, Caller]:
            browser = stack.enter_context(closing(SignedIn(provider, user)))
            return browser, stack.enter_context(closing(Caller(own_gate, browser.tokens["access_token"])))

        (browser, alice), (_, carol) = enters("alice"), enters("carol")
        assert (alice.ask(), carol.ask()) == (None, None)
        browser.sign_out()
        until(lambda: alice.ask() == "credential_revoked")
        assert carol.ask() is None
        # Whoever signs in again has a token of later; `iat` is in whole seconds, so the first may be of the same one.
        until(lambda: enters("alice")[1].ask() is None)
