"""Which agents are active, and that a list of them does not grow for ever."""

import pytest

from narrows.accounting import active as module
from narrows.accounting.active import Active, Agents
from narrows.model.reservation import Wanted

WINDOW = 100


def tally() -> Agents:
    return Agents("name", "corp:alice", WINDOW)


def by(agent: str, at: int) -> Wanted:
    return Wanted("id", at, (), (), agent)


def begun(agents: Agents, *seen: tuple[str, int], end: bool = True) -> None:
    for agent, at in seen:
        bucket = agents.hold(by(agent, at), 1)
        if end:
            agents.settle(bucket, 1, 1)


def test_active_is_who_began_a_call_within_the_window_or_runs_one() -> None:
    agents = tally()
    begun(agents, ("idle", 50))
    begun(agents, ("running", 0), end=False)
    assert agents.active(149) == [Active("corp:alice", "idle", 0, 50), Active("corp:alice", "running", 1, 0)]
    assert agents.active(150) == [Active("corp:alice", "running", 1, 0)]
    agents.move(149)
    assert (agents.used, agents.held) == (1, 1)
    agents.move(1_000)
    assert (agents.used, agents.held) == (0, 1)
    assert not agents.spent(10_000)


def test_room_is_for_whoever_is_active_and_for_others_up_to_the_limit() -> None:
    agents = tally()
    begun(agents, ("a", 0), ("b", 10))
    assert not agents.lacks(by("a", 99), 2)
    assert agents.lacks(by("c", 99), 2)
    assert not agents.lacks(by("c", 100), 2)
    assert not agents.lacks(by("c", 99), 3)
    assert not agents.lacks(by("c", 99), None)
    # Who is active stays so even where the limit has been lowered meanwhile; who was, does not.
    assert not agents.lacks(by("b", 99), 1)
    assert agents.lacks(by("a", 100), 1)
    assert agents.lacks(by("c", 500), 0)


def test_when_there_is_room_again() -> None:
    agents = tally()
    begun(agents, ("a", 0), ("b", 10), ("c", 20))
    assert agents.free(50, 1, 3) == 100
    assert agents.free(50, 1, 2) == 110
    assert agents.free(50, 1, 0) is None
    assert agents.resets(50) == 120
    begun(agents, ("a", 30), ("b", 30), ("c", 30), end=False)
    assert agents.free(50, 1, 3) is None
    assert agents.resets(50) == 50


def test_the_others_are_told_last_seen_first() -> None:
    agents = tally()
    begun(agents, ("a", 0), ("b", 10), ("c", 5))
    assert agents.others(by("b", 50)) == ("c", "a")


def test_an_agent_ahead_of_the_clock_is_active() -> None:
    agents = tally()
    begun(agents, ("a", 10_000))
    assert agents.lacks(by("b", 0), 1)
    begun(agents, ("a", 0))
    assert agents.active(0)[0].last == 10_000


def test_who_is_no_longer_active_is_forgotten_as_others_come() -> None:
    agents = tally()
    for number in range(5_000):
        begun(agents, (str(number), number * 10))
    assert len(agents._seen) < 50
    assert not agents.spent(50_000)
    assert agents.spent(60_000)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many are remembered."""
    monkeypatch.setattr(module, "MOST", 50)
    return 50


@pytest.mark.parametrize("limit", [None, 5])
def test_active_ones_are_bounded_where_no_limit_does(few: int, limit: int | None) -> None:
    agents = tally()
    begun(agents, ("runs", 0), end=False)
    for number in range(few + 500):
        agents.lacks(by(str(number), 0), limit)
        begun(agents, (str(number), 0))
    assert few - 5 < len(agents.active(0)) <= few + 1
    assert agents.lacks(by("other", 0), 5)
    assert any(active.agent == "runs" for active in agents.active(0))


def test_a_limit_above_that_bound_is_kept(few: int) -> None:
    agents = tally()
    for number in range(few + 500):
        assert not agents.lacks(by(str(number), 0), few + 500)
        begun(agents, (str(number), 0))
    assert agents.lacks(by("other", 0), few + 500)
