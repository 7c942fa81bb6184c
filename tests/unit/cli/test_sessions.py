"""The recorded calls, as an operator asks for them."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli import sessions
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from unit.cli.command import Ran
from unit.cli.recorded import OUTCOMES, REFUSED, RUNNING, STREAMED, WHOLE

Narrows = Callable[..., Ran]


def ids(ran: Ran) -> list[str]:
    assert ran.code == 0
    return [row["id"] for row in ran.rows]


@pytest.mark.usefixtures("store")
def test_list_gives_every_call_once_newest_first(narrows: Narrows) -> None:
    ran = narrows("sessions", "list", "--data", "data", "--json")
    assert ids(ran) == [RUNNING, REFUSED, STREAMED, WHOLE]
    assert {row["id"]: row["outcome"] for row in ran.rows} == OUTCOMES
    assert ran.rows[-1]["time"].startswith("2023-11-14T22:13:20")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--user", "bob"], [REFUSED]),
        (["--group", "research", "--status", "done"], [STREAMED, WHOLE]),
        (["--status", "403"], [REFUSED]),
        (["--status", "running"], [RUNNING]),
        (["--text", "STREAM, please"], [STREAMED]),
        (["--model", "gpt-4o-2024"], [WHOLE]),
        (["--session", "sess_2"], [REFUSED]),
        (["--connection", "other"], []),
        (["--operation", "chat", "--limit", "1"], [RUNNING]),
        (["--since", "2023-11-14", "--until", "2023-11-15"], [RUNNING, REFUSED, STREAMED, WHOLE]),
        (["--since", "1d"], []),
    ],
)
def test_filters(narrows: Narrows, filters: list[str], expected: list[str]) -> None:
    assert ids(narrows("sessions", "list", "--data", "data", "--json", *filters)) == expected


@pytest.mark.usefixtures("store", "config")
def test_a_table_for_people(narrows: Narrows) -> None:
    ran = narrows("sessions", "list")
    lines = ran.out.splitlines()
    assert len(lines) == 5
    assert "refused 403 model_not_allowed" in lines[2]
    assert "corp:alice" in lines[4]
    assert narrows("sessions", "list", "--limit", "2").err.startswith("Only the newest 2")
    assert narrows("sessions", "list", "--user", "nobody") == (0, "", "No call on record matches.\n")


@pytest.mark.usefixtures("store")
def test_sessions_of_calls(narrows: Narrows) -> None:
    ran = narrows("sessions", "list", "--data", "data", "--by-session", "--json")
    assert {row["id"]: row["calls"] for row in ran.rows} == {"sess_1": 3, "sess_2": 1}
    assert "3" in narrows("sessions", "list", "--data", "data", "--by-session").out


@pytest.mark.usefixtures("store")
def test_show_tells_everything_and_steers_nothing(narrows: Narrows) -> None:
    page = narrows("sessions", "show", WHOLE, "--data", "data")
    assert page.code == 0
    assert "\x1b" not in page.out
    for part in (
        "corp:alice",
        "evil\\x1b[2J",
        "ticket 7",
        "watching would refuse: prompt_denied",
        "prompt 3",
        "intact",
    ):
        assert part in page.out
    assert "      Hello \\x1b[2Jthere\n" in page.out
    assert "      Hello\n      yourself\n" in page.out


@pytest.mark.usefixtures("store")
def test_show_as_json_is_exact(narrows: Narrows) -> None:
    ran = narrows("sessions", "show", WHOLE, "--data", "data", "--json")
    assert "\x1b" not in ran.out
    (row,) = ran.rows
    assert row["id"] == WHOLE
    assert row["intact"] is True
    assert row["asked"][0] == {"speaker": "user", "text": "Hello \x1b[2Jthere"}
    assert json.loads(row["reply"][0]["text"])["choices"][0]["message"]["content"] == "Hello\nyourself"


@pytest.mark.usefixtures("store")
def test_show_a_session_is_each_of_its_calls_in_order(narrows: Narrows) -> None:
    assert ids(narrows("sessions", "show", "sess_1", "--data", "data", "--json")) == [WHOLE, STREAMED, RUNNING]
    assert narrows("sessions", "show", "sess_1", "--data", "data").out.count("\n\ncall_") == 2


@pytest.mark.usefixtures("store")
def test_last_is_the_newest(narrows: Narrows) -> None:
    assert ids(narrows("sessions", "show", "last", "--data", "data", "--json")) == [RUNNING]


@pytest.mark.usefixtures("store")
def test_a_refused_call_says_by_what(narrows: Narrows) -> None:
    page = narrows("sessions", "show", REFUSED, "--data", "data").out
    assert "model_not_allowed by support / may.models: not that one" in page


@pytest.mark.usefixtures("store")
def test_replay_takes_as_long_as_it_took(narrows: Narrows) -> None:
    start = time.monotonic()
    ran = narrows("sessions", "replay", STREAMED, "--data", "data")
    assert time.monotonic() - start >= 0.3
    assert ran.out == "one\n[content [1]] uno\n two\n"
    assert "user> stream, please" in ran.err


@pytest.mark.usefixtures("store")
def test_replay_fast_as_json(narrows: Narrows) -> None:
    ran = narrows("sessions", "replay", STREAMED, "--fast", "--json", "--data", "data")
    assert [(row["at"], row["choice"], row["text"]) for row in ran.rows] == [
        (100_000, 0, "one"),
        (200_000, 1, "uno"),
        (300_000, 0, " two"),
    ]
    assert set(ids(ran)) == {STREAMED}


@pytest.mark.usefixtures("store")
def test_replay_without_a_reply_says_why(narrows: Narrows) -> None:
    assert "(no reply: not that one)" in narrows("sessions", "replay", REFUSED, "--data", "data").err
    assert "(no reply: it is still running)" in narrows("sessions", "replay", RUNNING, "--data", "data").err


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("command", ["show", "replay"])
@pytest.mark.parametrize("reference", ["call_nope", "sess_nope", "x\x1b[2J", ""])
def test_what_is_not_on_record_is_said(narrows: Narrows, command: str, reference: str) -> None:
    ran = narrows("sessions", command, reference, "--data", "data")
    assert ran.code == 1
    assert "on record" in ran.err
    assert "\x1b" not in ran.err


def test_an_empty_record(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert narrows("sessions", "list", "--data", "data").code == 0
    assert "no call is on record" in narrows("sessions", "show", "--data", "data").err


def test_a_missing_store(narrows: Narrows) -> None:
    ran = narrows("sessions", "list", "--data", "nowhere")
    assert (ran.code, ran.err) == (2, "narrows: there is no data directory nowhere; has the gate run yet?\n")


def test_a_store_without_its_key(narrows: Narrows, store: Path) -> None:
    (store / "master.key").unlink()
    ran = narrows("sessions", "list", "--data", "data")
    assert ran.code == 1
    assert "master key" in ran.err


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["list", "--status", "bogus"], "--status: 'bogus'"),
        (["list", "--since", "yesterday"], "--since: 'yesterday'"),
        (["list", "--limit", "-1"], "--limit"),
        (["replay", "--speed", "0"], "--speed"),
        (["list", "--colour"], "--colour"),
    ],
)
def test_bad_options_are_named(narrows: Narrows, arguments: list[str], part: str) -> None:
    ran = narrows("sessions", *arguments, "--data", "data")
    assert ran.code == 2
    assert part in ran.err


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("removed", "said"), [(True, "the data directory is gone"), (False, "no such page")])
def test_a_directory_that_can_not_be_read_is_gone_or_damaged(
    narrows: Narrows, monkeypatch: pytest.MonkeyPatch, removed: bool, said: str
) -> None:
    """Its files go before it does, and one that tails it may read just then."""
    looks: list[float] = []

    def later(seconds: float) -> None:
        looks.append(seconds)
        if removed and len(looks) == 2:
            shutil.rmtree("data")

    def tail(*_: object) -> None:
        raise DataDirectoryError("no such page")

    monkeypatch.setattr(Archive, "tail", tail)
    monkeypatch.setattr(sessions.time, "sleep", later)
    ran = narrows("sessions", "tail", "--data", "data")
    assert (ran.code, ran.err.endswith(f"{said}\n")) == (1, True), ran.err
