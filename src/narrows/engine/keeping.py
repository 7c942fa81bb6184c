"""Keeps a caller's connection alive while people decide about its call, where the caller of a stream asks for that.

Some programs and proxies give up a connection that says nothing for a minute. With `Narrows-Keep-Alive` the caller of a
stream is sent a comment of its event stream at that interval, which clients skip. The reply has begun with the first of
them, with status 200 and the gate's own headers; a refusal after that is an error event in the caller's dialect, and
the headers of the model server's reply are dropped. Before the first comment everything is as without them.
"""

import asyncio
import re
from collections.abc import Awaitable
from typing import Final, TypeVar

import msgspec

from narrows.engine.bodies import SMALL, read_buffered
from narrows.engine.chain import Chain
from narrows.engine.forwarding import Ending, Forwarding
from narrows.engine.live import Running
from narrows.engine.recorder import Recorder
from narrows.engine.replying import explained, reply_headers
from narrows.engine.snapshot import Connected
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect, ReplyReader
from narrows.ports.http import Exchange, HeaderList, Headers, RequestHead, UpstreamReply
from narrows.ports.telemetry import Telemetry

HEADER: Final = b"narrows-keep-alive"
USUAL: Final = 15.0
LEAST: Final = 1.0
MOST: Final = 120.0
"""Seconds between two comments: where the header names no span, at least, and at most."""

COMMENT: Final = b": waiting for approval\n\n"
BEGUN: Final = 200
"""The status with which such a reply begins, whatever comes of it."""

_EVENT_DIALECTS: Final = frozenset({"openai", "anthropic"})
"""Whose streams are server-sent events; of other APIs nobody knows before the model server answers."""

_SPAN: Final = re.compile(rb"([0-9]{1,4})(s|m|)\Z")

T = TypeVar("T")


def keep_alive(given: Headers, call: Call) -> float:
    """Seconds between two comments that this caller asks for; 0: none, because it does not ask, or for no stream."""
    said = given.get(HEADER)
    if said is None or not call.asked.stream or call.dialect not in _EVENT_DIALECTS:
        return 0.0
    found = _SPAN.match(said.strip())
    seconds = USUAL if found is None else float(found[1]) * (60 if found[2] == b"m" else 1)
    return min(max(seconds, LEAST), MOST)


