"""However TCP cuts a request, it is the same request; whatever bytes come, the edge ends them cleanly."""

import asyncio
import itertools
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.edge.head import CHUNKED, Accepted, Origin
from narrows.edge.intake import Intake
from narrows.edge.paths import never
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead


class Seen(NamedTuple):
    """One request as the intake gave it."""

    head: RequestHead
    length: int
    body: bytes


class Sink:
    """Collects a body."""

    def __init__(self) -> None:
        self.data = b""

    def take(self, data: bytes) -> None:
        self.data += data


def drive(pieces: list[bytes]) -> tuple[list[Seen], Deny | None]:
    """Runs the sans-IO intake as a connection does; stops at the first refusal."""
    intake = Intake(never)
    seen: list[Seen] = []
    current: tuple[Accepted, Sink] | None = None
    for piece in pieces:
        if current is None and not intake.buffer and (usual := intake.at_once(piece)) is not None:
            seen.append(Seen(usual[0].head, usual[0].length, usual[1]))
            continue
        intake.push(piece)
        while intake.buffer:
            if current is None:
                outcome = intake.next_head(Origin("192.0.2.1"))
                if outcome is None:
                    break
                if isinstance(outcome, Deny):
                    return seen, outcome
                current = (outcome, Sink())
            deny = intake.read_body(current[1])
            if deny is not None:
                return seen, deny
            if intake.over:
                seen.append(Seen(current[0].head, current[0].length, current[1].data))
                current = None
            elif intake.buffer:
                raise AssertionError("bytes of a body were left behind")
            else:
                break
    return seen, None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20).map(
    lambda text: text.encode("latin-1").strip(b" ")
)
fields = st.lists(st.tuples(st.sampled_from([b"Accept", b"X-One", b"x-two", b"Cookie"]), values), max_size=6)
bodies = st.binary(max_size=300)
paths = st.lists(st.text("abcXYZ019-_~:@", min_size=1, max_size=5), min_size=1, max_size=4).map("/".join)


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes, int]:
    """A valid request, its body, and the length that its head declares."""
    body = draw(bodies)
    head = b"POST /%b?q=%%20 HTTP/1.1\r\nHost: gate\r\n" % draw(paths).encode()
    head += b"".join(b"%b: %b\r\n" % field for field in draw(fields))
    if draw(st.booleans()):
        return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body), body, len(body)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in cut(body, draw(st.lists(st.integers(0)))))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n", body, CHUNKED


@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0), max_size=12))
def test_any_split_gives_the_same_requests(sent: list[tuple[bytes, bytes, int]], places: list[int]) -> None:
    data = b"".join(raw for raw, _, _ in sent)

    whole, refusal = drive([data])
    assert refusal is None
    assert [(seen.body, seen.length) for seen in whole] == [(body, length) for _, body, length in sent]

    assert drive(cut(data, places)) == (whole, None)
    assert drive([data[at : at + 1] for at in range(len(data))]) == (whole, None)


spices = st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"\0", b" ", b":", b"0", b"7", b"%", b"/", b"\r\n\r\n", b"\xff"])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Valid requests with some bytes replaced, removed or put in."""
    data = bytearray(b"".join(raw for raw, _, _ in draw(st.lists(requests(), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(spices)
    return bytes(data)


@given(damaged() | st.binary(max_size=400), st.lists(st.integers(0), max_size=12))
def test_damage_is_read_alike_however_it_is_split(data: bytes, places: list[int]) -> None:
    """Nothing raises, and a split never turns what is refused into what is served."""
    whole, _ = drive([data])
    split, _ = drive(cut(data, places))
    bytewise, _ = drive([data[at : at + 1] for at in range(len(data))])
    assert split == whole
    assert bytewise == whole


@given(st.lists(requests(), min_size=1, max_size=2), st.lists(st.tuples(st.integers(0), spices, st.integers(0, 3))))
def test_a_head_like_the_last_one_is_judged_no_less(
    sent: list[tuple[bytes, bytes, int]], edits: list[tuple[int, bytes, int]]
) -> None:
    """What follows on a connection is read as it would be on a new one, however much it is like what came before."""
    first = b"".join(raw for raw, _, _ in sent)
    second = bytearray(sent[-1][0])
    for place, spice, removed in edits[:3]:
        at = place % (len(second) + 1)
        second[at : at + removed] = spice
    before, _ = drive([first])
    after, refusal = drive([bytes(second)])
    assert drive([first + bytes(second)]) == (before + after, refusal)
    assert drive([first, bytes(second)]) == (before + after, refusal)


@settings(max_examples=15)
@given(st.lists(damaged() | st.binary(max_size=400), min_size=1, max_size=8), st.lists(st.integers(0), max_size=6))
def test_no_bytes_leave_a_task_or_a_connection_behind(inputs: list[bytes], places: list[int]) -> None:
    from e2e.edge.wire import Witness, edge_server, talk

    async def scenario() -> None:
        server = edge_server(Witness(), header_timeout=0.05, body_timeout=0.05, idle_timeout=0.05)
        await server.start()
        replies = await asyncio.gather(*(talk(server.port, *cut(data, places)) for data in inputs))
        assert all(reply == b"" or reply.startswith(b"HTTP/1.1 ") for reply in replies)
        async with asyncio.timeout(5):
            while server.in_flight or server.connections:
                await asyncio.sleep(0.01)
        await server.close()

    asyncio.run(scenario())
