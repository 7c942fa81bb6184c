"""Every case of the cookbook is run against the policies above it, by the command that users have."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from narrows.cli.main import main
from narrows.config.example import EXAMPLE
from unit.cli.table import TABLE

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "cookbook.md"
BASE: dict[str, Any] = yaml.safe_load(EXAMPLE)
BASE["connections"]["openai"] = {**BASE["connections"]["local"], "url": "https://api.openai.com"}
BLOCK = re.compile(r"^## (.*?)$|^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipes() -> list[Any]:
    """Title, policies and cases of each; cases belong to the policies before them."""
    found: list[Any] = []
    title, policies = "", ""
    for heading, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if heading:
            title = heading.partition(":")[0]
        elif text.startswith("cases:"):
            found.append(pytest.param(policies, text, id=f"{title}-{len(found)}"))
        else:
            policies = text
    return found


RECIPES = recipes()


def test_each_kind_of_rule_has_its_recipe() -> None:
    titles = " ".join(str(recipe.id) for recipe in RECIPES)
    for kind in (
        "Words",
        "Pattern",
        "Entities",
        "Allow",
        "Flag",
        "Observe",
        "History",
        "Views",
        "Replies",
        "Packs",
        "Labels",
    ):
        assert kind in titles
    snippets = len(
        re.findall(r"^```yaml\npolicies:|^```yaml\nclassifiers:", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert snippets == len(RECIPES), "each snippet has cases of its own"


@pytest.mark.parametrize(("policies", "cases"), RECIPES)
def test_what_it_says_becomes_of_its_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], policies: str, cases: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("narrows.wiring.masking.DETECTORS", TABLE)
    config = {**BASE, "store": str(tmp_path / "data"), **yaml.safe_load(policies)}
    (tmp_path / "narrows.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (tmp_path / "cases.yaml").write_text(cases, encoding="utf-8")
    arguments = ["policy", "test", str(tmp_path / "cases.yaml"), "-c", str(tmp_path / "narrows.yaml")]
    monkeypatch.setattr("sys.argv", ["narrows", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code in (0, None), told.out + told.err
    count = len(yaml.safe_load(cases)["cases"])
    assert f"{count} of {count} cases are as expected" in told.out
