"""A rule of exchange that lets in strangers, belongs to nobody or names no issuer is a problem with a key."""

from typing import Any

import msgspec
import pytest

from narrows.config.check_exchange import ExchangeChecks
from narrows.config.problem import Problem
from narrows.config.schema import Config

GITHUB = {
    "name": "github",
    "issuer": "https://token.actions.githubusercontent.com",
    "audience": "narrows",
    "tokens": "exchange",
}
GITLAB = GITHUB | {"name": "gitlab", "issuer": "https://gitlab.com/"}
CLUSTER = GITHUB | {"name": "cluster", "issuer": "https://k8s.example.com"}
CORP = {"name": "corp", "issuer": "https://corp.example.com", "audience": "narrows"}
RULE: dict[str, Any] = {
    "name": "ci",
    "issuer": "github",
    "claims": {"repository": ["acme/app"], "ref": ["refs/heads/main"]},
    "account": "ci",
    "owner": "corp:ana",
    "may": {"connections": ["openai"], "operations": ["chat"]},
}


def checked(*exchange: dict[str, Any], issuers: Any = (CORP, GITHUB, GITLAB, CLUSTER), **access: Any) -> ExchangeChecks:
    plain = {
        "identity": {"issuers": issuers},
        "access": {"exchange": exchange, **access},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "p", "who": {"service_accounts": ["*"]}, "may": {"connections": ["openai"], "operations": ["*"]}}
        ],
    }
    checks = ExchangeChecks(msgspec.convert(plain, Config))
    checks.run()
    return checks


def keys(problems: list[Problem]) -> list[str]:
    return [problem.key for problem in problems]


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        ("github", {"repository": ["acme/app"]}),
        ("github", {"repository": ["acme/*"], "environment": ["production"]}),
        ("github", {"repository_owner_id": ["1234"]}),
        ("github", {"sub": ["repo:acme/app:environment:production"]}),
        ("github", {"sub": ["repo:acme/*:ref:refs/heads/main"]}),
        ("github", {"workflow_ref": ["acme/app/.github/workflows/release.yml@*"]}),
        ("github", {"job_workflow_ref": ["acme/ci/.github/workflows/x.yml@*"], "repository_owner": ["acme"]}),
        ("gitlab", {"namespace_path": ["acme"], "ref_protected": ["true"]}),
        ("gitlab", {"project_path": ["acme/*"]}),
        ("gitlab", {"sub": ["project_path:acme/app:ref_type:branch:ref:main"]}),
        ("cluster", {"kubernetes.io.namespace": ["ml-*"]}),
    ],
)
def test_a_rule_that_says_whose_is_fine(issuer: str, claims: dict[str, list[str]]) -> None:
    checks = checked(RULE | {"issuer": issuer, "claims": claims})
    assert (checks.problems, checks.warnings) == ([], [])


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        ("github", {"ref": ["refs/heads/main"]}),
        ("github", {"repository": ["acme*"]}),
        ("github", {"repository": ["acme/app", "*/app"]}),
        ("github", {"repository": ["/*"]}),
        ("github", {"repository_owner": ["acme*"]}),
        ("github", {"sub": ["repo:acme*"]}),
        ("github", {"sub": ["repo:*"]}),
        ("github", {"sub": ["repo:/*"]}),
        ("github", {"sub": ["environment:prod/*"]}),
        ("github", {"sub": ["environment:production"]}),
        ("github", {"job_workflow_ref": ["acme/shared/.github/workflows/release.yml@refs/heads/main"]}),
        ("github", {"actor": ["ana"]}),
        ("gitlab", {"namespace_path": ["acme*"]}),
        ("gitlab", {"ref_protected": ["true"]}),
        ("gitlab", {"job_project_path": ["acme/app"]}),
        ("gitlab", {"user_login": ["ana"]}),
        ("cluster", {"kubernetes.io.namespace": ["*"]}),
        ("cluster", {"sub": ["*", "system:serviceaccount:ml:train"]}),
    ],
)
def test_a_rule_that_strangers_match_is_a_problem(issuer: str, claims: dict[str, list[str]]) -> None:
    assert keys(checked(RULE | {"issuer": issuer, "claims": claims}).problems) == ["access.exchange[0].claims"]


def test_a_rule_is_of_a_configured_issuer() -> None:
    (problem,) = checked(RULE | {"issuer": "githup"}).problems
    assert (problem.key, problem.hint) == ("access.exchange[0].issuer", "did you mean `github`?")


def test_names_and_owners_of_accounts_are_single() -> None:
    other = RULE | {"claims": {"repository": ["acme/other"]}}
    assert keys(checked(RULE, other | {"owner": "corp:ben"}).problems) == [
        "access.exchange[1].name",
        "access.exchange[1].owner",
    ]
    assert checked(RULE, other | {"name": "ci-2"}).problems == []


def test_an_owner_is_somebody() -> None:
    assert keys(checked(RULE | {"owner": "github:ana"}).problems) == ["access.exchange[0].owner"]
    assert keys(checked(RULE | {"owner": "crop:*"}).problems) == ["access.exchange[0].owner"]
    assert keys(checked(RULE | {"owner": "corp:ana@example.com"}).warnings) == ["access.exchange[0].owner"]


def test_a_purpose_is_given_where_it_must_be() -> None:
    required = {"accounts": {"purpose": "required"}}
    assert keys(checked(RULE, **required).problems) == ["access.exchange[0].purpose"]
    assert checked(RULE | {"purpose": "releases"}, **required).problems == []


def test_empty_values_are_told_from_any() -> None:
    rule = RULE | {"claims": {"repository": ["acme/app"], "ref": ["", " main"]}}
    assert keys(checked(rule).problems) == ["access.exchange[0].claims.ref[0]", "access.exchange[0].claims.ref[1]"]


@pytest.mark.parametrize("shared", [GITHUB, GITLAB])
def test_tokens_of_an_issuer_for_everybody_are_never_taken_themselves(shared: dict[str, Any]) -> None:
    assert keys(checked(issuers=[shared | {"tokens": "accept"}]).problems) == ["identity.issuers[0].tokens"]


def test_exchanged_tokens_are_signed_ones() -> None:
    introspection = {"endpoint": "https://x", "client_id": "c", "client_secret": "s"}
    issuers = [msgspec.convert(CLUSTER | {"introspection": introspection}, dict[str, Any])]
    plain = {
        "identity": {"issuers": issuers},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "p", "who": {"users": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
    }
    from narrows.model.secret import Secret

    config = msgspec.convert(plain, Config, dec_hook=lambda _type, text: Secret(text))
    checks = ExchangeChecks(config)
    checks.run()
    assert keys(checks.problems) == ["identity.issuers[0].introspection"]
