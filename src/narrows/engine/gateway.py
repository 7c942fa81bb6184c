"""One exchange at a time: route, authenticate, read, judge, and hand over to `forwarding`.

The order is DESIGN's path of a call. A stranger's body is never read; a refusal of a known caller is on record before
the caller sees it.
"""

import asyncio
import logging
from typing import Final

import msgspec

from narrows.engine import recorder as recording
from narrows.engine.bodies import MANY_TEXTS, check_content_type, forwarded, is_large, read_large_request, read_request
from narrows.engine.chain import Chain
from narrows.engine.credentials import presented
from narrows.engine.forwarding import Forwarding
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
from narrows.ports.offload import Offload
from narrows.ports.telemetry import Telemetry

_log = logging.getLogger("narrows.engine")

_NOTHING: Final = Asked(operation="", model=None, body={})
_LONG_PROMPT: Final = 65_536
"""Prompts over this many (estimated) tokens are judged in a thread."""

_HEADER_TEXT: Final = 512
"""Characters kept of a client's descriptive header."""


class Services(msgspec.Struct, frozen=True):
    """What the engine needs of the world."""

    journal: Journal
    clock: Clock
    ids: Ids
    telemetry: Telemetry
    tokens: TokenCounter
    offload: Offload
    strangers: StrangerCounts
    sessions: SessionIds


class _Visit(msgspec.Struct):
    """One exchange on its way to a call. Times are microseconds: `at` by the wall, `started` monotonic."""

    exchange: Exchange
    snapshot: Snapshot
    identity: Identity
    source: Source
    request_id: str
    at: int
    started: int
    connected: Connected | None = None
    asked: Asked = _NOTHING


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
        source = _source(head)
        visit = _Visit(exchange, snapshot, identity, source, request_id, services.clock.now(), started)
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
        services = self._services
        visit.connected = routed.candidates[0]
        asked = await self._read(visit, routed)
        received = services.clock.monotonic() - visit.started
        if type(asked) is Deny:
            visit.asked = msgspec.structs.replace(_NOTHING, operation=routed.route.operation)
            await self._refuse(visit, asked)
            return
        visit.asked = asked
        visit.connected, plan = _choose(visit, routed)
        target = routed.target(visit.connected, visit.exchange.head)
        many = len(asked.texts) > MANY_TEXTS
        if many:
            call = await asyncio.to_thread(self._call, visit, visit.connected, plan, target)
        else:
            call = self._call(visit, visit.connected, plan, target)
        chain = Chain(visit.snapshot, call)
        try:
            many = many or call.prompt_tokens > _LONG_PROMPT
            if many:
                # A scan of megabytes would hold up every other call; the patterns run without the interpreter's lock.
                verdict = await asyncio.to_thread(chain.judge)
            else:
                verdict = chain.judge()
            if type(verdict) is Wait:
                verdict = await chain.wait(verdict, in_thread=many)
            deny = _refusal(verdict)
            if deny is None and asked.references:
                deny = await self._check_references(chain.call)
        except BaseException:
            chain.end(Outcome.CLIENT_GONE, None)
            raise
        for note in chain.call.notes:
            services.telemetry.observed(note.policy, note.code.value)
        if deny is not None:
            chain.end(Outcome.REFUSED, None)
            await self._refuse(visit, deny, chain.call)
            return
        recorder = Recorder(services.journal, services.clock, chain.call, visit.started)
        forwarding = Forwarding(
            visit.exchange, visit.connected, chain, recorder, services.offload, services.telemetry, received
        )
        await forwarding.run()

    async def _read(self, visit: _Visit, routed: Routed) -> Asked | Deny:
        route, exchange = routed.route, visit.exchange
        if not route.body:
            return read_request(routed.dialect, route, b"")
        unsupported = check_content_type(exchange.head.headers)
        if unsupported is not None:
            return unsupported
        try:
            data = await exchange.body(visit.snapshot.max_body)
        except BodyRefused as refused:
            return refused.deny
        if is_large(data):
            return await read_large_request(routed.dialect, route, data, self._services.offload)
        return read_request(routed.dialect, route, data)

    def _call(self, visit: _Visit, connected: Connected, plan: Plan, target: str) -> Call:
        services, asked, identity = self._services, visit.asked, visit.identity
        model = asked.model
        return Call(
            id=_call_id(visit.request_id),
            request_id=visit.request_id,
            session=services.sessions.of(identity, connected.name, visit.source, asked),
            at=visit.at,
            principal=identity.principal,
            credential=identity.credential,
            source=visit.source,
            connection=connected.name,
            dialect=connected.dialect.name,
            method=visit.exchange.head.method,
            path=target,
            asked=asked,
            model=None if model is None else connected.settings.aliases.get(model, model),
            plan=plan,
            prompt_tokens=services.tokens.prompt(asked.texts),
        )

    async def _check_references(self, call: Call) -> Deny | None:
        """The one check that needs the journal: what a call refers to must be the caller's own."""
        for reference in dict.fromkeys(call.asked.references):
            if not await self._services.journal.owns(call.principal.key, call.connection, reference):
                return Deny(
                    Code.REFERENCE_NOT_ALLOWED,
                    f"{reference[:80]!r} is not a response or conversation that you received through this connection",
                )
        return None

    async def _refuse(self, visit: _Visit, deny: Deny, call: Call | None = None) -> None:
        """Records a refusal of a known caller, then tells it."""
        services, connected = self._services, visit.connected
        dialect = connected.dialect if connected is not None else self._face(visit)
        if call is None:
            call = self._unread_call(visit)
        call, recorded = _recordable(visit.snapshot, call, deny)
        contents: tuple[Content, ...] = ()
        if connected is not None and call.asked.body:
            contents = (await forwarded(connected.dialect, call.asked, call.model, None)).contents
        try:
            await services.journal.open(recording.refused(call, contents, recorded))
        except JournalUnavailable:
            deny = Deny(Code.JOURNAL_UNAVAILABLE, "the gate can't record calls now")
        duration = services.clock.monotonic() - visit.started
        services.telemetry.ended(
            call.connection, call.asked.operation, Outcome.REFUSED, deny.code.value, duration, None
        )
        refuse(visit.exchange, dialect, deny, visit.request_id, call.id)

    def _face(self, visit: _Visit) -> Dialect | None:
        head = visit.exchange.head
        return face(head.path, head.host, visit.snapshot)

    def _unread_call(self, visit: _Visit) -> Call:
        """What is known of a call that was refused before its body could be read."""
        connected, head = visit.connected, visit.exchange.head
        name = "" if connected is None else connected.name
        return Call(
            id=_call_id(visit.request_id),
            request_id=visit.request_id,
            session=self._services.sessions.of(visit.identity, name, visit.source, visit.asked),
            at=visit.at,
            principal=visit.identity.principal,
            credential=visit.identity.credential,
            source=visit.source,
            connection=name,
            dialect="" if connected is None else connected.dialect.name,
            method=head.method,
            path=head.path,
            asked=visit.asked,
            model=None,
            plan=Plan(revision=visit.snapshot.revision),
        )


