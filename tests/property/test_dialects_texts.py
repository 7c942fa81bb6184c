"""No string can hide: whatever stands in a request is among its texts, whatever stands in a reply among its deltas."""

import copy
import random
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.dialects.payloads import PATHS, REPLIES, REQUESTS, STREAMS, asked, reader, replay, sse

KEPT = frozenset(
    {"type", "role", "model", "object", "finish_reason", "stop_reason", "status", "id", "call_id", "item_id"}
)
"""Members with the API's own words or ids; planting there would make another body."""

KEPT_REQUEST = KEPT | {"url", "data", "file_data", "image_url", "detail", "format", "encoding_format", "media_type"}
KEPT_REPLY = frozenset({"type", "role", "finish_reason", "stop_reason", "status"})


SHORT_FIGURES = frozenset({"index", "output_index", "content_index", "summary_index", "sequence_number", "bytes"})
"""Numbers by which events belong together, and what goes with log probabilities."""

MARK = re.compile(r"mark-[0-9]+-|4[0-9]{13,}")
"""A planted string, or a planted number."""


def planted(tree: Any, kept: frozenset[str], draw: Any, marks: list[str], *, numbers: bool = False) -> Any:
    """A copy with a marker for every string that is free, and unknown members wherever the draw says so; with `numbers`
    markers that are numbers, too, in place of every figure."""

    def mark() -> str:
        marks.append(f"mark-{len(marks)}-")
        return marks[-1]

    def unknown() -> Any:
        made = [mark, lambda: [mark()], lambda: {mark(): mark()}, lambda: {mark(): [{mark(): mark()}]}]
        return draw([*made, number, lambda: {mark(): [number()]}] if numbers else made)()

    def number() -> int:
        marks.append(str(4 * 10**13 + len(marks)))
        return int(marks[-1])

    def walk(value: Any, key: str) -> Any:
        if isinstance(value, str):
            return value if key in kept else mark()
        if isinstance(value, list):
            return [walk(inner, key) for inner in value]
        if isinstance(value, dict):
            made = {name: walk(inner, name) for name, inner in value.items()}
            if draw([True, False]):
                made[f"x_unknown_{len(marks)}"] = unknown()
            return made
        return number() if numbers and type(value) is int and key not in SHORT_FIGURES else value

    return walk(copy.deepcopy(tree), "")


def resolve(body: Any, path: str) -> Any:
    """The value at one of our own paths; `~` at the end asks for the member's name."""
    steps = re.findall(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]", path.removesuffix("~"))
    key: Any = None
    for name, index, quoted in steps:
        key = int(index) if index else name or re.sub(r"\\(.)", r"\1", quoted)
        body = body[key]
    return key if path.endswith("~") else body


def drawer(seed: int) -> Any:
    return random.Random(seed).choice


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=st.integers(0, 1 << 32))
def test_every_string_of_a_request_is_a_text(name: str, seed: int) -> None:
    marks: list[str] = []
    body = planted(REQUESTS[name], KEPT_REQUEST, drawer(seed), marks)
    result = asked(name, body)
    seen = {text.value for text in result.texts}
    assert [mark for mark in marks if mark not in seen] == []


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=st.integers(0, 1 << 32))
def test_the_path_of_a_text_leads_to_it(name: str, seed: int) -> None:
    body = planted(REQUESTS[name], KEPT_REQUEST, drawer(seed), [])
    for text in asked(name, body).texts:
        found = resolve(body, text.path)
        assert (msgspec.json.encode(found).decode() if text.number else found) == text.value


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=st.integers(0, 1 << 32))
def test_every_string_of_a_reply_is_a_delta_and_can_be_changed(name: str, seed: int) -> None:
    marks: list[str] = []
    tree = planted(REPLIES[name], KEPT_REPLY, drawer(seed), marks, numbers=True)
    reads = reader(name, stream=False)
    events = replay(reads, msgspec.json.encode(tree))
    assert_all_replaceable(marks, events, reads)


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(seed=st.integers(0, 1 << 32))
def test_every_string_of_a_stream_is_a_delta_and_can_be_changed(name: str, seed: int) -> None:
    marks: list[str] = []
    trees = [planted(tree, KEPT_REPLY, drawer(seed), marks, numbers=True) for tree in events_of(STREAMS[name])]
    tail = ["[DONE]"] if name in ("chat", "json") else []
    reads = (
        reader(name, stream=True, stream_options={"include_usage": True})
        if name == "chat"
        else reader(name, stream=True)
    )
    events = replay(reads, sse(*trees, *tail, named=name not in ("chat", "json")))
    assert_all_replaceable(marks, events, reads)


def events_of(stream: bytes) -> Iterator[Any]:
    for block in stream.split(b"\n\n"):
        data = block.rpartition(b"data: ")[2]
        if data.startswith(b"{"):
            yield msgspec.json.decode(data)


def assert_all_replaceable(marks: list[str], events: list[Any], reads: Any) -> None:
    deltas = [delta for event in events for delta in event.deltas]
    seen = {mark for delta in deltas for mark in MARK.findall(delta.text)}
    assert [mark for mark in marks if mark not in seen] == []
    for delta in deltas:
        delta.text = MARK.sub("MASKED", delta.text)
    written = b"".join(reads.write(event) for event in events)
    assert MARK.search(written.decode()) is None
    assert not marks or b"MASKED" in written
