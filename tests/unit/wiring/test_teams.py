"""The policies of teams beside those of the file: one that can't be used is left out, and takes nothing else along."""

import asyncio
import logging
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from narrows.model.change import Change, ChangeKind
from narrows.stores.sqlite.changes import SqliteChanges
from narrows.wiring.clock import SystemClock
from narrows.wiring.teams import TeamPolicies, merged, tried
from unit.config.teams import config, team

GOOD = 'name: good\nwho: {groups: [research]}\nmay: {connections: [openai], models: ["gpt-*"], operations: [chat]}\n'
SETTINGS = config(team("red", admins=["leads"]))


def change(name: str, text: str | None, *, team: str = "red", number: int = 1) -> Change:
    return Change(f"chg_{number}_{name}", f"team:{team}", ChangeKind.POLICY, name, text, "corp:ana", 0)


def test_they_come_after_the_files() -> None:
    found = merged(SETTINGS, [change("good", GOOD)])
    assert [policy.name for policy in found.policies.policies] == ["file", "red/good"]
    assert found.unusable == {}
    assert [each.key for each in found.warnings["red/good"]] == ["may.models[0]"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (GOOD.replace("connections: [openai]", "connections: [gone]"), "may.connections[0]"),
        (GOOD.replace("gpt-*", "o3"), "may.models[0]"),
        (GOOD + 'prompts: [{deny: {pattern: "("}}]\n', "prompts[0].deny.pattern"),
        (GOOD + "mask: [{entities: [NO_SUCH]}]\n", "mask[0].entities[0]"),
        ("name: good\n", "who"),
        (GOOD.replace("name: good", "name: another"), "name"),
        ("[", ""),
    ],
)
def test_one_that_can_not_be_used_is_left_out_and_no_other(text: str, key: str) -> None:
    other = change("other", GOOD.replace("good", "other"))
    found = merged(SETTINGS, [change("good", text), other])
    assert [policy.name for policy in found.policies.policies] == ["file", "red/other"]
    assert [each.key for each in found.unusable["red/good"]][:1] == [key]


def test_those_of_a_team_that_is_gone_are_left_out() -> None:
    found = merged(SETTINGS, [change("good", GOOD, team="blue")])
    assert [policy.name for policy in found.policies.policies] == ["file"]
    assert "no team `blue`" in str(found.unusable["blue/good"][0])


def test_what_would_be_is_tried_without_being_made() -> None:
    found = tried(
        SETTINGS, [change("good", GOOD)], [change("good", None, number=2), change("new", GOOD.replace("good", "new"))]
    )
    assert "red/good" not in [policy.name for policy in found.policies.policies]
    assert "red/new" in [policy.name for policy in found.policies.policies]


def test_a_change_is_heard_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard = asyncio.Event()

    async def changed() -> None:
        heard.set()

    async def follow() -> TeamPolicies:
        teams = TeamPolicies(tmp_path, changed)
        teams.read()
        job = asyncio.create_task(teams.run())
        with closing(SqliteChanges(tmp_path, SystemClock())) as kept:
            kept.make([change("good", GOOD.replace("gpt-*", "o3"))])
        await asyncio.wait_for(heard.wait(), 20)
        job.cancel()
        return teams

    with caplog.at_level(logging.ERROR, "narrows.teams"):
        teams = asyncio.run(follow())
        found = teams.merge(SETTINGS)
        teams.tell(found)
        teams.tell(found)
    assert list(found.unusable) == ["red/good"]
    assert [record.getMessage().count("red/good") for record in caplog.records] == [1]
    bare = teams.without(SETTINGS, ValueError("no prices"))
    assert bare is not None
    assert "no prices" in str(bare.unusable["red/good"][0])
    assert msgspec.structs.asdict(bare)["policies"].revision != ""
    teams.close()
