"""What a session did before a question: its own calls, the newest, cut short, and nobody else's."""

from pathlib import Path
from typing import Any

import pytest

from narrows.model.record import Content
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.recentcalls import EXCERPT, WITHIN, recent_calls
from unit.stores.sqlite.records import NOW, call_id, closed, opened, running
from unit.stores.sqlite.tickets import ticket

ASKED = ticket(9, at=NOW + 100, session="s", call=call_id(9))


def contents(*said: bytes, label: str = "$.messages[%d]") -> tuple[Content, ...]:
    return tuple(Content(label % place if "%" in label else label, data) for place, data in enumerate(said))


async def found(path: Path, *calls: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    async with running(path) as journal:
        for number, changes in enumerate(calls, 1):
            await journal.open(opened(number, b"{}", **{"session": "s", "at": NOW + number, **changes}))
            if number != 2:
                journal.close(closed(number))
    return [(each.id, each.excerpt) for each in recent_calls(Archive(path), ASKED, **options)]


async def test_the_newest_of_the_session_come_first(tmp_path: Path) -> None:
    said = contents(b'{"role":"system","content":"be kind"}', b'{"role":"user","content":"export  the\\nlist"}')
    calls: list[dict[str, Any]] = [{"contents": said}, {}, {"session": "other"}, {"call": "apr_4", "forwarded": False}]
    assert await found(tmp_path, *calls) == [(call_id(2), ""), (call_id(1), "export the list")]
    (newest, oldest) = recent_calls(Archive(tmp_path), ASKED)
    assert (newest.outcome, oldest.outcome, oldest.operation, oldest.model) == (None, "done", "chat", "gpt")


async def test_no_more_than_so_many_and_no_longer_ago_than_a_day(tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = [{"at": NOW - WITHIN}, {}, {}, {}, {"at": NOW + 101}, {"call": ASKED.call}]
    assert [name for name, _ in await found(tmp_path, *calls)] == [call_id(4), call_id(3), call_id(2)]
    assert [each.id for each in recent_calls(Archive(tmp_path), ASKED, 1)] == [call_id(4)]
    assert recent_calls(Archive(tmp_path), ASKED, among=1) == [], "the call that asked is not one before"


@pytest.mark.parametrize(
    ("contents_", "excerpt"),
    [
        (contents(b'{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}'), "one two"),
        (contents(b'{"input":"to embed","model":"m"}', label="$"), "to embed"),
        (contents(b'{"prompt":["a","b"]}', label="$"), "a b"),
        (contents(b"no json"), ""),
        (contents(b'{"role":"user","content":"' + b"x" * 500 + b'"}'), "x" * (EXCERPT - 1) + "\u2026"),
    ],
)
async def test_what_was_said_last_is_shown_in_short(tmp_path: Path, contents_: Any, excerpt: str) -> None:
    assert await found(tmp_path, {"contents": contents_}) == [(call_id(1), excerpt)]
    assert [each.excerpt for each in recent_calls(Archive(tmp_path), ASKED, texts=False)] == [""]
