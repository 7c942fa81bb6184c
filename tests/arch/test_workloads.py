"""The configurations that the pages on workloads show are right, and let in the jobs that they say and no others.

The claims are those that each platform documents for its tokens.
"""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from narrows.config.load import read_text
from narrows.config.schema import Config
from narrows.identity.exchange import Rule

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = {"identity", "access", "policies"}
BASE: dict[str, Any] = {
    "console": {"url": "https://console.example.com"},
    "connections": {"openai": {"url": "https://api.openai.com", "dialect": "openai", "credential": {"none": True}}},
    "policies": [
        {
            "name": "all",
            "who": {"service_accounts": ["*"]},
            "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
        }
    ],
}
PAGES = (
    "workloads.md",
    "workloads-github.md",
    "workloads-gitlab.md",
    "workloads-kubernetes.md",
    "service-accounts.md",
    "entra-groups.md",
)


def shown(page: str) -> list[dict[str, Any]]:
    """The configurations of a page."""
    blocks = [yaml.safe_load(text) for text in BLOCK.findall((HOW_TO / page).read_text(encoding="utf-8"))]
    return [block for block in blocks if block.keys() <= OURS]


def settings(block: dict[str, Any]) -> Config:
    loaded = read_text(yaml.safe_dump(BASE | block).encode(), "narrows.yaml", {"GRAPH_SECRET": "x"})
    # Owners are written as addresses where a page has no issuer of people.
    assert [warning.key for warning in loaded.warnings if not warning.key.endswith(".owner")] == []
    return loaded.config


@pytest.mark.parametrize("page", PAGES)
def test_every_configuration_can_be_used(page: str) -> None:
    blocks = shown(page)
    assert blocks
    for block in blocks:
        settings(block)


GITHUB = {
    "jti": "example-id",
    "sub": "repo:acme/app:environment:production",
    "environment": "production",
    "aud": "narrows",
    "ref": "refs/heads/main",
    "sha": "example-sha",
    "repository": "acme/app",
    "repository_owner": "acme",
    "actor_id": "12",
    "repository_visibility": "private",
    "repository_id": "74",
    "repository_owner_id": "65",
    "run_id": "example-run-id",
    "run_number": "10",
    "run_attempt": "2",
    "runner_environment": "github-hosted",
    "actor": "octocat",
    "workflow": "example-workflow",
    "workflow_ref": "acme/app/.github/workflows/release.yml@refs/heads/main",
    "head_ref": "",
    "base_ref": "",
    "event_name": "workflow_dispatch",
    "ref_type": "branch",
    "ref_protected": "true",
    "job_workflow_ref": "acme/ci/.github/workflows/eval.yml@refs/heads/main",
}
GITLAB = {
    "namespace_id": "72",
    "namespace_path": "acme",
    "project_id": "20",
    "project_path": "acme/app",
    "user_id": "1",
    "user_login": "sample-user",
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "main",
    "ref_type": "branch",
    "ref_protected": "true",
    "groups_direct": ["mygroup/mysubgroup"],
    "environment": "production",
    "environment_protected": "true",
    "runner_id": 1,
    "runner_environment": "self-hosted",
    "sub": "project_path:acme/app:ref_type:branch:ref:main",
    "aud": "narrows",
}
POD = {
    "aud": ["narrows"],
    "kubernetes.io": {
        "namespace": "ml",
        "node": {"name": "node-1", "uid": "517eb86e"},
        "pod": {"name": "train-7c9f", "uid": "0d8b260e"},
        "serviceaccount": {"name": "train", "uid": "e6a8680e"},
        "warnafter": 1717674962,
    },
    "sub": "system:serviceaccount:ml:train",
}


def pod(**changes: Any) -> dict[str, Any]:
    return POD | {"kubernetes.io": POD["kubernetes.io"] | changes}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("page", "claims", "account"),
    [
        ("workloads.md", GITHUB, "acme-releases"),
        ("workloads.md", GITHUB | {"ref": "refs/heads/main2"}, None),
        ("workloads.md", GITHUB | {"repository": "acme/app2"}, None),
        ("workloads-github.md", GITHUB, "acme-production"),
        ("workloads-github.md", GITHUB | {"environment": "staging"}, "acme-main"),
        ("workloads-github.md", GITHUB | {"repository": "acme/other"}, "acme-main"),
        ("workloads-github.md", GITHUB | {"environment": "", "ref_protected": "false"}, None),
        ("workloads-github.md", GITHUB | {"repository": "evil/app", "repository_owner_id": "66"}, None),
        ("workloads-gitlab.md", GITLAB, "acme-ci"),
        ("workloads-gitlab.md", GITLAB | {"namespace_path": "acme/team"}, "acme-ci"),
        ("workloads-gitlab.md", GITLAB | {"namespace_path": "acme-evil"}, None),
        ("workloads-gitlab.md", GITLAB | {"ref_protected": "false"}, None),
        ("workloads-kubernetes.md", POD, "nightly-training"),
        ("workloads-kubernetes.md", pod(namespace="web"), None),
        ("workloads-kubernetes.md", pod(serviceaccount={"name": "default"}), None),
    ],
)
def test_rules_let_in_whom_the_page_says(page: str, claims: dict[str, Any], account: str | None) -> None:
    config = settings(shown(page)[0])
    rules = [Rule(exchange, config.identity.issuers) for exchange in config.access.exchange]
    found = next((rule.settings.account for rule in rules if rule.matches(claims)), None)
    assert found == account


def test_the_claims_of_the_tables_are_those_of_the_tokens() -> None:
    for page, claims in (("workloads-github.md", GITHUB), ("workloads-gitlab.md", GITLAB)):
        text = (HOW_TO / page).read_text(encoding="utf-8")
        named = set(re.findall(r"`([a-z_]+)`", text.partition("| claim |")[2].partition("\n\n")[0]))
        unknown = (
            named - claims.keys() - {"main", "true", "push", "branch", "production", "acme", "pull_request_target"}
        )
        assert unknown == set(), page


def test_a_secret_of_graph_is_never_told() -> None:
    config = settings(shown("entra-groups.md")[0])
    assert b'"x"' not in msgspec.json.encode(config.identity, enc_hook=str)
