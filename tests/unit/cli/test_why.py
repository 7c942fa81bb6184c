"""`narrows why`: from the id that a reply carries to what was decided."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.model.approval import Answered
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.ticketfile import Add, TicketFile, Use
from unit.cli.command import Ran
from unit.cli.recorded import REFUSED, RUNNING
from unit.stores.sqlite.records import StillClock, call_id, closed, opened, running
from unit.stores.sqlite.tickets import BODY, said, ticket

Narrows = Callable[..., Ran]

DATA = ("--data", "data")
ASKED = f"apr_{call_id(1)[5:]}"
PENDING = {"forwarded": False, "refusal": "approval_pending", "policy": "research", "rule": "exports", "status": None}


@pytest.fixture
def record(tmp_path: Path) -> None:
    """Two calls: one that asked people and went on, one that used what was approved of another's question."""
    directory = tmp_path / "data"

    async def fill() -> None:
        async with running(directory) as journal:
            await journal.open(opened(1, b"{}", call=ASKED, **PENDING))
            for number in (1, 2):
                await journal.open(opened(number, b"{}"))
                journal.close(closed(number))
            await journal.open(opened(3, b"{}", call="apr_other", **PENDING))

    asyncio.run(fill())
    file = TicketFile(directory, load(DataDirectory(directory)))
    file.write([Add(ticket(1, id=ASKED), BODY), Use(ASKED, call_id(1)), Use(ASKED, call_id(2))])
    file.close()
    people = SqliteDecisions(directory, StillClock())
    people.decide(said(1, answer=Answered.APPROVE, ticket=ASKED, reason="agreed", repeats=3))
    people.close()


@pytest.mark.usefixtures("store")
def test_the_id_of_the_call_or_of_the_request_will_do(narrows: Narrows) -> None:
    call = narrows("why", REFUSED, "--data", "data")
    request = narrows("why", REFUSED.replace("call_", "req_"), "--data", "data")
    assert call.code == request.code == 0
    assert call.out == request.out
    assert "model_not_allowed" in call.out
    ran = narrows("why", "--data", "data", "--json")
    assert [row["id"] for row in ran.rows] == [RUNNING]


@pytest.mark.usefixtures("store")
def test_an_unknown_id_is_said_to_be_one(narrows: Narrows) -> None:
    ran = narrows("why", "req_0000", "--data", "data")
    assert ran.code == 1
    assert "no call 'req_0000' is on record; requests without a valid credential are counted" in ran.err
    ran = narrows("why", "sess_1", "--data", "data")
    assert ran.code == 2
    assert "'sess_1' is no id of a call" in ran.err


@pytest.mark.usefixtures("record")
def test_a_question_is_held_and_no_refused_call(narrows: Narrows) -> None:
    rows = narrows("sessions", "list", "--json", *DATA).rows
    assert {row["id"]: row["outcome"] for row in rows} == {
        "apr_other": "held", call_id(2): "done", call_id(1): "done", ASKED: "held",
    }  # fmt: skip
    assert narrows("sessions", "list", "--status", "refused", "--json", *DATA).rows == []
    (session,) = narrows("sessions", "list", "--by-session", "--json", *DATA).rows
    assert (session["calls"], session["outcomes"]) == (2, {"held": 2, "done": 2})
    assert "asks" in narrows("sessions", "show", ASKED, *DATA).out
    assert narrows("why", "last", *DATA).out.startswith(call_id(2)), "the newest call, not the question after it"
    assert narrows("sessions", "show", "last", *DATA).out.startswith(call_id(2))
    assert narrows("sessions", "replay", "last", "--fast", *DATA).code == 0


def test_a_call_that_is_held_or_was_given_up_is_not_on_record_yet(narrows: Narrows, tmp_path: Path) -> None:
    directory = tmp_path / "data"

    async def fill() -> None:
        async with running(directory) as journal:
            await journal.open(opened(1, b"{}", call=ASKED, **PENDING))

    asyncio.run(fill())
    file = TicketFile(directory, load(DataDirectory(directory)))
    file.write([Add(ticket(1, id=ASKED), BODY)])
    file.close()
    ran = narrows("why", call_id(1), *DATA)
    assert (ran.code, f"`narrows why {ASKED}` says how that stands" in ran.err) == (1, True), ran.err


@pytest.mark.usefixtures("record")
def test_usage_counts_calls_and_no_questions(narrows: Narrows) -> None:
    row = narrows("usage", "--since", "2023-01-01", "--by", "user", "--json", *DATA).rows[0]
    assert (row["calls"], row["refused"]) == (2, 0)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.usefixtures("record")
def test_a_call_names_its_ticket_and_who_approved(narrows: Narrows, number: int) -> None:
    shown = narrows("sessions", "show", call_id(number), *DATA).out
    assert f"approval   {ASKED} consumed: corp:sam approves (3 calls): agreed" in shown
    assert ASKED in narrows("why", call_id(number), *DATA).out
    for command in (("sessions", "show"), ("why",)):
        (row,) = narrows(*command, call_id(number), "--json", *DATA).rows
        assert [(each["id"], each["decisions"][0]["who"]) for each in row["approvals"]] == [(ASKED, "corp:sam")]


@pytest.mark.usefixtures("store")
def test_a_call_that_asked_nobody_says_nothing_of_it(narrows: Narrows) -> None:
    assert "approval" not in narrows("sessions", "show", "last", *DATA).out
