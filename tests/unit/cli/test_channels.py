"""What waits for channels, and why, for people and programs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.ports.outbox import Letter
from narrows.stores.sqlite.outbox import SqliteOutbox
from unit.cli.command import Ran

Narrows = Callable[..., Ran]

AT = 1_700_000_000_000_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An outbox with two messages for a channel that is down, and one that was given up."""
    directory = tmp_path / "data"
    directory.mkdir()
    outbox = SqliteOutbox(directory)
    for number, channel in enumerate(("ops", "ops", "chat")):
        letter = Letter(f"msg_{number}", channel, "apr_1", "requested", b"{}", AT + number, AT)
        outbox.put("apr_1", f"e{number}", AT, [letter])
    outbox.later("msg_0", AT + 5, "answered with status 503")
    outbox.dead("msg_2", AT + 60_000_000, "Slack said invalid_blocks")
    outbox.close()
    return directory


def test_it_shows_what_waits_and_why(narrows: Narrows, data: Path) -> None:
    ran = narrows("channels", "--data", str(data))
    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines()] == [
        ["channel", "waiting", "oldest", "tries", "fault", "given", "up"],
        ["chat", "0", "0", "1"],
        ["ops", "2", "2023-11-14", "22:13:20", "1", "answered", "with", "status", "503", "0"],
    ]


def test_programs_get_rows(narrows: Narrows, data: Path) -> None:
    chat, ops = narrows("channels", "--data", str(data), "--json").rows
    assert (chat["id"], chat["waiting"], chat["given_up"], chat["oldest"]) == ("chat", 0, 1, None)
    assert ops == {
        "id": "ops",
        "waiting": 2,
        "oldest": "2023-11-14T22:13:20+00:00",
        "tries": 1,
        "fault": "answered with status 503",
        "given_up": 0,
    }


def test_what_was_given_up_is_shown(narrows: Narrows, data: Path) -> None:
    assert "Slack said invalid_blocks" in narrows("channels", "--data", str(data), "--given-up").out
    (row,) = narrows("channels", "--data", str(data), "--given-up", "--json").rows
    assert (row["id"], row["channel"], row["event"], row["ticket"]) == ("msg_2", "chat", "requested", "apr_1")


def test_channels_of_the_settings_are_shown_before_anything_was_told(
    narrows: Narrows, config: Path, store: Path
) -> None:
    text = config.read_text()
    hook = "{webhook: {url: https://h.example, secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}}"
    config.write_text(f"{text}\nnotify: {{channels: {{quiet: {hook}}}}}\n")
    (row,) = narrows("channels", "--json").rows
    assert (row["id"], row["waiting"]) == ("quiet", 0)
    (store / "outbox.db").unlink(missing_ok=True)
    outbox = SqliteOutbox(store)
    outbox.put("apr_1", "e", AT, [Letter("msg_1", "old", "apr_1", "requested", b"{}", AT, AT)])
    outbox.close()
    ran = narrows("channels")
    assert "old is no channel any more" in ran.err
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == ["quiet", "old"]


def test_nothing_is_said_to_be_nothing(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = narrows("channels", "--data", str(tmp_path / "empty"))
    assert (ran.code, ran.out) == (0, "")
    assert "There are no channels" in ran.err
    assert "No message was given up" in narrows("channels", "--data", str(tmp_path / "empty"), "--given-up").err


def test_a_file_that_can_not_be_read_is_a_failure(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"no database, whatever it is called" * 100)
    ran = narrows("channels", "--data", str(tmp_path))
    assert ran.code == 1
    assert "the outbox can't be read" in ran.err
