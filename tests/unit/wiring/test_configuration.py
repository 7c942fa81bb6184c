import subprocess
import sys
from pathlib import Path

import pytest

from narrows.config.problem import ConfigError
from narrows.wiring.configuration import read_checked
from narrows.wiring.masking import EngineLoader

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
        ("identity:", "console: {tls: {certificate: /no.pem, key: /no.key}}\nidentity:", "console.tls"),
        (
            "operations: [chat]}",
            'operations: [chat]}\n    prompts: [{deny: {pattern: "(a"}}]',
            "policies[0].prompts[0]",
        ),
        (
            "operations: [chat]}",
            "operations: [chat]}\n    mask: [{entities: [US_SNN]}]",
            "policies[0].mask[0].entities[0]",
        ),
        (
            "policies:",
            'detectors: {patterns: [{name: a, entity: A, pattern: "^a"}]}\npolicies:',
            "detectors.patterns[0].pattern",
        ),
        (
            "policies:",
            "detectors: {words: [{name: a, entity: A, file: nowhere.txt}]}\npolicies:",
            "detectors.words[0].file",
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


MASKED = GOOD.replace("operations: [chat]}", "operations: [chat]}\n    mask: [{entities: [PAYMENT, CUSTOMER]}]")
OWN = "detectors: {words: [{name: customers, entity: CUSTOMER, file: customers.txt}]}\n"


def test_masks_name_shipped_entities_and_one_s_own(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, MASKED)
    assert "there is no entity or group `CUSTOMER`" in problem
    (tmp_path / "customers.txt").write_text("Acme\n")
    assert read(tmp_path, MASKED + OWN) == []
    (tmp_path / "customers.txt").write_text("Acme\n---\n")
    (problem,) = read(tmp_path, MASKED + OWN)
    assert problem.startswith(f"{tmp_path / 'customers.txt'}:2:1: detectors.words[0].file: ")


def test_what_will_be_loaded_is_compiled_once(tmp_path: Path) -> None:
    path = tmp_path / "narrows.yaml"
    path.write_text(MASKED + OWN)
    (tmp_path / "customers.txt").write_text("Acme\n")
    engines = EngineLoader(None)
    checked = read_checked(path, {"KEY": "k"}, engines)
    (words,) = engines.organisation(checked.config.detectors).lists
    again = read_checked(path, {"KEY": "k"}, engines)
    assert engines.organisation(again.config.detectors).lists[0] is words


def test_who_masks_nothing_imports_no_table(tmp_path: Path) -> None:
    code = """
import sys, pathlib
from narrows.wiring.configuration import read_checked
read_checked(pathlib.Path(sys.argv[1]), {"KEY": "k"})
assert not {"hyperscan", "narrows.masking.engine", "narrows.masking.detectors"} & set(sys.modules)
"""
    (tmp_path / "narrows.yaml").write_text(GOOD)
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "narrows.yaml")], check=True)
