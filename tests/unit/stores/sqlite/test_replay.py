"""What the record comes to: sums by counter and bucket, and what is held, from the log's entries alone."""

import asyncio
import logging
from pathlib import Path

import pytest

from narrows.model.limits import Per, Window
from narrows.model.record import Outcome
from narrows.model.reservation import Reserved
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.replay import Fold, Held, Replay
from unit.stores.sqlite.accounts import counter
from unit.stores.sqlite.records import NOW, World, call_id, closed, opened, running

ALICE, BOB = counter("corp:alice").name, counter("corp:bob|x").name
MIDNIGHT = 1_699_920_000_000_000
"""NOW's, in UTC."""

HOUR = 3_600_000_000


def fold(*events: tuple[str, int, tuple[str, ...] | None, tuple[int, ...]]) -> Fold:
    made = Fold()
    for event in events:
        made.tell(event)
    return made


def test_what_settled_is_summed_in_the_window_of_the_intent() -> None:
    late = NOW + 40 * HOUR
    made = fold(
        ("a", NOW, (ALICE, BOB), (10, 20)), ("b", NOW + 1, (ALICE,), (10,)), ("a", late, None, (3, 4)),
        ("b", late, None, (5,)),
    )  # fmt: skip
    assert made.sums == {(ALICE, MIDNIGHT): 8, (BOB, MIDNIGHT): 4}
    assert made.held == {}
    assert made.touched == {"a", "b"}


def test_a_rolling_window_is_summed_in_its_buckets() -> None:
    rolling = counter(window=Window(Per.HOUR, rolling=True)).name
    made = fold(("a", NOW, (rolling,), (10,)), ("a", NOW, None, (3,)))
    ((_, bucket),) = made.sums
    assert 0 <= NOW - bucket < 60_000_000
    assert made.ends[rolling, bucket] > NOW + 2 * HOUR - 60_000_000


def test_no_bucket_ends_before_the_clock_could_be_set_back_into_it() -> None:
    made = fold(("a", NOW, (ALICE,), (10,)), ("a", NOW, None, (3,)))
    assert made.ends == {(ALICE, MIDNIGHT): MIDNIGHT + 48 * HOUR}


def test_no_more_settles_than_was_held_and_no_less_than_nothing() -> None:
    made = fold(("a", NOW, (ALICE, BOB), (10, 20)), ("a", NOW, None, (11, -1)))
    assert made.sums == {(ALICE, MIDNIGHT): 10}


def test_a_counter_that_is_named_twice_counts_once() -> None:
    made = fold(("a", NOW, (ALICE, ALICE), (10, 10)), ("a", NOW, None, (7, 7)))
    assert made.sums == {(ALICE, MIDNIGHT): 7}


def test_what_did_not_reserve_settles_nothing() -> None:
    made = fold(("a", NOW, None, (5,)), ("b", NOW, None, ()))
    assert (made.sums, made.held, made.touched) == ({}, {}, set())


def test_an_unknown_outcome_goes_on_holding_until_it_settles_at_the_bound() -> None:
    made = fold(("a", NOW, (ALICE,), (10,)), ("a", NOW + 5, None, ()))
    assert made.held == {"a": Held(NOW, (ALICE,), (10,), NOW + 5)}
    assert made.due(NOW + 4) == []
    assert made.sums == {}
    assert made.due(NOW + 5) == [("a", Held(NOW, (ALICE,), (10,), NOW + 5))]
    assert (made.sums, made.held, made.due(NOW + 5)) == ({(ALICE, MIDNIGHT): 10}, {}, [])


def test_amounts_that_do_not_fit_the_reservation_are_no_known_outcome() -> None:
    made = fold(("a", NOW, (ALICE, BOB), (10, 20)), ("a", NOW + 5, None, (1,)))
    assert made.held["a"].unknown == NOW + 5


def test_a_call_of_a_process_that_is_gone_is_unknown() -> None:
    made = fold(("a", NOW, (ALICE,), (10,)), ("b", NOW, (ALICE,), (10,)), ("b", NOW + 1, None, ()))
    made.abandoned(NOW + 9)
    assert [(call, held.unknown) for call, held in made.held.items()] == [("a", NOW + 9), ("b", NOW + 1)]


