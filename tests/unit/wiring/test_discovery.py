"""What clients are told of issuers: those at which people sign in, with what a client needs, and no secret."""

import json
from typing import Any

import msgspec

from narrows.config.schema import Config
from narrows.model.secret import Secret
from narrows.wiring.discovery import document


def told(*issuers: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {
        "identity": {"issuers": list(issuers)},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "p", "who": {"groups": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
    }
    secrets = lambda kind, value: Secret(value)  # noqa: E731
    found: dict[str, Any] = json.loads(document(msgspec.convert(plain | more, Config, dec_hook=secrets)))
    return found


def issuer(name: str, **login: Any) -> dict[str, Any]:
    return {"name": name, "issuer": f"https://{name}.test", "audience": "narrows", "login": login or None}


def test_a_client_is_told_what_it_needs_to_sign_in() -> None:
    assert told(issuer("corp", client_id="cli"), console={"url": "https://console.test/"}) == {
        "issuers": [
            {
                "name": "corp",
                "issuer": "https://corp.test",
                "client_id": "cli",
                "audience": "narrows",
                "scopes": ["openid", "profile", "offline_access"],
                "redirect_uri": "http://127.0.0.1/callback",
                "tokens": "access",
                "opaque": False,
            }
        ],
        "console": "https://console.test",
    }


def test_an_issuer_without_a_sign_in_is_not_named() -> None:
    assert told(issuer("corp"), issuer("ci")) == {"issuers": [], "console": None}


def test_what_some_providers_want_besides_is_told_too() -> None:
    login = {
        "client_id": "cli",
        "id_tokens": True,
        "resource": "urn:narrows",
        "parameters": {"access_type": "offline"},
        "public_client_secret": "everybody-knows",
    }
    (found,) = told(issuer("corp", **login), notify={"console": "https://console.test"})["issuers"]
    assert found["tokens"] == "id"
    assert found["resource"] == "urn:narrows"
    assert found["parameters"] == {"access_type": "offline"}
    assert found["client_secret"] == "everybody-knows"


def test_a_secret_of_the_gate_stays_where_it_is() -> None:
    introspection = {"endpoint": "https://corp.test/i", "client_id": "gate", "client_secret": "gate-secret-canary"}
    found = told(issuer("corp", client_id="cli") | {"introspection": introspection})
    assert found["issuers"][0]["opaque"] is True
    assert "canary" not in json.dumps(found)
    assert "gate" not in json.dumps(found)
