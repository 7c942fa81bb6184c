"""Requests for access in control.db: asked, answered once, ended by revocations, and never changed."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from narrows.model.access import GrantAct, GrantState, Request, Step
from narrows.model.approval import Approvers
from narrows.model.principal import Principal, Scope
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.access import AccessRefused, AccessUnavailable
from narrows.stores.sqlite.controlfile import FILE_NAME
from narrows.stores.sqlite.grants import MOST_PENDING, SqliteGrants
from narrows.stores.sqlite.revocations import SqliteRevocations

NOW = 1_700_000_000_000_000
HOUR = 3_600_000_000
ALICE = Principal("corp", "alice", groups=frozenset({"research"}))


@dataclass
class StillClock:
    time: int = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


def request(ident: str = "grt_1", **changes: object) -> Request:
    usual = Request(
        ident,
        ALICE,
        Scope(("openai",), ("gpt-*",), ("chat",)),
        HOUR,
        "the outage",
        NOW,
        NOW + HOUR,
        "chat",
        Approvers(("corp:security",)),
        1,
    )
    return msgspec.structs.replace(usual, **changes)


def act(who: str, step: Step = Step.APPROVE, grant: str = "grt_1") -> GrantAct:
    return GrantAct(grant, who, step, 0, "why", ("corp:security",))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def grants(tmp_path: Path, clock: StillClock) -> Iterator[SqliteGrants]:
    opened = SqliteGrants(tmp_path, clock)
    yield opened
    opened.close()


def state(grants: SqliteGrants, ident: str = "grt_1") -> GrantState:
    found = grants.get(ident)
    assert found is not None
    return found.state


def test_it_is_asked_approved_and_ends(grants: SqliteGrants, clock: StillClock) -> None:
    assert grants.ask(request()).state is GrantState.PENDING
    clock.time += 5
    grant = grants.act(act("corp:ana"))
    assert (grant.state, grant.starts, grant.ends) == (GrantState.ACTIVE, NOW + 5, NOW + 5 + HOUR)
    assert [(each.who, each.at) for each in grant.acts] == [("corp:ana", NOW + 5)]
    clock.time = NOW + 5 + HOUR
    assert state(grants) is GrantState.ENDED
    assert grants.get("grt_9") is None


def test_what_a_rule_approves_is_active_at_once(grants: SqliteGrants) -> None:
    assert grants.ask(request(needed=0)).state is GrantState.ACTIVE


def test_they_are_listed_by_state_and_by_whom(grants: SqliteGrants) -> None:
    grants.ask(request())
    grants.ask(request("grt_2", needed=0))
    grants.ask(request("grt_3", principal=Principal("corp", "bob")))

    def ids(*states: GrantState, **by: str) -> list[str]:
        return [each.request.id for each in grants.list(states, **by)]

    assert ids() == ["grt_1", "grt_2", "grt_3"]
    assert ids(GrantState.PENDING) == ["grt_1", "grt_3"]
    assert ids(GrantState.PENDING, requester="corp:alice") == ["grt_1"]
    assert ids(GrantState.REVOKED) == []


def test_what_may_not_be_said_is_not_written(grants: SqliteGrants) -> None:
    grants.ask(request())
    for wrong in (act("corp:alice"), act("corp:ana", grant="grt_9"), GrantAct("grt_1", "corp:dan", Step.APPROVE, 0)):
        with pytest.raises(AccessRefused):
            grants.act(wrong)
    with pytest.raises(AccessRefused, match="already"):
        grants.ask(request())
    assert grants.list()[0].acts == ()


def test_nobody_floods_those_who_approve(grants: SqliteGrants) -> None:
    for number in range(MOST_PENDING):
        grants.ask(request(f"grt_{number}"))
    with pytest.raises(AccessRefused, match="wait already"):
        grants.ask(request("grt_more"))
    grants.act(act("corp:alice", Step.CANCEL, "grt_0"))
    grants.ask(request("grt_more"))


def test_revocations_end_grants_and_questions_until_they_are_lifted(
    grants: SqliteGrants, tmp_path: Path, clock: StillClock
) -> None:
    revocations = SqliteRevocations(tmp_path, clock)
    grants.ask(request(needed=0))
    grants.ask(request("grt_2"))
    revocations.add([Revocation("rev_1", Revoked.GRANT, "grt_1", NOW, "local:root", "lost")])
    assert [state(grants), state(grants, "grt_2")] == [GrantState.REVOKED, GrantState.PENDING]
    revocations.add([Revocation("rev_2", Revoked.USER, "corp:alice", NOW, "local:root", "left", before=NOW)])
    assert state(grants, "grt_2") is GrantState.CANCELLED
    with pytest.raises(AccessRefused, match="was cancelled"):
        grants.act(act("corp:ana", grant="grt_2"))
    clock.time += 1
    assert grants.ask(request("grt_3", at=NOW + 1)).state is GrantState.PENDING
    revocations.lift("rev_1", "local:root", "found")
    revocations.lift("rev_2", "local:root", "came back")
    assert [state(grants), state(grants, "grt_2")] == [GrantState.ACTIVE, GrantState.PENDING]
    revocations.close()


def test_two_who_answer_at_once_are_judged_one_after_the_other(tmp_path: Path, clock: StillClock) -> None:
    opened = SqliteGrants(tmp_path, clock)
    opened.ask(request())
    opened.close()

    def answer(step: Step, who: str) -> str:
        own = SqliteGrants(tmp_path, clock)
        try:
            return own.act(act(who, step)).state
        except AccessRefused as refused:
            return str(refused)
        finally:
            own.close()

    steps = [Step.APPROVE, Step.REJECT] * 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(answer, steps, [f"corp:p{number}" for number in range(8)]))
    assert sum(said in (GrantState.ACTIVE, GrantState.REJECTED) for said in answers) == 1
    opened = SqliteGrants(tmp_path, clock)
    assert len(opened.list()[0].acts) == 1
    opened.close()


def test_rows_are_not_changed_and_one_that_is_unreadable_is_an_error(grants: SqliteGrants, tmp_path: Path) -> None:
    grants.ask(request())
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        for statement in ("UPDATE access SET said = '{}'", "DELETE FROM access"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)
        connection.execute("INSERT INTO access (id, requester, kind, said) VALUES ('grt_1', 'corp:alice', 'x', '{}')")
    connection.close()
    with pytest.raises(AccessUnavailable, match="can't be read"):
        grants.get("grt_1")


def test_a_list_that_is_read_on_is_as_one_that_is_read_anew(tmp_path: Path, clock: StillClock) -> None:
    reader = SqliteGrants(tmp_path, clock)
    assert reader.list() == []
    writer = SqliteGrants(tmp_path, clock)
    steps = [
        lambda: writer.ask(request(span=5)),
        lambda: writer.ask(request("grt_2")),
        lambda: writer.act(act("corp:ana")),
        lambda: writer.act(act("corp:ana", Step.REJECT, "grt_2")),
        lambda: writer.ask(request("grt_3", principal=Principal("corp", "bob"))),
    ]
    opens = (GrantState.PENDING, GrantState.ACTIVE)
    for step in steps:
        step()
        clock.time += 2
        anew = SqliteGrants(tmp_path, clock)
        assert reader.list(opens) == anew.list(opens)
        assert reader.list() == anew.list()
        assert reader.list((GrantState.ENDED,), requester="corp:alice") == anew.list(
            (GrantState.ENDED,), requester="corp:alice"
        )
        anew.close()
    assert [each.state for each in reader.list()] == [GrantState.ENDED, GrantState.REJECTED, GrantState.PENDING]
    (tmp_path / FILE_NAME).rename(tmp_path / "old")
    assert reader.list() == []
    reader.close()
    writer.close()


def test_who_is_contained_approves_nothing(grants: SqliteGrants, tmp_path: Path, clock: StillClock) -> None:
    grants.ask(request())
    kept = SqliteRevocations(tmp_path, clock)
    kept.add([Revocation("rev_1", Revoked.USER, "corp:sam", NOW, "corp:ann", "left")])
    kept.close()
    with pytest.raises(AccessRefused, match="corp:sam is contained"):
        grants.act(act("corp:sam"))
    assert grants.act(act("corp:eva")).state is GrantState.ACTIVE
