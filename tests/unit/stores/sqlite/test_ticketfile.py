"""approvals.db: private, sealed, all or nothing, and of one version."""

import sqlite3
import stat
from pathlib import Path

import pytest

from narrows.evidence.sealing import MasterKey, Unsealable
from narrows.model.approval import TicketState
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.ticketfile import Add, End, GiveBack, Kept, Reopen, TicketFile, Tickets, Use
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.tickets import BODY, ticket

MASTER = MasterKey(bytes(32))
ONE, TWO = ticket(1).id, ticket(2).id


@pytest.fixture
def written(tmp_path: Path) -> TicketFile:
    file = TicketFile(tmp_path, MASTER)
    file.write([Add(ticket(1), BODY), Add(ticket(2, at=NOW + 1), b"")])
    return file


def test_what_is_added_is_there(written: TicketFile, tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    one = Kept(ticket(1), None, None, None, 0)
    assert tickets.get(ONE) == one
    assert tickets.open() == tickets.batch((), None, 9) == [one, Kept(ticket(2, at=NOW + 1), None, None, None, 0)]
    assert tickets.ids() == [ONE, TWO]
    assert tickets.latest(ticket(1).digest, "corp:alice") == one
    assert tickets.latest(ticket(1).digest, "corp:bob") is None
    assert tickets.get("apr_3") is None
    assert tickets.body(ticket(1), MASTER) == BODY
    assert tickets.body(ticket(2), MASTER) == b""
    tickets.close()
    written.close()


def test_what_is_shown_is_sealed_and_bound_to_its_ticket(written: TicketFile, tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    with pytest.raises(Unsealable):
        tickets.body(ticket(1), MasterKey(bytes(31) + b"1"))
    with sqlite3.connect(tmp_path / "approvals.db") as raw:
        raw.execute("DELETE FROM shown WHERE ticket = ?", (TWO,))
        raw.execute("UPDATE shown SET ticket = ?", (TWO,))
    raw.close()
    with pytest.raises(Unsealable):
        tickets.body(ticket(2), MASTER)
    tickets.close()
    written.close()
    for path in tmp_path.glob("approvals.db*"):
        assert b"export the list" not in path.read_bytes()


def test_only_the_owner_can_read_the_files(written: TicketFile, tmp_path: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"approvals.db": 0o600, "approvals.db-wal": 0o600, "approvals.db-shm": 0o600}
    written.close()
    (tmp_path / "approvals.db").chmod(0o644)
    TicketFile(tmp_path, MASTER).close()
    assert stat.S_IMODE((tmp_path / "approvals.db").stat().st_mode) == 0o600


def test_uses_are_counted_and_given_back(written: TicketFile, tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    written.write([Use(ONE, "call_1"), Use(ONE, "call_2"), End(ONE, TicketState.CONSUMED, NOW + 5)])
    kept = tickets.get(ONE)
    assert kept is not None
    assert (kept.ended, kept.ended_at, kept.used) == (TicketState.CONSUMED, NOW + 5, 2)
    assert tickets.took(ONE, "call_1")
    assert not tickets.took(TWO, "call_1")
    with pytest.raises(sqlite3.IntegrityError):
        written.write([Use(ONE, "call_1")])
    written.write([GiveBack(ONE, "call_1"), Reopen(ONE)])
    kept = tickets.get(ONE)
    assert kept is not None
    assert (kept.ended, kept.ended_at, kept.used) == (None, None, 1)
    tickets.close()
    written.close()


def test_an_end_is_for_good_and_drops_what_was_shown(written: TicketFile, tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    written.write(
        [End(ONE, TicketState.CANCELLED, NOW, "changed"), End(ONE, TicketState.REJECTED, NOW + 1), Reopen(ONE)]
    )
    kept = tickets.get(ONE)
    assert kept is not None
    assert (kept.ended, kept.ended_at, kept.reason) == (TicketState.CANCELLED, NOW, "changed")
    assert tickets.body(ticket(1), MASTER) is None
    assert [each.ticket.id for each in tickets.open()] == [TWO]
    tickets.close()
    written.close()


def test_changes_are_written_all_or_none(written: TicketFile, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        written.write([Add(ticket(3), BODY), Use(ONE, "call_1"), Add(ticket(1), BODY)])
    tickets = Tickets(tmp_path)
    assert tickets.ids() == [ONE, TWO]
    assert not tickets.took(ONE, "call_1")
    written.write([Add(ticket(3), BODY)])
    assert tickets.ids() == [ONE, ticket(3).id, TWO]
    tickets.close()
    written.close()


def test_another_version_is_refused_by_both_sides(written: TicketFile, tmp_path: Path) -> None:
    written.close()
    with sqlite3.connect(tmp_path / "approvals.db") as raw:
        raw.execute("UPDATE meta SET value = 99")
    raw.close()
    for opens in (lambda: TicketFile(tmp_path, MASTER), lambda: Tickets(tmp_path)):
        with pytest.raises(DataDirectoryError, match="format 99, and this Narrows knows format 1"):
            opens()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "approvals.db").write_bytes(b"not a database " * 100)
    for opens in (lambda: TicketFile(tmp_path, MASTER), lambda: Tickets(tmp_path)):
        with pytest.raises(DataDirectoryError, match=r"approvals\.db: .*not a database"):
            opens()
    with pytest.raises(DataDirectoryError, match="missing"):
        TicketFile(tmp_path / "missing", MASTER)
    with pytest.raises(DataDirectoryError, match="missing"):
        Tickets(tmp_path / "missing")
