"""What waits for a person: listed, shown, watched and decided, beside the store."""

import pwd
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli.approvals import operator
from narrows.model.approval import Answered, Approvers, Escalation, TicketState
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.ticketfile import Add, End, TicketFile
from narrows.wiring.clock import SystemClock
from unit.cli.command import Ran
from unit.stores.sqlite.tickets import BODY, HOUR, prepared, requirement, said, ticket

Narrows = Callable[..., Ran]

ONE, TWO, OVER, OWN = (ticket(number).id for number in range(1, 5))
ME = f"local:{pwd.getpwuid(0).pw_name}"
DATA = ("--data", "data")


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 0)


@pytest.fixture
def now() -> int:
    return SystemClock().now()


@pytest.fixture
def tickets(tmp_path: Path, now: int) -> Path:
    """./data with one that waits, one that needs more, one that is void, and one of the operator's own account."""
    directory = prepared(tmp_path / "data")
    file = TicketFile(directory, load(DataDirectory(directory)))
    start = {"at": now - 120_000_000, "expires": now + HOUR}
    needs = requirement(needed=2, then=Escalation(Approvers(people=("corp:lea",)), HOUR // 2))
    file.write(
        [
            Add(ticket(1, justification="the \x1b[2Jquarter", **start), BODY),
            Add(ticket(2, needs, requester="corp:bob", **start), BODY),
            Add(ticket(3, requester="corp:bob", **start), BODY),
            End(OVER, TicketState.CANCELLED, now, "changed"),
            Add(ticket(4, requester="narrows:etl", owner=ME.partition(":")[2], **start), BODY),
        ]
    )
    file.close()
    return directory


@pytest.mark.usefixtures("tickets")
def test_what_waits_is_listed(narrows: Narrows) -> None:
    listed = narrows("approvals", "list", *DATA)
    assert listed.code == 0
    first, second, _ = listed.out.splitlines()[1:]
    assert first.split()[:4] == [ONE, "pending", "2m", "corp:alice"]
    assert "exports" in first
    assert "1 of corp:security" in first
    assert "chat with gpt-4o on openai" in first
    assert first.endswith("59m")
    assert "2 of corp:security (after 30m also user corp:lea)" in second
    assert OVER not in listed.out
    assert OVER in narrows("approvals", "list", "--all", *DATA).out
    assert [row["id"] for row in narrows("approvals", "list", "--state", "cancelled", "--json", *DATA).rows] == [OVER]
    assert [row["id"] for row in narrows("approvals", "list", "--user", "bob", "--json", *DATA).rows] == [TWO]
    assert [row["id"] for row in narrows("approvals", "list", "--user", "corp:alice", "--json", *DATA).rows] == [ONE]


def test_where_nothing_waits_it_says_so(narrows: Narrows, tmp_path: Path) -> None:
    prepared(tmp_path / "data")
    assert "Nothing waits for approval." in narrows("approvals", "list", *DATA).err
    assert "No such ticket" in narrows("approvals", "list", "--all", *DATA).err
    assert narrows("approvals", "list", "--json", *DATA).out == ""
    assert narrows("approvals", "show", *DATA).err == "narrows: no ticket is on record\n"
    assert narrows("approvals", "list", "--state", "open", *DATA).code == 2
    assert narrows("approvals", "list", "--data", "elsewhere").code == 2


@pytest.mark.usefixtures("tickets")
def test_a_ticket_is_shown_with_what_would_be_sent(narrows: Narrows) -> None:
    shown = narrows("approvals", "show", ONE, *DATA)
    assert shown.code == 0
    assert "export the list" in shown.out
    assert "rule exports of policy research wants 1 of corp:security; 0 said yes" in shown.out
    assert "\x1b" not in shown.out
    assert "\\x1b[2Jquarter" in shown.out
    (row,) = narrows("approvals", "show", ONE, "--json", *DATA).rows
    assert (row["id"], row["state"], row["body"]) == (ONE, "pending", BODY.decode())
    assert row["needs"] == [{"policy": "research", "rule": "exports", "more": 1}]
    assert narrows("approvals", "show", *DATA).out.startswith(OWN)


@pytest.mark.usefixtures("tickets")
def test_of_one_at_its_end_the_record_is_named(narrows: Narrows) -> None:
    shown = narrows("approvals", "show", OVER, *DATA)
    assert "export the list" not in shown.out
    assert f"narrows sessions show {OVER}" in shown.out
    assert narrows("approvals", "show", OVER, "--json", *DATA).rows[0]["body"] is None


@pytest.mark.usefixtures("tickets")
def test_who_approves_is_recorded_as_the_local_operator_and_told_so(narrows: Narrows, now: int) -> None:
    ran = narrows("approvals", "approve", ONE, "--reason", "agreed", "--output-cap", "200", "--for", "8h", *DATA)
    assert (ran.code, ran.out) == (0, f"{ONE} approved by {ME}\n")
    assert f"Recorded as {ME}" in ran.err
    assert "nobody should decide about their own calls" in ran.err
    (row,) = narrows("approvals", "show", ONE, "--json", *DATA).rows
    (decision,) = row["decisions"]
    assert (row["state"], decision["who"], decision["reason"], decision["counts"]) == ("approved", ME, "agreed", True)
    assert decision["output_cap"] == 200
    assert 0 <= decision["until"] - now - 8 * HOUR < 60_000_000
    assert f"{ME} approves (replies of at most 200 tokens, until 20" in narrows("approvals", "show", ONE, *DATA).out
    assert "any number of calls, 0 gone on" in narrows("approvals", "show", ONE, *DATA).out


@pytest.mark.usefixtures("tickets")
def test_what_is_still_needed_is_said(narrows: Narrows) -> None:
    ran = narrows("approvals", "approve", TWO, "--repeats", "3", *DATA)
    assert ran.code == 0
    assert f"{TWO} approved by {ME}; still needed: 1 of corp:security" in ran.out
    again = narrows("approvals", "approve", TWO, *DATA)
    assert (again.code, again.err) == (1, f"narrows: {ME} has approved {TWO} already; others must, too\n")
    assert "1 said yes" in narrows("approvals", "show", TWO, *DATA).out
    assert "3 calls" in narrows("approvals", "show", TWO, *DATA).out


@pytest.mark.usefixtures("tickets")
def test_a_rejection_has_a_reason_and_is_for_good(narrows: Narrows) -> None:
    assert narrows("approvals", "reject", ONE, *DATA).code == 2
    assert narrows("approvals", "reject", ONE, "--reason", " ", *DATA).code == 1
    ran = narrows("approvals", "reject", ONE, "--reason", "names", "--json", *DATA)
    assert (ran.code, ran.rows[0]["state"]) == (0, "rejected")
    again = narrows("approvals", "approve", ONE, *DATA)
    assert (again.code, again.err) == (1, f"narrows: {ONE} was rejected already by {ME}\n")
    assert f"{ME} rejects: names" in narrows("approvals", "show", ONE, *DATA).out


@pytest.mark.usefixtures("tickets")
def test_what_cannot_be_decided_is_said(narrows: Narrows) -> None:
    void = narrows("approvals", "approve", OVER, *DATA)
    assert (void.code, void.err) == (1, f"narrows: {OVER} is void: changed\n")
    own = narrows("approvals", "approve", OWN, *DATA)
    assert own.code == 1
    assert "owns the service account that asks" in own.err
    both = narrows("approvals", "approve", ONE, "--for", "1h", "--repeats", "2", *DATA)
    assert (both.code, "choose one" in both.err) == (2, True)
    cap = narrows("approvals", "approve", ONE, "--output-cap", "5000", *DATA)
    assert (cap.code, "at most 1024" in cap.err) == (1, True)
    unknown = narrows("approvals", "approve", ONE[:-2] + "1", *DATA)
    assert unknown.code == 1
    assert f"did you mean {ONE}" in unknown.err
    assert "approvals list --all" in narrows("approvals", "show", "nonsense", *DATA).err
    unnamed = narrows("approvals", "approve", "last", *DATA)
    assert (unnamed.code, "name the ticket by its id" in unnamed.err) == (2, True)


def test_one_that_ends_in_that_moment_came_too_late(
    narrows: Narrows, tickets: Path, monkeypatch: pytest.MonkeyPatch, now: int
) -> None:
    decide = SqliteDecisions.decide

    def overtaken(self: SqliteDecisions, decision: object) -> object:
        decide(self, decision)  # type: ignore[arg-type]
        file = TicketFile(tickets, load(DataDirectory(tickets)))
        file.write([End(ONE, TicketState.CONSUMED, now)])
        file.close()
        return self.show(ONE)

    monkeypatch.setattr(SqliteDecisions, "decide", overtaken)
    ran = narrows("approvals", "reject", ONE, "--reason", "stop", *DATA)
    assert (ran.code, ran.err) == (1, f"narrows: too late: {ONE} is consumed\n")


def test_what_is_new_is_told_as_it_comes(
    narrows: Narrows, tickets: Path, monkeypatch: pytest.MonkeyPatch, now: int
) -> None:
    people = SqliteDecisions(tickets, SystemClock())
    file = TicketFile(tickets, load(DataDirectory(tickets)))
    news = iter(
        (
            lambda: file.write([Add(ticket(5, at=now, expires=now + HOUR, requester="corp:bob"), BODY)]),
            lambda: people.decide(said(5, "corp:sam")),
            lambda: people.decide(said(1, "corp:sam", Answered.REJECT)),
            lambda: file.write([End(ticket(5).id, TicketState.CONSUMED, now)]),
            lambda: None,
        )
    )

    def sleep(_: float) -> None:
        step = next(news, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(time, "sleep", sleep)
    ran = narrows("approvals", "list", "--watch", *DATA)
    assert ran.code == 130
    told = [line.split("  ", 1)[1] for line in ran.out.splitlines()[4:]]
    assert told == [
        f"{ticket(5).id}  asked by corp:bob (exports): chat with gpt-4o on openai  needs 1 of corp:security",
        f"{ticket(5).id}  approved, corp:sam approves",
        f"{ONE}  rejected, corp:sam rejects: not that",
        f"{ticket(5).id}  consumed, corp:sam approves",
    ]
    people.close()
    file.close()


def test_who_decides_is_the_user_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert operator() == ME
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert operator() == "local:4000000"


def test_what_keeps_tickets_from_being_read_is_one_message(narrows: Narrows, tickets: Path) -> None:
    (tickets / "approvals.db").write_bytes(b"not a database " * 100)
    for command in (("list",), ("show", ONE), ("approve", ONE), ("reject", ONE, "--reason", "x")):
        ran = narrows("approvals", *command, *DATA)
        assert (ran.code, "approvals.db" in ran.err) == (1, True)


@pytest.mark.usefixtures("tickets")
def test_why_explains_a_ticket(narrows: Narrows) -> None:
    asked = narrows("why", ONE, *DATA)
    assert (asked.code, asked.out.splitlines()[1].split(", until")[0]) == (0, "  It waits for 1 of corp:security")
    assert narrows("why", ONE, "--json", *DATA).rows[0]["state"] == "pending"
    assert "there is no ticket 'apr_x'" in narrows("why", "apr_x", *DATA).err


def test_what_is_released_alone_stays_listed_until_somebody_else_reviewed_it(
    narrows: Narrows, tickets: Path, now: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = TicketFile(tickets, load(DataDirectory(tickets)))
    glass = requirement(needed=2, glass=Approvers(people=("corp:oncall",)))
    file.write([Add(ticket(5, glass, at=now, expires=now + HOUR), BODY)])
    file.close()
    five = ticket(5).id
    assert "Nothing is to be reviewed." in narrows("approvals", "list", "--review", *DATA).err
    assert "a reason is needed" in narrows("approvals", "approve", five, "--break-glass", *DATA).err
    assert "no rule that asks lets" in narrows("approvals", "approve", TWO, "--break-glass", "--reason", "x", *DATA).err
    done = narrows("approvals", "approve", five, "--break-glass", "--reason", "outage", *DATA)
    assert done.out == f"{five} released alone by {ME}\n"
    assert five in narrows("approvals", "list", "--review", *DATA).out
    shown = narrows("approvals", "show", five, *DATA).out
    assert f"narrows approvals review {five}" in shown
    own = narrows("approvals", "review", five, "--comment", "fine", *DATA)
    assert "somebody else must" in own.err
    monkeypatch.setattr("os.getuid", lambda: 4242)
    other = narrows("approvals", "review", five, "--comment", "an outage indeed", *DATA)
    assert other.out == f"{five} reviewed by {operator()}\n"
    assert narrows("approvals", "list", "--review", *DATA).out == ""
    assert "reviewed it: an outage indeed" in narrows("approvals", "show", five, *DATA).out
    assert narrows("approvals", "list", "--review", "--all", *DATA).code == 2


@pytest.mark.usefixtures("tickets")
def test_a_long_list_is_its_newest_part(narrows: Narrows) -> None:
    listed = narrows("approvals", "list", "--limit", "2", "--json", *DATA)
    assert [row["id"] for row in listed.rows] == [TWO, OWN]
    assert "the newest 2" in listed.err
    assert "void" in narrows("approvals", "show", OVER, *DATA).out
    assert "changed" in narrows("approvals", "show", OVER, *DATA).out
