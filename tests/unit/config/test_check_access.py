"""A rule of access that nobody can use, or that nobody can approve, is a problem with a key."""

from typing import Any

import msgspec
import pytest

from narrows.config.check_access import AccessChecks
from narrows.config.load import read_text
from narrows.config.schema import Config

RULE: dict[str, Any] = {
    "name": "chat",
    "who": {"groups": ["research"]},
    "may": {"connections": ["openai"], "models": ["gpt-*"], "operations": ["chat"]},
    "approve": {"by": ["security"]},
}


def found(
    *rules: dict[str, Any], issuers: tuple[str, ...] = ("corp",), gate: dict[str, Any] | None = None
) -> list[str]:
    plain = {
        "gate": gate or {},
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "access": {"rules": rules},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "p", "who": {"users": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
    }
    checks = AccessChecks(msgspec.convert(plain, Config), {"openai": frozenset({"chat", "embeddings"})})
    checks.run()
    return [f"{problem.key}: {problem.message}" for problem in checks.problems]


def test_a_rule_that_is_in_order_has_no_problem() -> None:
    assert found(RULE, {**RULE, "name": "other", "approve": {"rule": True}}) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"who": {}}, "who: names nobody"),
        ({"who": {"service_accounts": ["etl"]}}, "service accounts ask nobody"),
        ({"who": {"groups": ["a"], "credential": ["oidc", "grant"]}}, "access is asked for with a sign-in"),
        ({"may": {"connections": ["opnai"], "operations": ["chat"]}}, "there is no connection `opnai`"),
        ({"may": {"connections": ["openai"], "operations": ["chta"]}}, "have no operation `chta`"),
        ({"approve": {}}, "approve: names nobody who approves"),
        ({"approve": {"rule": True, "by": ["security"]}}, "asks people, and `rule` asks nobody"),
        ({"approve": {"by": ["user:ana"], "needed": 2}}, "2 must approve, and 1 can"),
        ({"approve": {"by": ["sec*"]}}, "names of those who approve are exact"),
        ({"bind": ["network", "network"]}, "names one thing twice"),
        ({"bind": ["certificate"]}, "gate.tls.client_ca is missing"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], said: str) -> None:
    problems = found({**RULE, **changes})
    assert len(problems) == 1
    assert problems[0].startswith("access.rules[0]")
    assert said in problems[0]


def test_names_are_told_apart() -> None:
    assert found(RULE, RULE) == ["access.rules[1].name: another rule is already called chat"]
    assert "with several issuers" in found(RULE, issuers=("corp", "partner"))[0]


def test_certificates_can_be_wanted_where_clients_show_them() -> None:
    tls = {"certificate": "c", "key": "k", "client_ca": "ca"}
    assert found({**RULE, "bind": ["certificate"]}, gate={"tls": tls}) == []


def test_both_ways_to_say_who_approves_are_read() -> None:
    text = """
identity: {issuers: [{name: corp, issuer: "https://corp", audience: a}]}
connections: {openai: {url: "https://x", dialect: openai, credential: {none: true}}}
policies: [{name: p, who: {users: ["*"]}, may: {connections: ["*"], models: ["*"], operations: ["*"]}}]
access:
  rules:
    - {name: a, who: {groups: [g]}, may: {connections: [openai], operations: [chat]}, longest: 90m, approve: rule}
    - name: b
      who: {groups: [g], credential: [oidc]}
      may: {connections: [openai], operations: [chat]}
      approve: {by: [security], needed: 2}
      bind: [network]
"""
    first, second = read_text(text.encode(), "narrows.yaml", {}).config.access.rules
    assert (first.approve.rule, first.approve.by, first.longest) == (True, None, 5400.0)
    assert (second.approve.rule, second.approve.by, second.approve.needed) == (False, ("security",), 2)