class KeptOpen:
    """The exchange of a caller who waits. `begun`: it has been sent a comment, and so the reply's head."""

    __slots__ = ("_call", "_dialect", "_drained", "_exchange", "_timer", "begun")

    def __init__(self, exchange: Exchange, dialect: Dialect, call: Call) -> None:
        self._exchange = exchange
        self._dialect = dialect
        self._call = call
        self._timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Task[None] | None = None
        self.begun = False

    @property
    def head(self) -> RequestHead:
        """The request's head."""
        return self._exchange.head

    async def during(self, wait: Awaitable[T]) -> T:
        """What is waited for. No comment leaves afterwards."""
        self._arm()
        try:
            return await wait
        finally:
            for each in (self._timer, self._drained):
                if each is not None:
                    each.cancel()
            self._timer = self._drained = None

    def reader(self) -> ReplyReader:
        """Writes this caller's stream."""
        return self._dialect.reply(self._call.asked, stream=True, usable=_any)

    def fail(self, deny: Deny) -> None:
        """Ends a reply that has begun with a refusal."""
        call = self._call
        self._exchange.send(self.reader().fail(explained(deny, call.id), call.request_id))
        self._exchange.finish()

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._call.keep_alive, self._comment)

    def _comment(self) -> None:
        if not self.begun:
            self.begun = True
            headers = reply_headers(self._call.request_id, self._call.id, self.reader().content_type)
            self._exchange.start(BEGUN, [*headers, (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")])
        if self._exchange.send(COMMENT):
            self._arm()
        else:
            # A client that does not read is not sent more and more.
            self._drained = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        await self._exchange.drained()
        self._arm()

    # What remains of the exchange, with a reply that may have begun.

    def ready(self, limit: int) -> bytes | None:
        """The body, as it is."""
        return self._exchange.ready(limit)

    async def body(self, limit: int) -> bytes:
        """The body, as it is."""
        return await self._exchange.body(limit)

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        """A whole reply; where one has begun there is none, and it is cut."""
        if self.begun:
            self._exchange.abort()
        else:
            self._exchange.respond(status, headers, body)

    def start(self, status: int, headers: HeaderList) -> None:
        """Begins the reply, if it has not begun."""
        if not self.begun:
            self._exchange.start(status, headers)

    def send(self, data: bytes) -> bool:
        """Sends a piece."""
        return self._exchange.send(data)

    async def drained(self) -> None:
        """Waits until the client has read enough."""
        await self._exchange.drained()

    def finish(self) -> None:
        """Ends the reply."""
        self._exchange.finish()

    def abort(self) -> None:
        """Cuts the reply."""
        self._exchange.abort()

    def interrupt(self, word: str) -> None:
        """Cancels the task that serves it."""
        self._exchange.interrupt(word)


class KeptForwarding(Forwarding, eq=False):
    """The second half of such a call: nothing but events can be sent."""

    def _send_read(self, reply: UpstreamReply, data: bytes) -> Ending:  # noqa: ARG002 - whatever its head says
        return self._no_stream(data)

    def _send_whole(self, reply: UpstreamReply, data: bytes) -> Ending:  # noqa: ARG002 - whatever its head says
        return self._no_stream(data)

    def _no_stream(self, data: bytes) -> Ending:
        """It was generated all the same: what it reports counts, unless it is so large that reading it here would hold
        up other calls; then what was reserved does."""
        if len(data) <= SMALL:
            reader = self._connected.dialect.reply(self._chain.call.asked, stream=False, usable=_any)
            for event in read_buffered(reader, data):
                self._recorder.note(event)
        message = "the model server sent no stream of events, and the reply had begun as one to keep the caller waiting"
        return Outcome.UPSTREAM_ERROR, Deny(Code.UPSTREAM_INVALID, message)

    def _respond(
        self,
        outcome: Outcome,
        status: int,
        reply: UpstreamReply,  # noqa: ARG002 - its headers come too late
        content_type: bytes,  # noqa: ARG002
        body: bytes,
    ) -> Outcome:
        """The model server's own refusal, as an event. What it says is in the record's contents alone."""
        assert self._reader is not None  # noqa: S101 - from the beginning
        deny = Deny(Code.UPSTREAM_INVALID, f"the model server answered with status {status}{_message(body)}")
        event = self._reader.fail(deny, self._chain.call.request_id)
        self._recorder.sent_bytes = len(event)
        self._close(outcome, BEGUN)
        self._exchange.send(event)
        self._exchange.finish()
        return outcome


def forwards(
    exchange: Exchange,
    connected: Connected,
    chain: Chain,
    recorder: Recorder,
    telemetry: Telemetry,
    received: int,
    running: set[Running],
) -> Forwarding:
    """What sees a judged call through, whatever its caller has been sent already."""
    kept = kept_open(exchange)
    if kept is None:
        return Forwarding(exchange, connected, chain, recorder, telemetry, received, running)
    return KeptForwarding(
        kept,
        connected,
        chain,
        recorder,
        telemetry,
        received,
        running,
        _reader=kept.reader(),
        _begun=True,
        _streaming=True,
        _status=BEGUN,
    )


def kept_open(exchange: Exchange) -> KeptOpen | None:
    """The exchange of a caller who has been sent comments; None where a whole reply is possible."""
    return exchange if type(exchange) is KeptOpen and exchange.begun else None


def _message(body: bytes) -> str:
    """What an error in a dialect's shape says."""
    try:
        error = msgspec.json.decode(body)["error"]
        return f": {error['message']}"
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
        return ""


def _any(_: str) -> bool:
    """Streams list no models."""
    return True
