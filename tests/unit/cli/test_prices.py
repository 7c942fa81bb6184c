"""`narrows prices`: what models cost here, and a newer table."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.stores.pricefile import PriceFile
from unit.cli.command import Ran

Narrows = Callable[..., Ran]

CONFIG = """\
store: data
identity:
  issuers: [{name: corp, issuer: https://idp.example.com, audience: narrows}]
connections:
  openai: {url: https://api.openai.com, dialect: openai, credential: {bearer: "${env:UPSTREAM_KEY}"}}
  gemini: {url: https://generativelanguage.googleapis.com, dialect: openai, credential: {bearer: "${env:UPSTREAM_KEY}"}}
  local:
    url: http://10.0.0.1:8000
    dialect: openai
    credential: {none: true}
    prices: [{models: ["llama*"], input: 0.1, output: 0.2, call: 0.001, tools: 0.3}]
policies:
  - name: research
    who: {groups: [research]}
    may: {connections: [openai], models: ["gpt-*"], operations: [chat]}
"""


@pytest.fixture(autouse=True)
def config(tmp_path: Path) -> None:
    (tmp_path / "narrows.yaml").write_text(CONFIG)


def test_show_says_who_says_so(narrows: Narrows) -> None:
    ran = narrows("prices", "show", "gpt-4o-mini", "--connection", "openai")
    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith("openai: gpt-4o-mini, by genai-prices ")
    assert "as openai/gpt-4o-mini; dollars per million tokens" in ran.out
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["prompt", "0.15"] in lines
    assert ["output", "0.6"] in lines
    assert ["cached", "0.075"] in lines
    own = narrows("prices", "show", "llama-3", "--connection", "local")
    assert "by its settings" in own.out
    assert "each call        0.001" in own.out
    assert "at most 0.3 a call" in own.out


def test_show_tells_tiers_and_service_tiers(narrows: Narrows) -> None:
    tiers = narrows("prices", "show", "gemini-2.5-pro", "--connection", "gemini").out
    assert "prompts below 200001 tokens" in tiers
    assert "prompts of 200001 tokens and more" in tiers
    usual, dear = (narrows("prices", "show", "gpt-4o-mini", *more).out for more in ((), ("--tier", "priority")))
    assert "prompt           0.15" in usual
    assert "prompt           0.25" in dear


def test_show_over_every_connection(narrows: Narrows) -> None:
    ran = narrows("prices", "show", "gpt-4o-mini", "--json")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert [(row["id"], row["priced"]) for row in rows] == [
        ("openai/gpt-4o-mini", True),
        ("gemini/gpt-4o-mini", False),
        ("local/gpt-4o-mini", False),
    ]
    assert rows[0]["tiers"] == [
        {"from": 0, "prompt": "0.15", "output": "0.6", "cached": "0.075", "cache_write": "0.15",
         "audio_prompt": "0.15", "audio_output": "0.6"}
    ]  # fmt: skip
    assert rows[0]["prices"].startswith("genai-prices ")
    assert "connections sha256:" in rows[0]["prices"]


def test_a_model_without_a_price_is_told_with_the_way_out(narrows: Narrows) -> None:
    ran = narrows("prices", "show", "gpt-9", "--connection", "local")
    assert ran.code == 1
    assert "gpt-9 has no price: nobody knows whose the connection is" in ran.out
    assert "`prices` of the connection" in ran.out
    assert "among the models of openai" in narrows("prices", "show", "gx-9", "--connection", "openai").out
    listed = narrows("prices", "show", "whisper-1", "--connection", "openai")
    assert listed.code == 1
    assert "lists it as openai/whisper-1" in listed.out


def test_an_unknown_connection(narrows: Narrows) -> None:
    ran = narrows("prices", "show", "m", "--connection", "opnai")
    assert ran.code == 2
    assert "did you mean `openai`" in ran.err


def test_a_list_of_your_own_is_taken(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("model,provider,input,output\ngpt-4o-mini,openai,0.2,0.7\nmine-*,,1,2\n")
    ran = narrows("prices", "update", "own.csv")
    assert ran.code == 0
    assert "2 models of 2 providers are in force (file sha256:" in ran.out
    assert "openai/gpt-4o-mini: 0.15 in, 0.6 out → 0.2 in, 0.7 out" in ran.out
    assert "*/mine-*: new, 1 in, 2 out" in ran.out
    kept = PriceFile(tmp_path / "data").read()
    assert kept is not None
    assert kept.source == "own.csv"
    shown = narrows("prices", "show", "gpt-4o-mini", "--connection", "openai").out
    assert f"by file sha256:{kept.digest}" in shown
    assert narrows("prices", "show", "mine-7", "--connection", "local").code == 0
    assert "No price has changed." in narrows("prices", "update", "own.csv").out
    (tmp_path / "other.json").write_text('[{"model": "mine-*", "input": 1, "output": 2}]')
    assert "openai/gpt-4o-mini: 0.2 in, 0.7 out → 0.15 in, 0.6 out" in narrows("prices", "update", "other.json").out
    reset = narrows("prices", "reset")
    assert reset.code == 0
    assert "The table of genai-prices" in reset.out
    assert narrows("prices", "show", "mine-7", "--connection", "local").code == 1


def test_many_changes_are_counted(narrows: Narrows, tmp_path: Path) -> None:
    rows = "".join(f"m-{number},1,2\n" for number in range(50))
    (tmp_path / "own.csv").write_text("model,input,output\n" + rows)
    ran = narrows("prices", "update", "own.csv")
    assert "… and 30 more, 50 in all" in ran.out
    assert len(ran.out.splitlines()) == 22


def test_a_wrong_table_leaves_the_one_in_force(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("model,input,output\nm,1,2\n")
    assert narrows("prices", "update", "own.csv").code == 0
    before = (tmp_path / "data" / "prices.json").read_bytes()
    (tmp_path / "bad.csv").write_text("model,input,output\nm,-1,2\n\x1b[31mx,1,2,3\n")
    ran = narrows("prices", "update", "bad.csv")
    assert ran.code == 1
    assert "the prices can't be taken, and those in force stay" in ran.err
    assert "\x1b" not in ran.err
    assert (tmp_path / "data" / "prices.json").read_bytes() == before
    assert narrows("prices", "update", "nowhere.csv").code == 2
    assert narrows("prices", "update", ".").code == 2


def test_a_damaged_table_is_told_and_can_be_replaced(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("model,input,output\nm,1,2\n")
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "prices.json").write_text("{")
    ran = narrows("prices", "show", "m")
    assert ran.code == 1
    assert "is damaged" in ran.err
    assert narrows("prices", "update", "own.csv").code == 0
    assert narrows("prices", "show", "m", "--connection", "local").code == 0


def test_list(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("model,provider,input,output\nclaude-opus-5,anthropic,7,8\n")
    narrows("prices", "update", "own.csv")
    rows = [
        json.loads(line) for line in narrows("prices", "list", "--provider", "anthropic", "--json").out.splitlines()
    ]
    assert rows[0]["id"] == "anthropic/claude-opus-5"
    assert (rows[0]["tiers"][0]["prompt"], rows[0]["source"][:11]) == ("7", "file sha256")
    assert len({row["id"] for row in rows}) == len(rows) > 5
    assert {row["source"].split()[0] for row in rows} == {"file", "genai-prices"}
    table = narrows("prices", "list", "--provider", "google").out
    assert "google/gemini-2.5-pro" in table
    assert "200000: 2.5 / 15" in table
    assert "no price" in table
    unknown = narrows("prices", "list", "--provider", "antropic")
    assert unknown.code == 2
    assert "did you mean `anthropic`" in unknown.err


def test_the_shipped_table_can_be_listed_without_a_configuration(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "narrows.yaml").unlink()
    ran = narrows("prices", "list", "--provider", "openai", "--json")
    assert ran.code == 0
    assert '"openai/gpt-4o-mini"' in ran.out
    assert not (tmp_path / "data").exists()
