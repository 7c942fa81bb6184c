"""One exchange at a time: route, authenticate, read, judge, and hand over to `forwarding`.

The order is DESIGN's path of a call. A stranger's body is never read; a refusal of a known caller is on record before
the caller sees it.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from narrows.engine import metering
from narrows.engine.apart import Errand, judge, rejoined
from narrows.engine.bodies import (
    SMALL,
    is_large,
    read_large_request,
    read_request,
)
from narrows.engine.chain import Chain
from narrows.engine.counting import counted
from narrows.engine.credentials import presented
from narrows.engine.discovery import WELL_KNOWN, introduce
from narrows.engine.facts import begun
from narrows.engine.heads import Known, known
from narrows.engine.judging import Caller, choose, make_call
from narrows.engine.keeping import KeptOpen, forwards
from narrows.engine.limits import throttled
from narrows.engine.recorder import Recorder
from narrows.engine.references import foreign
from narrows.engine.refusing import Refusing
from narrows.engine.releasing import still, with_headers
from narrows.engine.routing import Routed, Routes
from narrows.engine.snapshot import Snapshot, Snapshots
from narrows.engine.visits import Services, Visit
from narrows.model.call import Asked, Call
from narrows.model.principal import Identity
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Hold, Verdict
from narrows.ports.control import Wait
from narrows.ports.http import BodyRefused, Exchange
from narrows.ports.offload import Apart

_log = logging.getLogger("narrows.engine")


class Gateway:
    """The handler that the edge calls for every request."""

    __slots__ = ("_refusing", "_routes", "_services", "_snapshots")

    def __init__(self, snapshots: Snapshots, services: Services) -> None:
        self._snapshots = snapshots
        self._services = services
        self._routes = Routes(snapshots.current)
        self._refusing = Refusing(services)

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """Serves one exchange to its end. What needs no waiting is done before the first await, and so is the whole
        judgement of a usual call: each coroutine between the edge and what a call waits for costs time whenever it goes
        on."""
        services, snapshot, head = self._services, self._snapshots.current, exchange.head
        started = services.clock.monotonic()
        request_id = services.ids.request()
        found = head.told.found
        if type(found) is not Known:
            if head.path == WELL_KNOWN:
                return introduce(exchange, snapshot.public, request_id)
            token = presented(head.headers)
            if type(token) is Deny:
                return self._refusing.stranger(exchange, snapshot, token, request_id)
            head.told.found = found = known(head, snapshot.authenticator.digest(token))
        identity = snapshot.authenticator.recall(found.digest)
        if identity is None:
            return self._identify(exchange, snapshot, found, request_id, started)
        return self._serve_known(exchange, snapshot, found, identity, request_id, started)

    async def _identify(
        self, exchange: Exchange, snapshot: Snapshot, found: Known, request_id: str, started: int
    ) -> None:
        """The same for a credential that nobody has shown lately."""
        token = presented(exchange.head.headers)
        identity = token if type(token) is Deny else await snapshot.authenticator.verify(token)
        if type(identity) is Deny:
            if identity.whose is None:
                await self._refusing.stranger(exchange, snapshot, identity, request_id)
            else:
                await self._refusing.dead(exchange, snapshot, found.source, identity, request_id, started)
        else:
            await self._serve_known(exchange, snapshot, found, identity, request_id, started)

    async def serve_own(self, exchange: Exchange, identity: Identity) -> None:
        """Serves one exchange that the gate itself makes, as whom it says, to its end."""
        services = self._services
        request_id, started = services.ids.request(), services.clock.monotonic()
        found = known(exchange.head, b"")
        await self._serve_known(exchange, self._snapshots.current, found, identity, request_id, started)

    def _serve_known(
        self, exchange: Exchange, snapshot: Snapshot, found: Known, identity: Identity, request_id: str, started: int
    ) -> Coroutine[Any, Any, None]:
        """The same for a known caller."""
        head, credential = exchange.head, identity.credential
        if credential.network or credential.certificate is not None:
            bound = self._refusing.bound(identity, found.source.address, head.certificate)
            if bound is not None:
                return self._refusing.dead(exchange, snapshot, found.source, bound, request_id, started)
        named = None if snapshot.end_user is None else snapshot.end_user(identity, head.headers)
        caller = Caller(identity, found.source, request_id, self._services.clock.now(), head.method, named)
        visit = Visit(exchange, snapshot, caller, started)
        if self._routes.snapshot is not snapshot:
            self._routes = Routes(snapshot)
        routed = self._routes.find(head)
        if type(routed) is Deny:
            return self._refusing.known(visit, routed)
        visit.connected = routed.candidates[0]
        if snapshot.throttle is not None:
            deny = throttled(snapshot.throttle, caller, routed.candidates, routed.route.operation)
            if deny is not None:
                return self._refusing.unread(visit, routed, deny)
        if not routed.route.body:
            return self._serve_body(visit, routed, 0, b"")
        if found.unsupported is not None:
            return self._refusing.unread(visit, routed, found.unsupported)
        data = exchange.ready(snapshot.max_body)
        return self._receive(visit, routed) if data is None else self._serve_body(visit, routed, 0, data)

    async def _receive(self, visit: Visit, routed: Routed) -> None:
        """The same for a call whose body is not here yet."""
        try:
            data = await visit.exchange.body(visit.snapshot.max_body)
        except BodyRefused as refused:
            await self._refusing.unread(visit, routed, refused.deny)
            return
        except Exception as failure:
            await self._fail(visit, failure)
            return
        received = self._services.clock.monotonic() - visit.started
        await self._serve_body(visit, routed, received, data)

    def _serve_body(self, visit: Visit, routed: Routed, received: int, data: bytes) -> Coroutine[Any, Any, None]:
        """Reads, judges and forwards a call whose body took `received` microseconds to arrive."""
        try:
            if len(data) > SMALL and is_large(data, masked=bool(visit.snapshot.policies.masks)):
                return self._bounded(visit, self._serve_large(visit, routed, received, data))
            asked = read_request(routed.dialect, routed.route, data)
            if type(asked) is Deny:
                return self._refusing.unread(visit, routed, asked)
            chain = self._chain(visit, routed, asked, len(data))
            verdict = _judged(chain)
            if verdict is not None or chain.call.asked.references:
                return self._bounded(visit, self._settle(visit, received, chain, verdict))
            return self._forward(visit, received, chain)
        except Exception as failure:
            return self._fail(visit, failure)

    async def _bounded(self, visit: Visit, serving: Coroutine[Any, Any, None]) -> None:
        """The same boundary around what waits."""
        try:
            await serving
        except Exception as failure:
            await self._fail(visit, failure)

    async def _fail(self, visit: Visit, failure: Exception) -> None:
        """What nobody expected is a refusal on record, never a forwarded call."""
        _log.error("a call failed before it was forwarded: %s", type(failure).__qualname__, exc_info=failure)
        await self._refusing.known(visit, Deny(Code.CONTROL_FAILED, "the gate failed while it judged the call"))

    async def _serve_large(self, visit: Visit, routed: Routed, received: int, data: bytes) -> None:
        """The same for a call that is read and judged apart; without a process beside it the gate does so itself, in a
        thread."""
        apart = visit.snapshot.apart
        if apart is not None and apart.takes(len(data)):
            await self._serve_apart(visit, routed, received, apart, data)
            return
        asked = await asyncio.to_thread(read_large_request, routed.dialect, routed.route, data)
        if type(asked) is Deny:
            await self._refusing.unread(visit, routed, asked)
            return
        await self._finish(visit, received, self._chain(visit, routed, asked, len(data)), in_thread=True)

    async def _serve_apart(self, visit: Visit, routed: Routed, received: int, apart: Apart, data: bytes) -> None:
        head = visit.exchange.head
        names = tuple(connected.name for connected in routed.candidates)
        targets = tuple(routed.target(connected, head) for connected in routed.candidates)
        snapshot, caller = visit.snapshot, visit.caller
        errand = Errand(caller, routed.route, names, targets, snapshot.sent(caller.identity.principal.key))
        settled = await judge(apart, snapshot, errand, data)
        if isinstance(settled, Deny):
            await self._refusing.unread(visit, routed, settled)
            return
        call = settled.call
        visit.asked, visit.connected = call.asked, snapshot.connections[call.connection]
        if settled.deny is not None:
            call, instead = await counted(snapshot, call)
            self._observe(call)
            await self._refusing.known(visit, instead or settled.deny, call, instead or settled.recorded)
            return
        if snapshot.asks:
            call = with_headers(call, head.headers, visit.connected.headers)
        await self._finish(visit, received, Chain(snapshot, begun(call), settled.originals), judged=call)

    def _chain(self, visit: Visit, routed: Routed, asked: Asked, size: int) -> Chain:
        """The controls before a call that was read from so many bytes, and the call as it is before any has seen it."""
        services, snapshot = self._services, visit.snapshot
        visit.asked = asked
        caller, target, candidates = visit.caller, routed.route.target, routed.candidates
        connected, plan = choose(snapshot, caller, candidates, asked)
        if connected is not candidates[0]:
            visit.connected, target = connected, routed.target(connected, visit.exchange.head)
        call = make_call(caller, asked, connected, plan, target, size, services.tokens, services.sessions)
        if snapshot.asks:
            call = with_headers(call, visit.exchange.head.headers, connected.headers)
        return Chain(snapshot, call)

    async def _finish(
        self, visit: Visit, received: int, chain: Chain, *, in_thread: bool = False, judged: Call | None = None
    ) -> None:
        """Judges a large call and forwards it, or refuses it."""
        try:
            # Prompts of megabytes would hold up every other call; the patterns run without the interpreter's lock.
            verdict = await asyncio.to_thread(chain.judge) if in_thread else chain.judge()
        except BaseException:
            chain.end(Outcome.REFUSED, None)
            raise
        await self._settle(visit, received, chain, verdict, in_thread=in_thread, judged=judged)

    async def _settle(
        self,
        visit: Visit,
        received: int,
        chain: Chain,
        verdict: Deny | Hold | Wait[Verdict] | None,
        *,
        in_thread: bool = False,
        judged: Call | None = None,
    ) -> None:
        """Waits for what a verdict waits for, then forwards the call or refuses it. `judged`: what became of the same
        call apart, whose texts are not here."""
        try:
            live = self._services.live
            if type(verdict) is Wait:
                # Nobody is asked about a call that may not go on anyhow.
                verdict = live.refusal(chain.call) or verdict
            if type(verdict) is Wait:
                waiting = chain.wait(verdict, in_thread=in_thread)
                if chain.call.keep_alive and visit.connected is not None:
                    visit.exchange = kept = KeptOpen(visit.exchange, visit.connected.dialect, chain.call)
                    waiting = kept.during(waiting)
                verdict = await live.during(chain.call, waiting)
            if judged is not None:
                chain.call = rejoined(chain.call, judged)
            deny = _refusal(verdict)
            if deny is None and chain.release is not None:
                deny = await still(visit.exchange.head, chain.call, visit.snapshot, self._snapshots.current)
            if deny is None and chain.call.asked.references:
                deny = await foreign(self._services.journal, chain.call)
        except BaseException:
            # Nothing was forwarded, and nobody is told.
            chain.end(Outcome.REFUSED, None)
            raise
        if deny is None:
            await self._forward(visit, received, chain)
            return
        self._observe(chain.call)
        chain.end(Outcome.REFUSED, None)
        await self._refusing.known(visit, deny, chain.call)

    def _forward(self, visit: Visit, received: int, chain: Chain) -> Coroutine[Any, Any, None]:
        """A call that nothing refused, to its end."""
        services, call = self._services, chain.call
        try:
            connected, live = visit.snapshot.connections[call.connection], services.live
            if call.notes:
                self._observe(call)
            if visit.started <= live.asking:
                deny = live.refusal(call)
                if deny is not None:
                    chain.end(Outcome.REFUSED, None)
                    return self._refusing.known(visit, deny, call)
            if call.credential.id not in live.used:
                live.used[call.credential.id] = call
            recorder = Recorder(services.journal, services.clock, call, visit.started, chain.reservation)
            running = live.running
            return forwards(visit.exchange, connected, chain, recorder, services.telemetry, received, running).run()
        except BaseException:
            # Nobody else would free what the call holds.
            chain.end(Outcome.REFUSED, None)
            raise

    def _observe(self, call: Call) -> None:
        metering.noted(self._services.telemetry, call.notes)


def _judged(chain: Chain) -> Deny | Hold | Wait[Verdict] | None:
    """What the controls say; if they fail in a way that nobody expected, they are released."""
    try:
        return chain.judge()
    except BaseException:
        chain.end(Outcome.REFUSED, None)
        raise


def _refusal(verdict: Verdict | Wait[Verdict] | None) -> Deny | None:
    if verdict is None or type(verdict) is Deny:
        return verdict
    return Deny(Code.CONTROL_FAILED, "the call needs an approval, and no approval service is configured")
