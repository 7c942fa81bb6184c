"""One exchange at a time: route, authenticate, read, judge, and hand over to `forwarding`.

The order is DESIGN's path of a call. A stranger's body is never read; a refusal of a known caller is on record before
the caller sees it.
"""

import asyncio
import logging
from typing import Final

import msgspec

from narrows.engine import recorder as recording
from narrows.engine.apart import Errand, judge, rejoined
from narrows.engine.bodies import (
    check_content_type,
    is_large,
    read_large_request,
    read_request,
    recorded_contents,
)
from narrows.engine.chain import Chain
from narrows.engine.credentials import presented
from narrows.engine.facts import begun
from narrows.engine.forwarding import Forwarding
from narrows.engine.judging import NOTHING, Caller, call_id, choose, make_call, recordable
from narrows.engine.recorder import Recorder
from narrows.engine.replying import refuse
from narrows.engine.routing import Routed, face, find_route
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Connected, Snapshot, Snapshots
from narrows.engine.strangers import StrangerCounts
from narrows.model.call import Asked, Call, Source
from narrows.model.plan import Plan
from narrows.model.principal import Identity
from narrows.model.record import Content, Outcome
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Hold
from narrows.ports.clock import Clock, Ids
from narrows.ports.control import Wait
from narrows.ports.dialect import Dialect
from narrows.ports.http import BodyRefused, Exchange, RequestHead
from narrows.ports.inspector import TokenCounter
from narrows.ports.journal import Journal, JournalUnavailable
from narrows.ports.offload import Apart
from narrows.ports.telemetry import Telemetry

_log = logging.getLogger("narrows.engine")

_HEADER_TEXT: Final = 512
"""Characters kept of a client's descriptive header."""


class Services(msgspec.Struct, frozen=True):
    """What the engine needs of the world."""

    journal: Journal
    clock: Clock
    ids: Ids
    telemetry: Telemetry
    tokens: TokenCounter
    strangers: StrangerCounts
    sessions: SessionIds


class _Visit(msgspec.Struct):
    """One exchange on its way to a call. `started` is monotonic, in microseconds."""

    exchange: Exchange
    snapshot: Snapshot
    caller: Caller
    started: int
    connected: Connected | None = None
    asked: Asked = NOTHING


