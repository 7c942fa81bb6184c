"""What calls used is read whole, whatever ended where, and beside the writer."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from narrows.accounting.agents import label
from narrows.accounting.end_users import Pseudonyms, subject
from narrows.model.principal import Principal
from narrows.model.record import Outcome
from narrows.model.reservation import Reserved
from narrows.model.usage import Usage
from narrows.stores.sqlite import runs as runs_module
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.masterkey import load as load_key
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.usage import Spent, UsageReader
from unit.stores.sqlite.records import NOW, call_id, closed, opened, running, segment

BOB = Principal("other", "bob", groups=frozenset({"support"}))
USAGE = Usage(10, 5, 3, 2, 1, 4, 1, 1)


def read(path: Path, **filters: object) -> list[Spent]:
    return list(UsageReader(path).spent(Filters(**filters)))  # type: ignore[arg-type]


async def test_what_a_call_used_is_what_its_ending_says(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        reserved = Reserved(("|usd|day|UTC|end user|corp:portal/ann|b",), (7,), "p1")
        await journal.open(opened(1, b"{}", declared_agent="a1", policies=("p",), reserved=reserved))
        journal.segment(segment(1, 0, "so"))
        journal.close(closed(1, usage=USAGE, model="gpt-4o-2024", cost=1_250, settled=(5,), counted=Usage(9, 8)))
        would = Reserved(("|usd|day|UTC|end user|corp:portal/bob",), (0,))
        await journal.open(
            opened(2, forwarded=False, refusal="budget_exceeded", policy="q", status=429, reserved=would)
        )
        await journal.open(opened(3, b"{}"))
        journal.close(closed(3, outcome=Outcome.STOPPED, refusal="reply_denied", policy="r"))
        await journal.open(opened(4, b"{}", principal=BOB))
    whole, refused, stopped, open_ = read(tmp_path)

    assert (whole.id, whole.at, whole.ended) == (call_id(1), NOW + 1, NOW + 501)
    assert (whole.usage, whole.cost, whole.model, whole.outcome) == (USAGE, 1_250, "gpt-4o-2024", "done")
    assert (whole.counted, stopped.counted) == (Usage(9, 8), None)
    caller = whole.caller
    assert (caller.user, caller.connection, caller.model, caller.operation) == (
        "corp:alice",
        "openai",
        "gpt-4o",
        "chat",
    )
    assert (caller.groups, caller.declared_agent, caller.policies) == (("ml", "research"), "a1", ("p",))
    assert caller.end_user == "corp:portal/ann|b"
    assert (refused.outcome, refused.refusal, refused.policy, refused.cost) == ("refused", "budget_exceeded", "q", None)
    assert refused.caller.end_user == "corp:portal/bob"
    assert (stopped.outcome, stopped.refusal, stopped.policy) == ("stopped", "reply_denied", "r")
    assert (open_.outcome, open_.ended, open_.usage, open_.caller.user) == (None, None, None, "other:bob")
    assert stopped.caller.end_user is None


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, {1, 2, 3, 4}),
        ({"user": "alice"}, {1, 2, 3}),
        ({"user": "other:b*"}, {4}),
        ({"group": "support"}, {4}),
        ({"group": "corp:ml"}, {1, 2, 3}),
        ({"session": "sess_2"}, {3}),
        ({"connection": "open*"}, {1, 2, 4}),
        ({"operation": "embeddings"}, {2}),
        ({"model": "gpt-4o"}, {1, 3, 4}),
        ({"model": "small-2024"}, {2}),
        ({"model": "gpt-4o-2024"}, {1}),
        ({"since": NOW + 2}, {2, 3, 4}),
        ({"until": NOW + 2}, {1}),
        ({"since": NOW + 2, "until": NOW + 4}, {2, 3}),
        ({"since": NOW + 9}, set()),
        ({"until": NOW}, set()),
    ],
)
async def test_filters_select_as_they_do_in_lists(
    tmp_path: Path, filters: dict[str, object], numbers: set[int]
) -> None:
    async with running(tmp_path) as journal:
        await journal.open(opened(1, b"{}"))
        await journal.open(opened(2, b"{}", operation="embeddings", model="small"))
        await journal.open(opened(3, b"{}", connection="local", session="sess_2"))
        await journal.open(opened(4, b"{}", principal=BOB))
        journal.close(closed(4))
        journal.close(closed(2, model="small-2024"))
        journal.close(closed(1, model="gpt-4o-2024"))
    assert {spent.id for spent in read(tmp_path, **filters)} == {call_id(number) for number in numbers}
    listed = {call.id for call in Archive(tmp_path).calls(Filters(**filters))}  # type: ignore[arg-type]
    assert listed == {call_id(number) for number in numbers}


async def test_an_end_user_is_found_by_name_hidden_or_not(tmp_path: Path) -> None:
    def reserved(called: str) -> Reserved:
        return Reserved((f"p|usd|day|UTC|end user|{called}",), (7,), "p1")

    async with running(tmp_path) as journal:
        key = load_key(DataDirectory(tmp_path)).end_user_key
        hidden = subject("corp:alice", "ann/x@example.com", Pseudonyms(key))
        await journal.open(opened(1, b"{}", reserved=reserved(hidden)))
        await journal.open(opened(2, b"{}", reserved=reserved("corp:alice/ann%2Fx@example.com")))
        await journal.open(opened(3, b"{}", reserved=reserved("corp:alice/bob@example.com")))
        await journal.open(opened(4, b"{}"))
    assert {spent.id for spent in read(tmp_path, end_user="ann/x@example.com")} == {call_id(1), call_id(2)}
    assert {spent.id for spent in read(tmp_path, end_user=hidden)} == {call_id(1)}
    assert read(tmp_path, end_user="*") == []


async def test_calls_that_end_in_a_later_file_are_counted_once(tmp_path: Path) -> None:
    async with running(tmp_path, rotate=1) as journal:
        for number in range(1, 7):
            await journal.open(opened(number, b"{}"))
        for number in (2, 3, 1, 5):
            journal.close(closed(number, usage=Usage(number, 1), cost=number))
            await asyncio.sleep(0)
    assert len(list(tmp_path.glob("journal-*.db"))) > 4
    assert {spent.id: spent.cost for spent in read(tmp_path)} == {
        call_id(number): number if number in {1, 2, 3, 5} else None for number in range(1, 7)
    }
    (first,) = read(tmp_path, until=NOW + 2)
    assert (first.id, first.cost) == (call_id(1), 1)


async def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        await journal.open(opened(1, b"{}"))
        assert [spent.outcome for spent in read(tmp_path)] == [None]
        journal.close(closed(1))
        await journal.open(opened(2, b"{}"))
        assert [spent.outcome for spent in read(tmp_path)] == ["done", None]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of eight rows."""
    monkeypatch.setattr(runs_module, "RUN", 8)


