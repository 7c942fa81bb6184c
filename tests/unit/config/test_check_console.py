"""Roles that mean nobody or everybody, and addresses that can't be, are problems with a key."""

from typing import Any

import msgspec
import pytest

from narrows.config.check import check
from narrows.config.problem import Problem
from narrows.config.schema import Config


def checked(
    console: dict[str, Any], issuers: tuple[str, ...] = ("corp",), gate: dict[str, Any] | None = None
) -> tuple[list[Problem], list[Problem]]:
    plain = {
        "gate": gate or {},
        "console": console,
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "p", "who": {"service_accounts": ["*"]}, "may": {"connections": ["openai"], "operations": ["*"]}}
        ],
    }
    problems, warnings = check(msgspec.convert(plain, Config))
    return problems, [warning for warning in warnings if warning.key.startswith("console")]


def told(console: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return [(problem.key, problem.message) for problem in checked(console, **more)[0] if "console" in problem.key]


def test_what_is_fine_is_fine() -> None:
    roles = {"admin": ["corp:platform", "ops"], "approver": ["security"], "auditor": ["corp:audit"], "user": ["*"]}
    console = {"listen": "127.0.0.1:0", "trusted_proxies": ["10.0.0.0/8"], "roles": roles}
    assert checked(console) == ([], [])


@pytest.mark.parametrize("role", ["admin", "approver", "auditor"])
def test_only_the_least_role_may_be_everybodys(role: str) -> None:
    assert told({"roles": {role: ["*"]}}) == [(f"console.roles.{role}[0]", f"would make everybody {role}")]


@pytest.mark.parametrize("name", ["", " ops", "corp:", ":ops"])
def test_a_name_of_nobody_is_a_problem(name: str) -> None:
    assert told({"roles": {"user": ["fine", name]}}) == [("console.roles.user[1]", "names no group")]


def test_names_are_exact() -> None:
    ((key, message),) = told({"roles": {"admin": ["ops-*"]}})
    assert key == "console.roles.admin[0]"
    assert "exact" in message


def test_with_several_issuers_a_group_says_whose_it_is() -> None:
    found, _ = checked({"roles": {"admin": ["ops", "crop:ops", "corp:ops"]}}, issuers=("corp", "partner"))
    assert [problem.key for problem in found] == ["console.roles.admin[0]", "console.roles.admin[1]"]
    assert found[1].hint == "did you mean `corp`?"


def test_without_an_issuer_nobody_can_have_a_role() -> None:
    ((key, message),) = told({"roles": {"admin": ["ops"]}}, issuers=())
    assert (key, message) == ("console.roles.admin[0]", "can't be anyone: no issuer is configured")


@pytest.mark.parametrize("name", ["listen", "admin"])
def test_it_has_an_address_of_its_own(name: str) -> None:
    gate = {"listen": "127.0.0.1:1", "admin": "127.0.0.1:2"} | {name: "127.0.0.1:8081"}
    assert told({}, gate=gate) == [("console.listen", f"is the same address as gate.{name}")]
    assert told({"listen": "nowhere"})[0][0] == "console.listen"
    assert told({"trusted_proxies": ["10.0.0.1/8"]})[0][0] == "console.trusted_proxies[0]"


@pytest.mark.parametrize(
    ("console", "warned"),
    [
        ({"listen": "0.0.0.0:8081"}, True),
        ({"listen": "0.0.0.0:8081", "trusted_proxies": ["10.0.0.0/8"]}, False),
        ({"listen": "0.0.0.0:8081", "tls": {"certificate": "a", "key": "b"}}, False),
        ({"listen": "[::1]:8081"}, False),
        ({"listen": "localhost:8081"}, False),
    ],
)
def test_tokens_in_the_clear_are_warned_of(console: dict[str, Any], warned: bool) -> None:
    problems, warnings = checked(console)
    assert problems == []
    assert [warning.key for warning in warnings] == (["console.listen"] if warned else [])
