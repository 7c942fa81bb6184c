"""However an upstream's bytes are cut into pieces, a reader gives the same events and writes the same bytes."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.dialects.sse import LineDecoder, SseDecoder
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import STREAMS, reader, replay
from unit.dialects.test_templates import both, raw

AWKWARD = [b"data: {\"a\":1}", b"\n", b"\r", b"\r\n", b": ping\n", b"event: x\n", b"id: 7\n", b"data:\xc3\xa9",
           b"data\n", b"retry: 1\r", b"\xef\xbb\xbf", b"\n\n", b"data: [DONE]\n\n", b"nonsense\n", b"\xff"]  # fmt: skip


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(position % (len(data) + 1) for position in at)})
    return [data[start:end] for start, end in pairwise(edges)]


def frames(decoder: SseDecoder | LineDecoder, pieces: list[bytes]) -> list[tuple[str | None, bytes]]:
    return [frame for piece in pieces for frame in decoder.feed(piece)] + decoder.close()


def reference(data: bytes) -> list[tuple[str | None, bytes]]:
    """The standard's algorithm, line by line over the whole text (WHATWG HTML §9.2.6), but with a last block that
    nothing ended taken as complete."""
    text = data.decode("latin-1").removeprefix("ï»¿")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[tuple[str | None, bytes]] = []
    name: str | None = None
    held: list[str] = []
    for line in [*lines, ""]:
        if not line:
            if held:
                found.append((name, "\n".join(held).encode("latin-1")))
            name, held = None, []
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            held.append(value)
        elif field == "event":
            name = value or None
    return found


@given(st.lists(st.sampled_from(AWKWARD), max_size=12).map(b"".join), st.lists(st.integers(0, 200), max_size=12))
def test_frames_do_not_depend_on_the_split(data: bytes, at: list[int]) -> None:
    assert frames(SseDecoder(), cut(data, at)) == reference(data)


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_any_bytes_give_the_frames_of_the_whole(data: bytes, at: list[int]) -> None:
    assert frames(SseDecoder(), cut(data, at)) == frames(SseDecoder(), [data])
    assert frames(LineDecoder(), cut(data, at)) == frames(LineDecoder(), [data])


def outcome(name: str, pieces: list[bytes]) -> tuple[list[tuple[object, ...]], bytes, str | None]:
    reads = reader(name, stream=True)
    seen: list[tuple[object, ...]] = []
    written = b""
    fault = None
    try:
        for piece in [*pieces, None]:
            for event in reads.close() if piece is None else reads.feed(piece):
                seen.append(
                    (event.name, event.hidden, event.last, event.finish, [delta.text for delta in event.deltas])
                )
                written += reads.write(event)
    except ReplyInvalid as invalid:
        fault = str(invalid)
    return seen, written, fault


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(at=st.lists(st.integers(0, 100_000), max_size=40), end=st.integers(0, 100_000))
def test_events_do_not_depend_on_the_split(name: str, at: list[int], end: int) -> None:
    whole = STREAMS[name]
    data = whole[: end % (len(whole) + 1)]
    assert outcome(name, cut(data, at)) == outcome(name, [data])


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_byte_by_byte_is_the_same(name: str) -> None:
    whole = STREAMS[name]
    events = replay(reader(name, stream=True), whole, size=1)
    assert [event.data for event in events] == [event.data for event in replay(reader(name, stream=True), whole)]


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(junk=st.binary(max_size=80), at=st.integers(0, 100_000))
def test_junk_in_a_stream_raises_nothing_but_reply_invalid(name: str, junk: bytes, at: int) -> None:
    whole = STREAMS[name]
    position = at % len(whole)
    outcome(name, [whole[:position] + junk + whole[position:]])


CONTENTS = st.one_of(
    st.text(max_size=12).map(lambda text: json.dumps(text).encode()),
    st.text(max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")),
    st.sampled_from(
        [b'"a","b":"c"', b'"a"}}],"choices":[{"delta":{"content":"b"', b'"\\ud800"', b"null", b"1", b'"\xff"']
    ),
)
TIMES = st.one_of(
    st.integers(0, 10**14).map(lambda time: b"%d" % time), st.sampled_from([b"-1", b"1e3", b"1.0", b'"1"'])
)
TAILS = st.sampled_from([b"", b"", b"", b',"usage":null', b',"model":"other"', b',"id":"x"', b',"extra":"y"'])


@given(st.lists(st.tuples(CONTENTS, TIMES, TAILS), max_size=12))
def test_a_template_changes_nothing_that_is_read_or_written(events: list[tuple[bytes, bytes, bytes]]) -> None:
    both(b"".join(b"data: %b\n\n" % raw(*event) for event in events))


@given(st.lists(st.text(min_size=1, max_size=8), min_size=3, max_size=9), st.integers(0, 10**6))
def test_most_events_of_a_stream_are_read_by_its_template(texts: list[str], created: int) -> None:
    begun = [raw(b'"to begin"', b"17"), raw(b'"with"', b"18")]
    events = [raw(json.dumps(text).encode(), b"%d" % (created + at)) for at, text in enumerate(texts)]
    kinds = both(b"".join(b"data: %b\n\n" % event for event in begun + events))
    assert kinds[2:] == ["filled"] * len(texts)
