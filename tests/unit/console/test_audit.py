"""The trail: a row before a change and one after it, and no change without the first."""

import pytest

from narrows.console.audit import Trail
from narrows.console.problems import Problem, Refused
from narrows.model.audit import ActOutcome
from narrows.ports.audit import AuditUnavailable
from unit.console.world import NOW, MemoryBooks, StillClock, visitor


def rows(books: MemoryBooks) -> list[tuple[ActOutcome, str | None]]:
    return [(act.outcome, act.code) for act in books.audit.acts]


def test_a_row_says_who_what_when_from_where() -> None:
    books, clock = MemoryBooks(StillClock()), StillClock()
    Trail(visitor("ana"), clock.now).did(books, "approval.show", "apr_1")
    (act,) = books.audit.acts
    assert (act.who, act.action, act.target, act.at, act.address) == (
        "corp:ana", "approval.show", "apr_1", NOW, "192.0.2.7",
    )  # fmt: skip
    assert (act.roles, act.credential, act.request_id) == (("approver", "user"), "jti-ana", "req_0001")


def test_a_change_stands_between_two_rows() -> None:
    books = MemoryBooks(StillClock())
    trail = Trail(visitor("ana"), StillClock().now)
    assert trail.doing(books, "a", "t", lambda: len(books.audit.acts)) == 1
    assert rows(books) == [(ActOutcome.BEGUN, None), (ActOutcome.DONE, None)]


@pytest.mark.parametrize(
    ("error", "row"),
    [
        (Refused(Problem.OWN_CALL), (ActOutcome.REFUSED, "own_call")),
        (RuntimeError("secret"), (ActOutcome.FAILED, "RuntimeError")),
    ],
)
def test_how_it_failed_stands_there_too(error: Exception, row: tuple[ActOutcome, str]) -> None:
    books = MemoryBooks(StillClock())

    def work() -> None:
        raise error

    with pytest.raises(type(error)):
        Trail(visitor("ana"), StillClock().now).doing(books, "a", "t", work)
    assert rows(books)[1] == row


def test_what_cannot_be_written_is_not_done() -> None:
    books, done = MemoryBooks(StillClock()), []
    books.audit.fails = True
    with pytest.raises(AuditUnavailable):
        Trail(visitor("ana"), StillClock().now).doing(books, "a", "t", lambda: done.append(1))
    assert done == []
