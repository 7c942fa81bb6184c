from pathlib import Path

import pytest

from narrows.config.problem import ConfigError
from narrows.wiring.configuration import read_checked

GOOD = """
identity:
  issuers:
    - {name: corp, issuer: "https://idp.example.com", audience: narrows}
connections:
  openai: {url: "https://api.example.com", dialect: openai, credential: {bearer: "${env:KEY}"}}
policies:
  - name: all
    who: {groups: [staff]}
    may: {connections: [openai], models: ["*"], operations: [chat]}
"""


def read(tmp_path: Path, text: str) -> list[str]:
    """The problems of a configuration, as lines."""
    path = tmp_path / "narrows.yaml"
    path.write_text(text)
    try:
        read_checked(path, {"KEY": "k"})
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_good_configuration_has_compiled_policies(tmp_path: Path) -> None:
    path = tmp_path / "narrows.yaml"
    path.write_text(GOOD)
    checked = read_checked(path, {"KEY": "k"})
    assert checked.config.policies[0].name == "all"
    assert checked.policies.revision


@pytest.mark.parametrize(
    ("changed", "to", "place"),
    [
        ("operations: [chat]", "operations: [chatt]", "policies[0].may.operations"),
        ("audience: narrows}", "audience: narrows, ca_bundle: /nowhere.pem}", "identity.issuers[0].ca_bundle"),
        ("dialect: openai,", "dialect: openai, ca_bundle: /nowhere.pem,", "connections.openai"),
        ("identity:", "gate: {tls: {certificate: /no.pem, key: /no.key}}\nidentity:", "gate.tls"),
        (
            "operations: [chat]}",
            'operations: [chat]}\n    prompts: [{deny: {pattern: "(a"}}]',
            "policies[0].prompts[0]",
        ),
        (
            "audience: narrows}",
            'audience: narrows}\n    - {name: two, issuer: "https://idp.example.com", audience: narrows}',
            "identity.issuers[1].audience",
        ),
    ],
)
def test_what_can_not_be_used_is_named_with_its_line(tmp_path: Path, changed: str, to: str, place: str) -> None:
    assert changed in GOOD
    problems = read(tmp_path, GOOD.replace(changed, to))
    assert any(place in problem and "narrows.yaml:" in problem for problem in problems), problems
