"""Answers: written one after the other, followed without reading them twice; what can't be read counts for nothing."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.model.approval import Answered, Approvers, Decision, Review, TicketState
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused
from narrows.stores.sqlite import decisions
from narrows.stores.sqlite.controlfile import ControlFile
from narrows.stores.sqlite.decisions import DecisionWatch, SqliteDecisions, check
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.ticketfile import Add, Drop, End, TicketFile
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import BODY, HOUR, prepared, requirement, said, ticket


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tickets that stand."""
    directory = prepared(tmp_path / "data")
    file = TicketFile(directory, load(DataDirectory(directory)))
    file.write([Add(ticket(1), BODY), Add(ticket(2, requirement(needed=2)), BODY)])
    file.close()
    return directory


def answers(found: object) -> list[tuple[int, str]] | None:
    return None if found is None else [(seq, decision.who) for seq, decision in found]  # type: ignore[attr-defined]


def write(folder: Path, text: str) -> None:
    file = ControlFile(folder, StillClock(), ApprovalsUnavailable)
    with file.transaction() as run:
        run.execute("INSERT INTO decision (ticket, said) VALUES ('apr_000000000001', ?)", (text,))
    file.close()


def test_news_are_told_once(folder: Path) -> None:
    people, watch = SqliteDecisions(folder, StillClock()), DecisionWatch(folder)
    assert watch.news() is None
    assert watch.news() == ()
    people.decide(said(2, "corp:sam"))
    assert watch.news() is None  # the file is new
    assert answers(watch.of(ticket(2).id)) == [(1, "corp:sam")]
    people.decide(said(2, "corp:eva"))
    people.decide(said(1, "corp:max"))
    assert answers(watch.news()) == [(2, "corp:eva"), (3, "corp:max")]
    assert watch.news() == ()
    write(folder, "{}")
    assert watch.news() == []
    watch.close()
    people.close()


def test_another_file_is_read_anew(folder: Path, tmp_path: Path) -> None:
    people, watch = SqliteDecisions(folder, StillClock()), DecisionWatch(folder)
    people.decide(said(2, "corp:sam"))
    now, older = sqlite3.connect(folder / "control.db"), sqlite3.connect(tmp_path / "older.db")
    now.backup(older)
    now.close()
    older.close()
    people.decide(said(2, "corp:eva"))
    assert watch.news() is None
    people.close()
    for path in folder.glob("control.db-*"):
        path.unlink()
    (tmp_path / "older.db").replace(folder / "control.db")
    assert watch.news() is None
    assert answers(watch.of(ticket(2).id)) == [(1, "corp:sam")]
    watch.close()


def test_an_older_copy_within_the_same_file_is_read_anew(folder: Path) -> None:
    people, watch = SqliteDecisions(folder, StillClock()), DecisionWatch(folder)
    people.decide(said(2, "corp:sam"))
    people.decide(said(2, "corp:eva"))
    assert watch.news() is None
    raw = sqlite3.connect(folder / "control.db", isolation_level=None)
    raw.execute("DROP TRIGGER decision_stays")
    raw.execute("DELETE FROM decision WHERE seq = 2")
    raw.close()
    assert watch.news() is None
    watch.close()
    people.close()


def test_what_cannot_be_read_counts_for_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = SqliteDecisions(folder, StillClock())
    write(folder, '{"ticket": "apr_000000000001", "who": "corp:sam", "answer": "maybe", "at": 1}')
    with caplog.at_level(logging.ERROR):
        found = people.show(ticket(1).id)
    assert found is not None
    assert (found.state, found.decisions) == (TicketState.PENDING, ())
    assert "decision 1 can't be read and counts for nothing" in caplog.text
    people.close()


def test_an_answer_counts_from_when_it_is_written(folder: Path) -> None:
    clock = StillClock()
    people = SqliteDecisions(folder, clock)
    clock.time += 7
    after = people.decide(said(1, at=1))
    assert [each.at for each in after.decisions] == [NOW + 7]
    people.close()


