"""A real OpenID provider, and the gate's authenticator with its real parts in front of it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2e.oidc_provider.provider import OidcProvider, oidc_provider
from narrows.config.schema import IdentitySettings, Introspection, Issuer
from narrows.identity.authenticator import GateAuthenticator, build_authenticator
from narrows.identity.jwks import KeyTiming
from narrows.model.secret import Secret
from narrows.stores.sqlite.control import ControlWatch
from narrows.upstream.fetch import DocumentFetcher
from narrows.wiring.clock import SystemClock

__all__ = ["oidc_provider"]

Build = Callable[..., GateAuthenticator]


@pytest.fixture
async def build(oidc_provider: OidcProvider, tmp_path: Path) -> AsyncIterator[Build]:
    """Builds authenticators for the provider's issuer with settings changed."""
    fetcher = DocumentFetcher()
    built: list[GateAuthenticator] = []

    def make(*, opaque: bool = False, cooldown: float = 0.0, **changes: Any) -> GateAuthenticator:
        settings = oidc_provider.settings(attributes=("department",), **changes)
        if opaque:
            given = oidc_provider.introspection()
            secret = Secret(given["client_secret"])
            settings["introspection"] = Introspection(**{**given, "client_secret": secret, "cache": 30.0})
        authenticator = build_authenticator(
            IdentitySettings(issuers=(Issuer(**settings),)),
            fetcher,
            ControlWatch(tmp_path),
            SystemClock(),
            timing=msgspec.structs.replace(KeyTiming(), cooldown=cooldown),
        )
        built.append(authenticator)
        return authenticator

    yield make
    for authenticator in built:
        await authenticator.close()
    fetcher.close()
