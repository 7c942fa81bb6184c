"""The outbox keeps what is to be told in its order, once, until it was taken or given up."""

import sqlite3
import stat
from pathlib import Path

import pytest

from narrows.ports.outbox import Letter, OutboxUnavailable
from narrows.stores.sqlite.outbox import OutboxView, SqliteOutbox

AT = 1_700_000_000_000_000


def letter(number: int, channel: str = "chat", ticket: str = "apr_1") -> Letter:
    return Letter(f"msg_{number}", channel, ticket, "requested", b"{}", AT + number, AT + number)


def filled(directory: Path, *letters: Letter, most: int = 100) -> SqliteOutbox:
    outbox = SqliteOutbox(directory, most=most)
    for each in letters:
        outbox.put(each.ticket, each.id, AT, [each])
    return outbox


def test_it_is_private(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("outbox.db", "outbox.db-wal", "outbox.db-shm"), 0o600)
    outbox.close()


def test_an_event_is_put_once_and_whole(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path)
    outbox.put("apr_1", "requested", AT, [letter(1), letter(2, "mail")])
    outbox.put("apr_1", "requested", AT, [letter(3)])
    assert outbox.told("apr_1") == {"requested"}
    assert outbox.channels("apr_1") == {"chat", "mail"}
    assert {name: post.waiting for name, post in outbox.standing().items()} == {"chat": 1, "mail": 1}
    with pytest.raises(OutboxUnavailable):
        outbox.put("apr_2", "requested", AT, [letter(4, ticket="apr_2"), letter(5, channel=None, ticket="apr_2")])  # type: ignore[arg-type]
    assert outbox.told("apr_2") == frozenset()
    outbox.close()


def test_messages_go_in_their_order_even_if_the_first_is_not_due(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1), letter(2), letter(3, "mail"))
    outbox.later("msg_1", AT + 999, "down")
    found = outbox.next("chat")
    assert found is not None
    assert (found.id, found.due, found.tries) == ("msg_1", AT + 999, 1)
    outbox.sent("msg_1", AT, "ref-1")
    second = outbox.next("chat")
    assert second is not None
    assert second.id == "msg_2"
    outbox.dead("msg_2", AT, "refused")
    assert outbox.next("chat") is None
    assert outbox.reference("apr_1", "chat") == "ref-1"
    assert outbox.reference("apr_1", "mail") is None
    (grave,) = outbox.graves()
    assert (grave.id, grave.fault, grave.tries) == ("msg_2", "refused", 1)
    outbox.close()


def test_it_is_all_there_after_another_start(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1))
    outbox.later("msg_1", AT + 5, "down")
    # Not closed: as a process that was killed.
    again = SqliteOutbox(tmp_path)
    found = again.next("chat")
    assert found is not None
    assert (found.id, found.tries, found.body) == ("msg_1", 1, b"{}")
    assert again.told("apr_1") == {"msg_1"}
    outbox.close()
    again.close()


def test_there_is_a_bound(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1), most=2)
    assert outbox.room("chat")
    outbox.put("apr_1", "more", AT, [letter(2)])
    assert not outbox.room("chat")
    assert outbox.room("mail")
    outbox.sent("msg_1", AT, None)
    assert outbox.room("chat")
    outbox.close()


def test_tickets_are_open_until_they_are_closed(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1), letter(2, ticket="apr_2"))
    assert sorted(outbox.open()) == ["apr_1", "apr_2"]
    outbox.close_ticket("apr_1", AT)
    outbox.close_ticket("apr_1", AT)
    assert outbox.open() == ["apr_2"]
    outbox.close()


def test_only_what_is_over_is_forgotten(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1), letter(2, ticket="apr_2"), letter(3, ticket="apr_3"))
    outbox.sent("msg_1", AT, None)
    outbox.close_ticket("apr_1", AT)
    outbox.sent("msg_2", AT, None)  # its ticket is open
    outbox.close_ticket("apr_3", AT)  # its message waits
    assert outbox.forget(AT) == 0
    outbox.forget(AT + 1)
    assert [outbox.told(f"apr_{number}") for number in (1, 2, 3)] == [set(), {"msg_2"}, {"msg_3", "closed"}]
    found = outbox.next("chat")
    assert found is not None
    assert found.id == "msg_3"
    outbox.close()


def test_what_waits_for_no_channel_is_given_up_in_the_end(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1), letter(2, "mail"), letter(3, "gone"), letter(9, "gone"))
    assert outbox.abandon(("chat", "mail"), AT + 9, AT + 100) == 1
    assert [(grave.id, grave.ended, grave.fault) for grave in outbox.graves()] == [
        ("msg_3", AT + 100, "there is no such channel any more")
    ]
    assert {name: post.waiting for name, post in outbox.standing().items()} == {"chat": 1, "gone": 1, "mail": 1}
    assert outbox.abandon((), AT + 100, AT + 100) == 3
    outbox.close()


def test_others_see_how_it_stands_and_write_nothing(tmp_path: Path) -> None:
    view = OutboxView(tmp_path)
    assert (dict(view.standing()), view.graves()) == ({}, [])
    view.close()
    assert not (tmp_path / "outbox.db").exists()
    outbox = filled(tmp_path, letter(1), letter(2))
    outbox.later("msg_1", AT + 5, "down")
    view = OutboxView(tmp_path)
    post = view.standing()["chat"]
    assert (post.waiting, post.oldest, post.tries, post.fault) == (2, AT + 1, 1, "down")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        view._connection.execute("DELETE FROM letter")
    view.close()
    outbox.close()


def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path)
    outbox._connection.execute("UPDATE meta SET value = 99")
    outbox.close()
    with pytest.raises(OutboxUnavailable, match="another Narrows"):
        SqliteOutbox(tmp_path)


def test_what_sqlite_raises_is_one_error(tmp_path: Path) -> None:
    outbox = filled(tmp_path, letter(1))
    outbox.close()
    with pytest.raises(OutboxUnavailable, match=r"outbox\.db"):
        outbox.next("chat")
    with pytest.raises(OutboxUnavailable):
        SqliteOutbox(tmp_path / "nowhere")
