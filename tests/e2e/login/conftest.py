"""A gate whose issuer is a real OpenID provider, with the sample model behind it, and people who sign in for it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.gate import Gate
from e2e.login.person import Person
from e2e.oidc_provider.provider import OidcProvider, oidc_provider

__all__ = ["oidc_provider"]

LOGIN = {
    "client_id": "cli",
    "scopes": ["openid", "offline_access", "infer"],
    "resource": "urn:narrows",
    # This provider gives refresh tokens only to those who were asked.
    "parameters": {"prompt": "consent"},
}


@pytest.fixture(scope="module")
def login_gate(
    tmp_path_factory: pytest.TempPathFactory, oidc_provider: OidcProvider, settings: dict[str, Any]
) -> Iterator[Gate]:
    """One gate for a module's tests."""
    own = {**settings, "identity": {"issuers": [oidc_provider.settings(login=LOGIN)]}}
    gate = Gate(tmp_path_factory.mktemp("login"), own).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture
def person(tmp_path: Path, login_gate: Gate) -> Callable[[str], Person]:
    """Makes a person with a home of their own."""

    def make(user: str) -> Person:
        home = tmp_path / user
        home.mkdir()
        return Person(user, home, login_gate.url)

    return make
