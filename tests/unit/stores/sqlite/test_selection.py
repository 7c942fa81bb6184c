"""Which calls a listing asks for."""

import msgspec
import pytest

from narrows.model.record import Stream, Transcript
from narrows.stores.sqlite.selection import EVERYTHING, Filters, contains, selects
from narrows.stores.sqlite.views import CallRecord, CallView, Piece, call_view
from unit.stores.sqlite.test_views import entry


def view(**changes: object) -> CallView:
    return call_view(entry(**changes), None)


def record(*texts: str, stream: str | None = None) -> CallRecord:
    pieces = tuple(Piece("$", text, len(text), b"") for text in texts)
    transcript = Transcript((Stream(0, "content", stream),), ()) if stream is not None else None
    return CallRecord(view(), pieces, (), (), transcript, intact=True)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ({"user": "corp:alice"}, True),
        ({"user": "alice"}, True),
        ({"user": "al*"}, True),
        ({"user": "corp:*"}, True),
        ({"user": "Alice"}, False),
        ({"user": "other:alice"}, False),
        ({"group": "research"}, True),
        ({"group": "corp:res*"}, True),
        ({"group": "sales"}, False),
        ({"session": "sess_1"}, True),
        ({"connection": "open*"}, True),
        ({"connection": "anthropic"}, False),
        ({"model": "gpt-4o*"}, True),
        ({"model": "gpt"}, True),
        ({"model": "claude*"}, False),
        ({"operation": "chat"}, True),
        ({"since": 1_000, "until": 1_001}, True),
        ({"since": 1_001}, False),
        ({"until": 1_000}, False),
        ({"outcome": "running"}, True),
        ({"outcome": "done"}, False),
        ({"status": 200}, False),
        ({"refusal": "*"}, False),
        ({"user": "alice", "connection": "anthropic"}, False),
    ],
)
def test_every_filter_must_hold(wanted: dict[str, object], given: bool) -> None:
    assert selects(msgspec.convert(wanted, Filters), view(at=1_000)) is given


def test_no_filter_selects_everything() -> None:
    assert selects(EVERYTHING, view())


def test_refused_calls_are_found_by_code_and_status() -> None:
    call = view(forwarded=False, refusal="prompt_denied", status=403)
    assert selects(Filters(outcome="refused", refusal="prompt_*", status=403), call)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ('{"content":"Hello World"}', "hello w"),
        ('{"content":"caf\\u00e9 \\"x\\""}', 'CAFÉ "x"'),
        ('[{"a":[{"b":"deep"}]}]', "deep"),
        ('{"the key":1}', "the key"),
        ("not JSON at all", "json AT"),
    ],
)
def test_texts_are_searched_as_they_are_read(text: str, needle: str) -> None:
    assert contains(record("{}", text), needle)


def test_the_syntax_of_json_is_no_text() -> None:
    assert not contains(record('{"a":"b","c":"d"}'), '","')
    assert not contains(record('{"a":"one","c":"two"}'), "onetwo")


def test_a_streams_joined_text_is_searched() -> None:
    assert contains(record(stream="the secret"), "SECRET")
    assert not contains(record(stream="the secret"), "public")
