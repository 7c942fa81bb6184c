"""Looks of a console at a store, by the configuration in force."""

from pathlib import Path

import pytest

from narrows.console.api.who import NotTold
from narrows.ports.revocations import RevocationsUnavailable
from narrows.stores.sqlite.gatefile import GateFile
from narrows.wiring.configuration import compiled
from narrows.wiring.looking import Looking
from narrows.wiring.revisions import written
from unit.policy.world import policy, settings
from unit.stores.sqlite.records import NOW, StillClock

CONFIG = settings(policy("research", who={"users": ["ana"]}))
OTHER = settings(policy("other", who={"users": ["ana"]}))


@pytest.fixture
def looking(tmp_path: Path) -> Looking:
    file = GateFile(tmp_path)
    file.write([written(OTHER, compiled(OTHER), NOW - 10)])
    file.close()
    return Looking(tmp_path, StillClock(), CONFIG)


async def policies(looking: Looking, at: int | None = None) -> list[str]:
    return [one.policy for one in (await looking.who("corp:ana", at)).radius.terms]


async def test_now_is_by_the_configuration_in_force_and_then_by_what_was(looking: Looking) -> None:
    assert await policies(looking) == ["research"]
    assert await policies(looking, NOW - 5) == ["other"]
    looking.settle(OTHER)
    assert await policies(looking) == ["other"]
    for at in (NOW - 11, NOW + 1):
        with pytest.raises(NotTold) as told:
            await looking.who("corp:ana", at)
        assert told.value.field == "at"
    with pytest.raises(NotTold) as told:
        await looking.who("", None)
    assert told.value.field == "identity"


async def test_a_review_is_of_everybody_behind_one(looking: Looking) -> None:
    assert await looking.review(1, "", 9) == []


async def test_a_store_that_can_not_be_read_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = Looking(tmp_path / "file", StillClock(), CONFIG)
    with pytest.raises(RevocationsUnavailable):
        await nowhere.who("corp:ana", None)
    with pytest.raises(RevocationsUnavailable):
        await nowhere.review(1, "", 9)
