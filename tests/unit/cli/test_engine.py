"""The engine for commands: cached for the user, and with the detectors of a configuration if one is given."""

from pathlib import Path

import pytest

from narrows.cli import engine as engines
from narrows.cli.failure import Failure
from narrows.masking.masker import Masker
from unit.cli.table import PLACES, TABLE

CONFIG = """\
connections: {one: {url: "https://x", dialect: openai, credential: {none: true}}}
policies: [{name: p, who: {service_accounts: ["*"]}, may: {connections: [one], models: ["*"], operations: ["*"]}}]
detectors:
  patterns:
    - {name: badge, entity: BADGE, pattern: "B-[0-9]{4}", examples: [B-1234]}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place in PLACES:
        monkeypatch.setattr(place, TABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "narrows"


def test_without_a_configuration(cache: Path) -> None:
    assert engines.settings(None) is None
    assert Masker(engines.load(None)).mask("054-28-6917, B-1234").text == "[US_SSN], B-1234"
    assert len(list(cache.iterdir())) == 1


def test_with_one(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(CONFIG)
    loaded = engines.settings(tmp_path / "n.yaml")
    assert Masker(engines.load(loaded)).mask("054-28-6917, B-1234").text == "[US_SSN], [BADGE]"
    assert len(engines.own(loaded).patterns) == 1
    assert Masker(engines.load_apart(loaded)).mask("B-1234").text == "[ROW_0]"


@pytest.mark.parametrize("loading", [engines.load, engines.load_apart])
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, loading: object) -> None:
    (tmp_path / "n.yaml").write_text(CONFIG.replace("B-[0-9]", "^B-[0-9]"))
    with pytest.raises(Failure, match=r"n\.yaml:5:45: detectors\.patterns\[0\]\.pattern: .*an anchor"):
        loading(engines.settings(tmp_path / "n.yaml"))  # type: ignore[operator]
    (tmp_path / "n.yaml").write_text("detectors: 1")
    with pytest.raises(Failure, match=r"n\.yaml:1:"):
        engines.settings(tmp_path / "n.yaml")
