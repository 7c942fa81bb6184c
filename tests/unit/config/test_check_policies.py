"""Cross-checks of policies."""

from typing import Any

import msgspec
import pytest

from narrows.config.check_policies import PolicyChecks
from narrows.config.schema import Config

OPERATIONS = {"openai": frozenset({"chat", "embeddings", "models"}), "claude": frozenset({"messages", "models"})}


def run(*policies: dict[str, Any], issuers: tuple[str, ...] = ("corp",), claims: tuple[str, ...] = ()) -> PolicyChecks:
    connection = {"url": "https://x", "dialect": "openai", "credential": {"none": True}}
    plain = {
        "identity": {
            "issuers": [{"name": n, "issuer": f"https://{n}", "audience": "a", "attributes": claims} for n in issuers]
        },
        "connections": {"openai": connection, "claude": connection},
        "policies": [policy(), *policies],
    }
    checks = PolicyChecks(msgspec.convert(plain, Config), OPERATIONS)
    checks.run()
    return checks


def policy(**changes: Any) -> dict[str, Any]:
    may = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
    return {"name": "first", "who": {"service_accounts": ["*"]}, **changes, "may": {**may, **changes.get("may", {})}}


def keys(checks: PolicyChecks) -> list[str]:
    return [problem.key for problem in checks.problems]


def test_nothing_wrong() -> None:
    checks = run(policy(name="b", who={"groups": ["research"], "users": ["corp:alice", "role:x"]}))
    assert (checks.problems, checks.warnings) == ([], [])


def test_names_are_unique() -> None:
    assert keys(run(policy())) == ["policies[1].name"]


@pytest.mark.parametrize("who", [{}, {"attributes": {}}])
def test_somebody_must_be_named(who: dict[str, Any]) -> None:
    assert keys(run(policy(name="b", who=who))) == ["policies[1].who"]


def test_with_several_issuers_names_say_whose_they_are() -> None:
    checks = run(policy(name="b", who={"groups": ["corp:a", "a", "*", "crop:a", "*:a"]}), issuers=("corp", "partner"))
    assert keys(checks) == [f"policies[1].who.groups[{index}]" for index in (1, 2, 3, 4)]
    assert checks.problems[0].hint == "write corp:a"
    assert checks.problems[2].hint == "did you mean `corp`?"


def test_without_issuers_only_service_accounts_can_match() -> None:
    checks = run(policy(name="b", who={"groups": ["a"], "attributes": {"x": ["y"]}}), issuers=())
    assert keys(checks) == ["policies[1].who.groups[0]", "policies[1].who.attributes.x"]


def test_claims_must_be_read() -> None:
    who = {"attributes": {"department": ["x"], "corp:department": ["x"], "departmnt": ["x"]}}
    checks = run(policy(name="b", who=who), claims=("department",))
    assert keys(checks) == ["policies[1].who.attributes.departmnt"]
    assert checks.problems[0].hint == "did you mean `department`?"


def test_with_several_issuers_claims_say_whose_they_are() -> None:
    who = {"attributes": {"department": ["x"], "corp:department": ["x"]}}
    checks = run(policy(name="b", who=who), claims=("department",), issuers=("corp", "partner"))
    assert keys(checks) == ["policies[1].who.attributes.department"]


def test_connections_exist() -> None:
    checks = run(policy(name="b", may={"connections": ["opnai", "open*", "azure*"]}))
    assert keys(checks) == ["policies[1].may.connections[0]"]
    assert checks.problems[0].hint == "did you mean `openai`?"
    assert [warning.key for warning in checks.warnings] == ["policies[1].may.connections[2]"]


def test_operations_are_those_of_the_connections_named() -> None:
    may = {"connections": ["openai"], "operations": ["chat", "emb*", "chats", "messages"]}
    checks = run(policy(name="b", may=may))
    assert keys(checks) == ["policies[1].may.operations[2]", "policies[1].may.operations[3]"]
    assert checks.problems[0].hint == "did you mean `chat`?"


def test_operations_without_models_are_a_warning() -> None:
    may = {"connections": ["openai"], "operations": ["chat"], "models": None}
    assert [warning.key for warning in run(policy(name="b", may=may)).warnings] == ["policies[1].may"]
    assert run(policy(name="b", may={**may, "operations": ["models"]})).warnings == []


def test_other_wildcards_are_a_warning_and_empty_globs_a_problem() -> None:
    checks = run(policy(name="b", may={"models": ["gpt-?", "", " x"]}))
    assert keys(checks) == ["policies[1].may.models[1]"]
    assert [warning.key for warning in checks.warnings] == ["policies[1].may.models[0]", "policies[1].may.models[2]"]


def test_a_connection_that_nobody_may_use_is_a_warning() -> None:
    plain = {
        "connections": {
            name: {"url": "https://x", "dialect": "openai", "credential": {"none": True}}
            for name in ("openai", "claude")
        },
        "policies": [policy(may={"connections": ["openai"]})],
    }
    checks = PolicyChecks(msgspec.convert(plain, Config), None)
    checks.run()
    assert [warning.key for warning in checks.warnings] == ["connections.claude"]


def test_issuers_of_workloads_make_no_name_ambiguous_and_name_nobody() -> None:
    plain = {
        "identity": {
            "issuers": [
                {"name": "corp", "issuer": "https://corp", "audience": "a"},
                {"name": "ci", "issuer": "https://ci", "audience": "a", "tokens": "exchange"},
            ]
        },
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [policy(name="b", who={"groups": ["research"], "users": ["ana", "ci:job", "corp:ben"]})],
    }
    checks = PolicyChecks(msgspec.convert(plain, Config), OPERATIONS)
    checks.run()
    assert keys(checks) == ["policies[0].who.users[1]"]
    assert "only exchanged" in checks.problems[0].message
