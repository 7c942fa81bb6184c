"""A provider's description is taken if it is its own, and leads nowhere that is less protected."""

import json
from typing import Any

import pytest

from narrows.client.failure import SignInFailed
from narrows.client.provider import read_provider
from unit.client.world import IDP, PROVIDER, World

WHERE = f"{IDP}/.well-known/openid-configuration"


def world(**changes: Any) -> World:
    made = World()
    found = json.loads(made.documents[WHERE]) | changes
    made.documents[WHERE] = json.dumps({name: value for name, value in found.items() if value is not None}).encode()
    return made


def test_it_says_where_everything_is() -> None:
    assert read_provider(world(), IDP) == PROVIDER
    assert read_provider(world(device_authorization_endpoint=None), IDP).device_authorization_endpoint is None


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.test"},
        {"issuer": f"{IDP}/"},
        {"token_endpoint": None},
        {"token_endpoint": "http://idp.test/token"},
        {"token_endpoint": "http://127.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"device_authorization_endpoint": 7},
    ],
)
def test_one_that_leads_astray_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SignInFailed):
        read_provider(world(**changes), IDP)
