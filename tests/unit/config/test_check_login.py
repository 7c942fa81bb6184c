"""A sign-in that can't work, or that would tell a secret, is a problem with a key."""

from typing import Any

import msgspec
import pytest

from narrows.config.check import check
from narrows.config.check_login import PROTOCOL
from narrows.config.problem import Problem
from narrows.config.schema import Config


def checked(
    login: dict[str, Any], console: dict[str, Any] | None = None, **issuer: Any
) -> tuple[list[Problem], list[Problem]]:
    corp = {"name": "corp", "issuer": "https://corp", "audience": "a", "login": {"client_id": "cli"} | login}
    plain = {
        "console": console or {},
        "identity": {"issuers": [corp | issuer]},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "p", "who": {"groups": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
    }
    problems, warnings = check(msgspec.convert(plain, Config))
    return [p for p in problems if "login" in p.key or "console" in p.key], [w for w in warnings if "login" in w.key]


def keys(problems: list[Problem]) -> list[str]:
    return [problem.key.removeprefix("identity.issuers[0].login") for problem in problems]


def test_what_is_fine_is_fine() -> None:
    assert checked({"resource": "urn:narrows", "parameters": {"audience": "narrows"}}) == ([], [])
    assert checked({"id_tokens": True}, {"url": "https://console.test"}, tokens="exchange") == ([], [])


@pytest.mark.parametrize("name", ["", " ", "a\nb"])
def test_a_client_has_a_name(name: str) -> None:
    assert keys(checked({"client_id": name})[0]) == [".client_id"]


@pytest.mark.parametrize("scope", ["", "openid profile", 'a"b', "a\\b", "ümlaut"])
def test_scopes_stand_one_by_one(scope: str) -> None:
    assert keys(checked({"scopes": ["openid", scope]})[0]) == [".scopes[1]"]


@pytest.mark.parametrize(
    "uri", ["https://127.0.0.1/", "http://127.0.0.2/", "http://a.test/", "http://127.0.0.1/?a", "x"]
)
def test_the_browser_comes_back_to_the_machine_it_is_on(uri: str) -> None:
    assert keys(checked({"redirect_uri": uri})[0]) == [".redirect_uri"]
    assert checked({"redirect_uri": "http://localhost:8250/oidc/callback"})[0] == []


@pytest.mark.parametrize("name", sorted(PROTOCOL))
def test_a_parameter_of_the_protocol_itself_is_a_problem(name: str) -> None:
    assert keys(checked({"parameters": {name: "x"}})[0]) == [f".parameters.{name}"]


def test_id_tokens_need_their_scope_and_a_place_to_be_exchanged() -> None:
    problems, warnings = checked({"id_tokens": True, "scopes": ["profile"]})
    assert keys(problems) == [".scopes"]
    assert keys(warnings) == [".id_tokens"]


def test_a_sign_in_whose_tokens_nobody_takes_is_a_problem() -> None:
    assert keys(checked({}, tokens="exchange")[0]) == [""]


def test_the_consoles_address_is_a_url() -> None:
    assert keys(checked({}, {"url": "console"})[0]) == ["console.url"]
