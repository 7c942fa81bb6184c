"""The trail in control.db: what was added is there, durable, and stays as it was added."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from narrows.model.audit import Act, ActOutcome
from narrows.ports.audit import AuditUnavailable
from narrows.stores.sqlite.audit import SqliteAudit
from unit.stores.sqlite.records import NOW, StillClock

ACT = Act(
    at=NOW,
    request_id="req_1",
    who="corp:ana",
    credential="jti-1",
    roles=("approver", "user"),
    address="192.0.2.7",
    action="approval.approve",
    target="apr_1",
    outcome=ActOutcome.REFUSED,
    code="own_call",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_what_was_added_comes_back_newest_first_after_a_restart(folder: Path) -> None:
    acts = [msgspec.structs.replace(ACT, request_id=f"req_{number}") for number in range(5)]
    for act in acts:
        audit = SqliteAudit(folder, StillClock())
        audit.append(act)
        audit.close()
    audit = SqliteAudit(folder, StillClock())
    assert list(audit.newest(3)) == acts[:1:-1]
    assert list(audit.newest(100)) == acts[::-1]
    audit.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'corp:eve'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT 1, at, 'corp:eve', action, target, outcome, act FROM audit",
        "REPLACE INTO audit (seq, at, who, action, target, outcome, act) VALUES (1, 0, 'e', 'a', 't', 'done', '{}')",
    ],
)
def test_nothing_of_it_is_changed_or_removed(folder: Path, statement: str) -> None:
    audit = SqliteAudit(folder, StillClock())
    audit.append(ACT)
    other = sqlite3.connect(folder / "control.db", isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="trail"):
        other.execute(statement)
    other.close()
    assert list(audit.newest(9)) == [ACT]
    audit.close()


def test_a_file_that_another_one_holds_is_unavailable(folder: Path) -> None:
    audit = SqliteAudit(folder, StillClock(), busy=0.05)
    holder = sqlite3.connect(folder / "control.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(AuditUnavailable, match="locked"):
        audit.append(ACT)
    holder.execute("ROLLBACK")
    holder.close()
    audit.append(ACT)
    audit.close()


def test_an_act_that_cannot_be_read_is_told(folder: Path) -> None:
    audit = SqliteAudit(folder, StillClock())
    other = sqlite3.connect(folder / "control.db", isolation_level=None)
    other.execute("INSERT INTO audit (at, who, action, target, outcome, act) VALUES (0, '', '', '', '', '{}')")
    other.close()
    with pytest.raises(AuditUnavailable, match="can't be read"):
        audit.newest(1)
    audit.close()