def test_what_is_kept_elsewhere_is_forgotten_but_not_what_is_held() -> None:
    made = fold(("a", NOW, (ALICE,), (10,)), ("b", NOW, (ALICE,), (10,)), ("b", NOW + 1, None, (4,)))
    made.forget()
    assert (made.sums, made.ends, made.touched, set(made.held)) == ({}, {}, set(), {"a"})


def test_a_name_that_no_counter_has_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        names = ("nonsense", "p|usd|day|Mars/Phobos|user|x", ALICE)
        made = fold(("a", NOW, names, (1, 2, 3)), ("a", NOW, None, (1, 2, 3)))
    assert made.sums == {(ALICE, MIDNIGHT): 3}
    assert "Mars/Phobos" in caplog.text


async def test_a_call_that_had_waited_counts_when_it_reserved(tmp_path: Path) -> None:
    later = NOW + 40 * HOUR
    async with running(tmp_path) as journal:
        await journal.open(opened(1, reserved=Reserved((ALICE,), (100,), at=later)))
        await journal.open(opened(2, reserved=Reserved((ALICE,), (100,))))
        journal.close(closed(1, settled=(7,)))
    made = Fold()
    for _ in Replay(DataDirectory(tmp_path)).run(made, 0):
        pass
    assert made.sums == {(ALICE, MIDNIGHT + 48 * HOUR): 7}
    assert made.held[call_id(2)].at == NOW + 2


async def write(path: Path, count: int, **recording: object) -> None:
    """Calls 1 to `count`: each third is unknown, each fourth runs on; others come to their number."""
    async with running(path, **recording) as journal:
        intents = (opened(n, b"x" * 300, reserved=Reserved((ALICE, BOB), (100, n))) for n in range(1, count + 1))
        await asyncio.gather(*(journal.open(intent) for intent in intents))
        for number in range(1, count + 1):
            if number % 4:
                journal.close(closed(number, settled=() if number % 3 == 0 else (1, number)))


async def test_the_journals_are_read_from_any_place_to_any_other(tmp_path: Path) -> None:
    await write(tmp_path, 150, rotate=40_000)
    replay = Replay(DataDirectory(tmp_path))
    assert (len(DataDirectory(tmp_path).journals()) > 1, replay.first(), replay.last()) == (True, 1, 150 + 113)
    whole = Fold()
    assert list(replay.run(whole, 0))[-1] == 263
    known = [n for n in range(1, 151) if n % 4 and n % 3]
    assert whole.sums == {(ALICE, MIDNIGHT): len(known), (BOB, MIDNIGHT): sum(known)}
    assert {call for call, held in whole.held.items() if held.unknown is None} == {
        call_id(n) for n in range(1, 151) if n % 4 == 0
    }
    for cut in (0, 1, 63, 64, 65, 100, 150, 151, 200, 262, 263):
        parts = Fold()
        assert [*replay.run(parts, 0, cut), 0][-1 if not cut else -2] == cut
        list(replay.run(parts, cut))
        assert (parts.sums, parts.held) == (whole.sums, whole.held), cut


async def test_an_entry_is_found_by_its_place_and_files_by_their_time(tmp_path: Path) -> None:
    await write(tmp_path, 150, rotate=40_000)
    replay = Replay(DataDirectory(tmp_path))
    found = replay.entry(200)
    assert found is not None
    assert found.seq == 200
    assert replay.entry(264) is None
    assert replay.since(NOW - 1) == 1
    assert replay.since(NOW + HOUR) > 100


def test_an_empty_directory_has_no_log(tmp_path: Path) -> None:
    replay = Replay(DataDirectory(tmp_path))
    assert (replay.first(), replay.last(), replay.entry(1), replay.since(NOW), list(replay.run(Fold(), 0))) == (
        1, 0, None, 1, [],
    )  # fmt: skip


def test_refused_calls_hold_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    file = world.file()
    intent = opened(1, forwarded=False, reserved=Reserved((ALICE,), (1,)))
    file.write([(intent, None)], NOW)
    file.write([(opened(2), None), (closed(2, outcome=Outcome.UNKNOWN), None)], NOW)
    file.connection.close()
    made = Fold()
    list(Replay(world.directory).run(made, 0))
    assert (made.held, made.sums) == ({}, {})


async def test_a_context_that_is_gone_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await write(tmp_path, 1)
    file = World(tmp_path).file()
    file.connection.execute("DELETE FROM context")
    file.connection.close()
    made = Fold()
    list(Replay(DataDirectory(tmp_path)).run(made, 0))
    assert made.held == {}
    assert "left out" in caplog.text
