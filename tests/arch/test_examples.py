"""Every YAML example in the docs is a configuration, or a part of one, that Narrows accepts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from narrows.config.example import EXAMPLE
from narrows.config.load import load
from narrows.config.schema import Connection
from narrows.dialects.registry import build_dialect
from narrows.policy.cases import read_cases
from narrows.policy.compile import compile_policies
from narrows.wiring.detectors import vocabulary
from narrows.wiring.organisation import compile_organisation

DOCS = Path(__file__).parents[2] / "docs"
BASE: dict[str, Any] = yaml.safe_load(EXAMPLE)
BASE["connections"]["openai"] = {**BASE["connections"]["local"], "url": "https://api.openai.com"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""What any `${…}` stands for: a webhook's, too."""

BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[Any]:
    """The blocks of every page. Cases are about the policies before them on their page, if there are any."""
    for page in sorted(DOCS.rglob("*.md")):
        policies = "{}"
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(text, policies, id=f"{page.relative_to(DOCS)}-{number}")
            if "policies" in yaml.safe_load(text):
                policies = text


EXAMPLES = list(examples())


def operations(connection: Connection) -> frozenset[str]:
    return build_dialect(connection).operations


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 6


@pytest.mark.parametrize(("text", "before"), EXAMPLES)
def test_an_example_is_accepted(tmp_path: Path, text: str, before: str) -> None:
    text, before = (re.sub(r"\$\{(env|file):[^}]*\}", SECRET, one) for one in (text, before))
    example = yaml.safe_load(text)
    config = {**BASE, **(yaml.safe_load(before) if "cases" in example else example)}
    config["connections"] = {**BASE["connections"], **config["connections"]}
    issuers = example.get("identity", {}).get("issuers", [])
    if issuers and all(one.get("tokens") == "exchange" and "login" not in one for one in issuers):
        # A page on workloads says nothing of the issuer of people, whose groups the policies name.
        config["identity"] = {**example["identity"], "issuers": [*BASE["identity"]["issuers"], *issuers]}
    path = tmp_path / "narrows.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    for words in (config.get("detectors") or {}).get("words", ()):
        if "file" in words:
            (tmp_path / words["file"]).write_text("Bluebird\n", encoding="utf-8")
    settings = load(path, {"OPENAI_API_KEY": "a-secret"}, operations)
    compile_organisation(settings.detectors)
    policies = compile_policies(settings, vocabulary(settings.detectors))
    if "cases" in example:
        assert read_cases(text.encode(), "cases.yaml", policies)