def _choose(visit: _Visit, routed: Routed) -> tuple[Connected, Plan]:
    """The connection and its plan: of several candidates the first that serves the model and may be used."""
    asked, principal, policies = visit.asked, visit.identity.principal, visit.snapshot.policies
    first: tuple[Connected, Plan] | None = None
    for connected in routed.candidates:
        if len(routed.candidates) > 1 and asked.model is not None and not connected.serves(asked.model):
            continue
        plan = policies.plan(principal, connected.name, asked.operation, asked.model)
        if plan.refusal is None:
            return connected, plan
        first = first or (connected, plan)
    if first is not None:
        return first
    connected = routed.candidates[0]
    unserved = Deny(Code.MODEL_NOT_ALLOWED, f"no connection serves the model {asked.model!r}", param="model")
    return connected, Plan(revision=visit.snapshot.revision, refusal=unserved)


def _recordable(snapshot: Snapshot, call: Call, deny: Deny) -> tuple[Call, Deny]:
    """A refused call and its refusal without what masks hide; without any content where they fail."""
    if snapshot.recordable is None:
        return call, deny
    try:
        return snapshot.recordable(call, deny)
    except Exception as failure:
        _log.error("a refused call can't be masked, so its content is not recorded: %s", type(failure).__qualname__)
        bare = msgspec.structs.replace(
            call,
            asked=msgspec.structs.replace(_NOTHING, operation=call.asked.operation),
            source=msgspec.structs.replace(call.source, justification=None),
            notes=(),
        )
        return bare, Deny(deny.code, deny.meaning.summary, policy=deny.policy, rule=deny.rule)


def _refusal(verdict: Deny | Hold | None) -> Deny | None:
    if type(verdict) is Hold:
        return Deny(Code.CONTROL_FAILED, "the call needs an approval, and no approval service is configured")
    return verdict


def _call_id(request_id: str) -> str:
    """A request is at most one call, so the two ids differ in their prefix only."""
    return f"call_{request_id[4:]}"


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
