"""Docs cannot rot: every code, setting and command stands in its reference page, and the pages are fresh."""

import re
import subprocess
import sys
import typing
from pathlib import Path

import msgspec

from narrows.config import policies, schema, teams
from narrows.masking.table import DETECTORS
from narrows.model.refusal import REGISTRY, Code
from narrows.policy.packs.shipped import PACKS, label

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_every_code_is_in_the_registry() -> None:
    assert set(REGISTRY) == set(Code)


def test_every_code_is_documented() -> None:
    page = (DOCS / "reference" / "refusals.md").read_text(encoding="utf-8")
    assert [code for code in Code if f"`{code}`" not in page] == []


def test_every_setting_is_documented() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    sections = [
        kind
        for kind in {**vars(schema), **vars(policies), **vars(teams)}.values()
        if isinstance(kind, type) and issubclass(kind, schema.Setting) and kind is not schema.Setting
    ]
    names = {field.encode_name for kind in sections for field in msgspec.structs.fields(kind)}
    assert len(names) > 60
    assert sorted(name for name in names if not re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", page)) == []


def test_every_parameter_that_widens_a_call_is_explained() -> None:
    page = (DOCS / "how-to" / "policies.md").read_text(encoding="utf-8")
    assert [name for name in typing.get_args(policies.Parameter) if f"| `{name}` |" not in page] == []


def test_every_entity_is_documented() -> None:
    index = (DOCS / "reference" / "entities.md").read_text(encoding="utf-8")
    entities = {row.entity for row in DETECTORS}
    assert len(entities) > 400
    assert [entity for entity in sorted(entities) if f"[`{entity}`](" not in index] == []


def test_every_shipped_rule_is_documented() -> None:
    page = (DOCS / "reference" / "packs.md").read_text(encoding="utf-8")
    rules = [(pack, rule) for pack in PACKS for rule in pack.rules]
    assert len(rules) > 10
    assert [label(pack, rule) for pack, rule in rules if f"`{label(pack, rule)}`" not in page] == []


def test_generated_pages_are_fresh() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
"""Code within a line, in which a detector's pattern may look like a link."""


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = []
    for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]:
        for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
            path = target.split("#")[0]
            if path and "://" not in path and not path.startswith("mailto:") and not (page.parent / path).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_proof_of_a_promise_exists() -> None:
    page = (DOCS / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"(tests/[\w/.-]+)(?:::(\w+))?", page)
    assert len(named) > 20
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_every_runtime_dependency_is_justified() -> None:
    declared = re.findall(r'^  "([a-z0-9-]+)>=', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    page = (DOCS / "adr" / "0002-dependencies.md").read_text(encoding="utf-8")
    assert len(declared) >= 11
    assert [name for name in declared if f"`{name}`" not in page] == []