def test_of_several_at_once_one_is_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(before: Review, answer: Decision, now: int) -> None:
        check(before, answer, now)
        time.sleep(0.05)

    monkeypatch.setattr("narrows.stores.sqlite.decisions.check", slow)
    outcomes: list[str] = []
    ready = threading.Barrier(4)

    def decide(answer: Decision) -> None:
        people = SqliteDecisions(folder, StillClock())
        ready.wait()
        try:
            outcomes.append(people.decide(answer).state.value)
        except DecisionRefused as refused:
            outcomes.append(str(refused).split(" ", 1)[1])
        people.close()

    threads = [
        threading.Thread(target=decide, args=(said(1, f"corp:{number}", answer),))
        for number, answer in enumerate([Answered.REJECT] * 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("rejected") == 1
    assert sum("was rejected already by" in each for each in outcomes) == 3


def test_an_end_that_the_gate_wrote_holds(folder: Path) -> None:
    people = SqliteDecisions(folder, StillClock())
    people.decide(said(1))
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([End(ticket(1).id, TicketState.CANCELLED, NOW, "changed")])
    file.close()
    found = people.show(ticket(1).id)
    assert found is not None
    assert found.state is TicketState.CANCELLED
    assert [each.ticket.id for each in people.list([TicketState.PENDING, TicketState.APPROVED])] == [ticket(2).id]
    assert [each.ticket.id for each in people.list([TicketState.CANCELLED])] == [ticket(1).id]
    people.close()


def test_what_keeps_them_from_being_read_is_said(folder: Path) -> None:
    people = SqliteDecisions(folder, StillClock())
    other = prepared(folder.parent / "other")
    (other / "master.key").replace(folder / "master.key")
    with pytest.raises(ApprovalsUnavailable, match="can't be shown"):
        people.content(ticket(1).id)
    (folder / "approvals.db").write_bytes(b"not a database " * 100)
    for asked in (people.list, lambda: people.show("apr_1"), lambda: people.content("apr_1"), people.ids):
        with pytest.raises(ApprovalsUnavailable, match="approvals"):
            asked()
    people.close()


def test_a_gate_that_never_held_a_call_has_no_tickets(tmp_path: Path) -> None:
    people = SqliteDecisions(prepared(tmp_path / "data"), StillClock())
    assert (people.list(), people.ids(), people.show("apr_1")) == ([], (), None)
    people.close()


GLASS = requirement(needed=2, glass=Approvers(people=("corp:oncall",)))


def broke(**changes: object) -> Decision:
    return said(3, "corp:oncall", break_glass=True, reason="outage", groups=(), **changes)


def looked(who: str = "corp:sam", comment: str | None = "an outage indeed") -> Decision:
    return said(3, who, Answered.REVIEW, reason=comment)


@pytest.fixture
def glass(folder: Path) -> Iterator[SqliteDecisions]:
    """One that somebody may release alone."""
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([Add(ticket(3, GLASS), BODY)])
    file.close()
    people = SqliteDecisions(folder, StillClock())
    yield people
    people.close()


def test_what_was_released_alone_waits_for_somebody_else(glass: SqliteDecisions) -> None:
    assert glass.to_review() == []
    assert glass.decide(broke()).state is TicketState.APPROVED
    assert [each.ticket.id for each in glass.to_review()] == [ticket(3).id]
    with pytest.raises(DecisionRefused, match="neither who asked nor who released it"):
        glass.decide(looked("corp:oncall"))
    with pytest.raises(DecisionRefused, match="say what you found"):
        glass.decide(looked(comment=" "))
    assert [each.answer for each in glass.decide(looked()).decisions] == [Answered.APPROVE, Answered.REVIEW]
    assert glass.to_review() == []
    with pytest.raises(DecisionRefused, match="was reviewed already by corp:sam"):
        glass.decide(looked("corp:eva"))


def test_nothing_else_is_reviewed(glass: SqliteDecisions) -> None:
    glass.decide(said(1))
    for number in (1, 2):
        with pytest.raises(DecisionRefused, match="nothing to review"):
            glass.decide(msgspec.structs.replace(looked(), ticket=ticket(number).id))


def test_a_release_alone_that_would_last_is_refused(glass: SqliteDecisions) -> None:
    with pytest.raises(DecisionRefused, match="ends within"):
        glass.decide(broke(until=NOW + 2 * HOUR))


def test_a_review_outlives_the_question(glass: SqliteDecisions, folder: Path) -> None:
    glass.decide(broke())
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([End(ticket(3).id, TicketState.CONSUMED, NOW)])
    file.close()
    assert [each.state for each in glass.to_review()] == [TicketState.CONSUMED]
    glass.decide(looked())
    assert glass.to_review() == []


def test_what_needs_no_look_any_more_is_not_read_again(
    glass: SqliteDecisions, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glass.decide(broke())
    glass.decide(looked())
    assert glass.to_review() == []
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([End(ticket(3).id, TicketState.CONSUMED, NOW), Add(ticket(4, GLASS), BODY)])
    file.close()
    assert glass.to_review() == []
    read: list[str] = []
    shown = SqliteDecisions.show

    def show(self: SqliteDecisions, ticket_id: str) -> Review | None:
        read.append(ticket_id)
        return shown(self, ticket_id)

    monkeypatch.setattr(SqliteDecisions, "show", show)
    assert (glass.to_review(), read) == ([], [])
    glass.decide(msgspec.structs.replace(broke(), ticket=ticket(4).id))
    assert [each.ticket.id for each in glass.to_review()] == [ticket(4).id]
    # It was looked at by somebody else, and dropped when it was old.
    glass.decide(msgspec.structs.replace(looked(), ticket=ticket(4).id))
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([End(ticket(4).id, TicketState.CONSUMED, NOW), Drop((ticket(4).id,))])
    file.close()
    assert glass.to_review() == []
    read.clear()
    assert (glass.to_review(), read) == ([], [])


def test_releases_of_another_file_are_read_anew(glass: SqliteDecisions, folder: Path) -> None:
    glass.decide(broke())
    assert len(glass.to_review()) == 1
    for name in ("control.db", "control.db-wal", "control.db-shm"):
        (folder / name).unlink(missing_ok=True)
    assert glass.to_review() == []
    glass.decide(broke())
    assert len(glass.to_review()) == 1


def test_who_has_approved_it_with_others_may_still_release_it_alone(folder: Path) -> None:
    both = requirement(needed=2, glass=Approvers(people=("corp:ana",)))
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([Add(ticket(3, both), BODY)])
    file.close()
    people = SqliteDecisions(folder, StillClock())
    assert people.decide(said(3, "corp:ana")).state is TicketState.PENDING
    with pytest.raises(DecisionRefused, match="others must, too"):
        people.decide(said(3, "corp:ana"))
    # Nobody else comes, and it can't wait.
    review = people.decide(said(3, "corp:ana", break_glass=True, reason="outage"))
    assert review.state is TicketState.APPROVED
    assert [each.ticket.id for each in people.to_review()] == [ticket(3).id]
    people.close()


def test_they_are_walked_in_batches_either_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "BATCH", 2)
    file = TicketFile(folder, load(DataDirectory(folder)))
    file.write([Add(ticket(number), BODY) for number in range(3, 8)])
    file.write([End(ticket(number).id, TicketState.CANCELLED, NOW, "changed") for number in (4, 5)])
    file.close()
    people = SqliteDecisions(folder, StillClock())

    def walked(*states: TicketState, **options: Any) -> list[int]:
        return [int(each.ticket.id[4:]) for each in people.walk(states, **options)]

    assert walked() == [1, 2, 3, 4, 5, 6, 7]
    assert walked(newest=True) == [7, 6, 5, 4, 3, 2, 1]
    assert walked(after=ticket(3).id) == [4, 5, 6, 7]
    assert walked(after=ticket(3).id, newest=True) == [2, 1]
    assert walked(TicketState.CANCELLED) == [4, 5]
    assert walked(TicketState.PENDING, TicketState.APPROVED, after=ticket(3).id) == [6, 7]
    assert [each.reason for each in people.walk([TicketState.CANCELLED])] == ["changed", "changed"]
    people.close()


def test_who_is_contained_decides_about_nothing(folder: Path) -> None:
    kept, people = SqliteRevocations(folder, StillClock()), SqliteDecisions(folder, StillClock())
    kept.add([Revocation("rev_1", Revoked.USER, "corp:sam", NOW, "corp:ann", "left")])
    with pytest.raises(DecisionRefused, match="corp:sam is contained"):
        people.decide(said(1, "corp:sam"))
    kept.lift("rev_1", "corp:ann", "a mistake")
    assert people.decide(said(1, "corp:sam")).state is TicketState.APPROVED
    people.close()
    kept.close()