async def fill(journal: SqliteJournal, moments: list[int]) -> None:
    """Calls that began at these moments, two running at once."""
    for number, at in enumerate(moments):
        await journal.open(opened(number, b"{}", at=NOW + at))
        if number:
            journal.close(closed(number - 1))


@pytest.mark.usefixtures("small")
async def test_a_time_is_read_from_where_it_begins_and_steps_of_the_clock_hide_nothing(tmp_path: Path) -> None:
    moments = [*range(0, 400, 10), 35, *range(400, 500, 10), 35]
    async with running(tmp_path) as journal:
        await fill(journal, moments)
    for since, until in [(0, 500), (35, 36), (200, 260), (490, 600), (395, 401)]:
        wanted = {call_id(number) for number, at in enumerate(moments) if since <= at < until}
        assert {spent.id for spent in read(tmp_path, since=NOW + since, until=NOW + until)} == wanted


def test_a_directory_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError, match="no data directory"):
        UsageReader(tmp_path / "none")
    assert read(tmp_path) == []


async def test_a_damaged_record_is_an_error_and_not_a_smaller_sum(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        await journal.open(opened(1, b"{}"))
    connection = sqlite3.connect(tmp_path / "journal-001.db")
    connection.execute("DROP TRIGGER log_keeps")
    connection.execute("UPDATE log SET entries = x'00'")
    connection.commit()
    connection.close()
    with pytest.raises(DataDirectoryError, match="damaged"):
        read(tmp_path)


async def test_reading_writes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        await journal.open(opened(1, b"{}"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    read(tmp_path)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name for name in after if before.get(name) != after[name]} <= {"journal-001.db-shm", "journal-001.db-wal"}


async def test_who_asks_is_told_apart_as_limits_on_agents_do(tmp_path: Path) -> None:
    key = Principal("narrows", "report", "service_account")
    async with running(tmp_path) as journal:
        await journal.open(opened(1, b"{}", declared_agent="builder", address="10.0.0.1"))
        await journal.open(opened(2, b"{}", declared_agent="builder", address="10.0.0.2"))
        await journal.open(opened(3, b"{}", address="10.0.0.1"))
        await journal.open(opened(4, b"{}", address="10.0.0.2", credential="another_token"))
        await journal.open(opened(5, b"{}", principal=key, credential="key_1"))
        await journal.open(opened(6, b"{}", principal=key, credential="key_2"))
    programs = [spent.caller.program for spent in read(tmp_path)]
    assert [label(program) for program in programs[:4]] == [
        "builder", "builder", "curl/8 from 10.0.0.1", "curl/8 from 10.0.0.2"
    ]  # fmt: skip
    assert programs[0] == programs[1]
    assert len(set(programs)) == 5


async def test_what_runs_is_found_however_long_ago_it_began(tmp_path: Path) -> None:
    async with running(tmp_path, rotate=1) as journal:
        await journal.open(opened(1, b"{}"))
        await journal.open(opened(2, b"{}", principal=BOB))
        await journal.open(opened(3, b"{}"))
        journal.close(closed(3))
        await journal.open(opened(9, b"{}", at=NOW + 1_000))
        assert len(list(tmp_path.glob("journal-*.db"))) > 1
        lately = {spent.id for spent in UsageReader(tmp_path).lately(Filters(since=NOW + 1_000))}
        assert lately == {call_id(1), call_id(2), call_id(9)}
        (only,) = UsageReader(tmp_path).lately(Filters(since=NOW + 1_000, user="bob"))
        assert (only.id, only.outcome) == (call_id(2), None)
        journal.close(closed(1))
        await journal.open(opened(10, b"{}", at=NOW + 1_000))
        lately = {spent.id for spent in UsageReader(tmp_path).lately(Filters(since=NOW + 1_000))}
        assert lately == {call_id(2), call_id(9), call_id(10)}
    assert UsageReader(tmp_path).lately(Filters(since=NOW + 10**9, user="nobody")) == []


async def test_what_began_since_it_was_noted_what_runs_is_found_too(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        for number in range(1, 4):
            await journal.open(opened(number, b"{}"))
        journal.close(closed(2))
        await journal.open(opened(4, forwarded=False, refusal="rate_limited"))
        await journal.open(opened(9, b"{}", at=NOW + 1_000))
        lately = {spent.id for spent in UsageReader(tmp_path).lately(Filters(since=NOW + 1_000))}
    assert lately == {call_id(1), call_id(3), call_id(9)}