class Gateway:
    """The handler that the edge calls for every request."""

    __slots__ = ("_services", "_snapshots")

    def __init__(self, snapshots: Snapshots, services: Services) -> None:
        self._snapshots = snapshots
        self._services = services

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one exchange to its end."""
        services, snapshot, head = self._services, self._snapshots.current, exchange.head
        started = services.clock.monotonic()
        request_id = services.ids.request()
        routed = find_route(head, snapshot)
        token = presented(head.headers)
        identity: Identity | Deny | None
        if type(token) is Deny:
            identity = token
        else:
            identity = snapshot.authenticator.recall(token)
            if identity is None:
                identity = await snapshot.authenticator.verify(token)
        if type(identity) is Deny:
            self._refuse_stranger(exchange, snapshot, identity, request_id)
            return
        await self._serve_known(exchange, snapshot, routed, identity, (request_id, started))

    async def serve_own(self, exchange: Exchange, identity: Identity) -> None:
        """Serves one exchange that the gate itself makes, as whom it says, to its end."""
        services, snapshot = self._services, self._snapshots.current
        begun = services.ids.request(), services.clock.monotonic()
        await self._serve_known(exchange, snapshot, find_route(exchange.head, snapshot), identity, begun)

    async def _serve_known(
        self, exchange: Exchange, snapshot: Snapshot, routed: Routed | Deny, identity: Identity, begun: tuple[str, int]
    ) -> None:
        """The same for a known caller. `begun`: the request's id, and when it began."""
        head, (request_id, started) = exchange.head, begun
        caller = Caller(identity, _source(head), request_id, self._services.clock.now(), head.method)
        visit = _Visit(exchange, snapshot, caller, started)
        if type(routed) is Deny:
            await self._refuse(visit, routed)
            return
        try:
            await self._serve(visit, routed)
        except Exception as failure:
            # The boundary of a call: what nobody expected is a refusal on record, never a forwarded call.
            _log.error("a call failed before it was forwarded: %s", type(failure).__qualname__, exc_info=failure)
            await self._refuse(visit, Deny(Code.CONTROL_FAILED, "the gate failed while it judged the call"))

    def _refuse_stranger(self, exchange: Exchange, snapshot: Snapshot, deny: Deny, request_id: str) -> None:
        """Strangers are counted, not recorded one by one."""
        services, head = self._services, exchange.head
        services.strangers.add(services.clock.now(), head.address, deny.code)
        services.telemetry.stranger(deny.code.value)
        refuse(exchange, face(head.path, head.host, snapshot), deny, request_id)

    async def _serve(self, visit: _Visit, routed: Routed) -> None:
        visit.connected = routed.candidates[0]
        data = await self._body(visit, routed)
        received = self._services.clock.monotonic() - visit.started
        if type(data) is Deny:
            await self._refuse_unread(visit, routed, data)
            return
        apart = visit.snapshot.apart
        large = is_large(data, masked=bool(visit.snapshot.policies.masks))
        if large and apart is not None and apart.takes(len(data)):
            await self._serve_large(visit, routed, received, apart, data)
            return
        dialect, route = routed.dialect, routed.route
        # Without a process beside it the gate reads and judges large calls itself, in a thread.
        asked = (
            await asyncio.to_thread(read_large_request, dialect, route, data)
            if large
            else read_request(dialect, route, data)
        )
        if type(asked) is Deny:
            await self._refuse_unread(visit, routed, asked)
            return
        visit.asked = asked
        visit.connected, plan = choose(visit.snapshot, visit.caller, routed.candidates, asked)
        target = routed.target(visit.connected, visit.exchange.head)
        chain = Chain(visit.snapshot, self._call(visit, visit.connected, plan, target))
        await self._finish(visit, received, chain, in_thread=large)

    async def _serve_large(self, visit: _Visit, routed: Routed, received: int, apart: Apart, data: bytes) -> None:
        """The same for a call that is read and judged apart."""
        head = visit.exchange.head
        names = tuple(connected.name for connected in routed.candidates)
        targets = tuple(routed.target(connected, head) for connected in routed.candidates)
        snapshot, caller = visit.snapshot, visit.caller
        errand = Errand(caller, routed.route, names, targets, snapshot.sent(caller.identity.principal.key))
        settled = await judge(apart, snapshot, errand, data)
        if isinstance(settled, Deny):
            await self._refuse_unread(visit, routed, settled)
            return
        call = settled.call
        visit.asked, visit.connected = call.asked, visit.snapshot.connections[call.connection]
        if settled.deny is not None:
            self._observe(call)
            await self._refuse(visit, settled.deny, call, settled.recorded)
            return
        await self._finish(visit, received, Chain(visit.snapshot, begun(call), settled.originals), judged=call)

    async def _finish(
        self, visit: _Visit, received: int, chain: Chain, *, in_thread: bool = False, judged: Call | None = None
    ) -> None:
        """Judges a call and forwards it, or refuses it. `judged`: what became of the same call apart, whose texts are
        not here."""
        services = self._services
        try:
            # Prompts of megabytes would hold up every other call; the patterns run without the interpreter's lock.
            verdict = await asyncio.to_thread(chain.judge) if in_thread else chain.judge()
            if type(verdict) is Wait:
                verdict = await chain.wait(verdict, in_thread=in_thread)
            if judged is not None:
                chain.call = rejoined(chain.call, judged)
            deny = _refusal(verdict)
            if deny is None and chain.call.asked.references:
                deny = await self._check_references(chain.call)
        except BaseException:
            # Nothing was forwarded, and nobody is told.
            chain.end(Outcome.REFUSED, None)
            raise
        self._observe(chain.call)
        if deny is not None:
            chain.end(Outcome.REFUSED, None)
            await self._refuse(visit, deny, chain.call)
            return
        if visit.connected is None:
            raise RuntimeError("a call is forwarded to no connection")
        recorder = Recorder(services.journal, services.clock, chain.call, visit.started)
        await Forwarding(visit.exchange, visit.connected, chain, recorder, services.telemetry, received).run()

    def _observe(self, call: Call) -> None:
        for note in call.notes:
            self._services.telemetry.observed(note.policy, note.label)

    async def _body(self, visit: _Visit, routed: Routed) -> bytes | Deny:
        exchange = visit.exchange
        if not routed.route.body:
            return b""
        unsupported = check_content_type(exchange.head.headers)
        if unsupported is not None:
            return unsupported
        try:
            return await exchange.body(visit.snapshot.max_body)
        except BodyRefused as refused:
            return refused.deny

    def _call(self, visit: _Visit, connected: Connected, plan: Plan, target: str) -> Call:
        services = self._services
        return make_call(visit.caller, visit.asked, connected, plan, target, services.tokens, services.sessions)

    async def _check_references(self, call: Call) -> Deny | None:
        """The one check that needs the journal: what a call refers to must be the caller's own."""
        for reference in dict.fromkeys(call.asked.references):
            if not await self._services.journal.owns(call.principal.key, call.connection, reference):
                return Deny(
                    Code.REFERENCE_NOT_ALLOWED,
                    f"{reference[:80]!r} is not a response or conversation that you received through this connection",
                )
        return None

    async def _refuse_unread(self, visit: _Visit, routed: Routed, deny: Deny) -> None:
        """A body that could not be had, read or judged."""
        visit.asked = msgspec.structs.replace(NOTHING, operation=routed.route.operation)
        await self._refuse(visit, deny)

    async def _refuse(self, visit: _Visit, deny: Deny, call: Call | None = None, recorded: Deny | None = None) -> None:
        """Records a refusal of a known caller, then tells it. `recorded`: the refusal as it may be recorded, where the
        call is as it may be, too."""
        services, connected = self._services, visit.connected
        dialect = connected.dialect if connected is not None else self._face(visit)
        if call is None:
            call = self._unread_call(visit)
        call, told = self._counted(visit.snapshot, call, deny)
        if told is not deny:
            deny, recorded = told, None if recorded is None else told
        if recorded is None:
            call, recorded = recordable(visit.snapshot, call, deny)
        contents: tuple[Content, ...] = ()
        if connected is not None:
            contents = await recorded_contents(connected.dialect, call.asked, call.model)
        try:
            await services.journal.open(recording.refused(call, contents, recorded))
        except JournalUnavailable:
            deny = Deny(Code.JOURNAL_UNAVAILABLE, "the gate can't record calls now")
        duration = services.clock.monotonic() - visit.started
        services.telemetry.ended(
            call.connection, call.asked.operation, Outcome.REFUSED, deny.code.value, duration, None
        )
        refuse(visit.exchange, dialect, deny, visit.caller.request_id, call.id)

    def _counted(self, snapshot: Snapshot, call: Call, deny: Deny) -> tuple[Call, Deny]:
        """What counting refusals makes of one."""
        known = len(call.notes)
        try:
            call, deny = snapshot.refused(call, deny)
        except Exception as failure:
            # The boundary of a control; the call is refused whatever became of counting it.
            _log.error("a refusal could not be counted: %s", type(failure).__qualname__)
            return call, deny
        for note in call.notes[known:]:
            self._services.telemetry.observed(note.policy, note.label)
        return call, deny

    def _face(self, visit: _Visit) -> Dialect | None:
        head = visit.exchange.head
        return face(head.path, head.host, visit.snapshot)

    def _unread_call(self, visit: _Visit) -> Call:
        """What is known of a call that was refused before its body could be read."""
        connected, head, caller = visit.connected, visit.exchange.head, visit.caller
        identity, name = caller.identity, "" if connected is None else connected.name
        return Call(
            id=call_id(caller.request_id),
            request_id=caller.request_id,
            session=self._services.sessions.of(identity, name, caller.source, visit.asked),
            at=caller.at,
            principal=identity.principal,
            credential=identity.credential,
            source=caller.source,
            connection=name,
            dialect="" if connected is None else connected.dialect.name,
            method=head.method,
            path=head.path,
            asked=visit.asked,
            model=None,
            plan=Plan(revision=visit.snapshot.revision),
        )


def _refusal(verdict: Deny | Hold | None) -> Deny | None:
    if type(verdict) is Hold:
        return Deny(Code.CONTROL_FAILED, "the call needs an approval, and no approval service is configured")
    return verdict


def _source(head: RequestHead) -> Source:
    headers = head.headers
    return Source(
        address=head.address,
        agent=_text(headers.get(b"user-agent")) or "",
        declared_agent=_text(headers.get(b"narrows-agent")),
        declared_session=_text(headers.get(b"narrows-session")),
        justification=_text(headers.get(b"narrows-justification")),
    )


def _text(value: bytes | None) -> str | None:
    """A descriptive header as text: percent-free UTF-8, cut to a bounded length; None if absent or empty."""
    if not value:
        return None
    return value.decode("utf-8", "replace")[:_HEADER_TEXT]
