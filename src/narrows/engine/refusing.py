"""Refusals: on record before the caller sees them, where the caller is known; counted, where nobody is."""

import logging

import msgspec

from narrows.engine import metering
from narrows.engine import recorder as recording
from narrows.engine.bodies import recorded_contents
from narrows.engine.dead import DeadUses
from narrows.engine.judging import NOTHING, Caller, recordable, unread_call
from narrows.engine.keeping import BEGUN, kept_open
from narrows.engine.replying import refuse
from narrows.engine.routing import Routed, face, find_route
from narrows.engine.snapshot import Snapshot
from narrows.engine.visits import Services, Visit
from narrows.model.call import Call, Source
from narrows.model.principal import Identity
from narrows.model.record import Content, Outcome
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect
from narrows.ports.http import Exchange
from narrows.ports.journal import JournalUnavailable

_log = logging.getLogger("narrows.engine")


class Refusing:
    """Refuses exchanges, for one gateway."""

    __slots__ = ("_services", "_uses")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._uses = DeadUses()

    async def known(self, visit: Visit, deny: Deny, call: Call | None = None, recorded: Deny | None = None) -> None:
        """Records a refusal of a known caller, then tells it. `recorded`: the refusal as it may be recorded, where the
        call is as it may be, too."""
        services, connected = self._services, visit.connected
        dialect = connected.dialect if connected is not None else _face(visit)
        if call is None:
            call = unread_call(
                visit.snapshot, visit.caller, visit.exchange.head, connected, visit.asked, services.sessions
            )
        call, told = self._counted(visit.snapshot, call, deny)
        if told is not deny:
            deny, recorded = told, None if recorded is None else told
        if recorded is None:
            call, recorded = recordable(visit.snapshot, call, deny)
        contents: tuple[Content, ...] = ()
        if connected is not None:
            contents = await recorded_contents(connected.dialect, call.asked, call.model)
        kept = kept_open(visit.exchange)
        entry = recording.refused(call, contents, recorded, visit.snapshot.whose(call))
        try:
            await services.journal.open(entry if kept is None else msgspec.structs.replace(entry, status=BEGUN))
        except JournalUnavailable:
            deny = Deny(Code.JOURNAL_UNAVAILABLE, "the gate can't record calls now")
        duration = services.clock.monotonic() - visit.started
        services.telemetry.ended(
            call.connection, call.asked.operation, Outcome.REFUSED, deny.code.value, duration, None
        )
        metering.refused(services.telemetry, deny)
        if kept is not None:
            kept.fail(deny)
        else:
            refuse(visit.exchange, dialect, deny, visit.caller.request_id, call.id)

    async def unread(self, visit: Visit, routed: Routed, deny: Deny) -> None:
        """A body that could not be had, read or judged."""
        visit.asked = msgspec.structs.replace(NOTHING, operation=routed.route.operation)
        await self.known(visit, deny)

    async def stranger(self, exchange: Exchange, snapshot: Snapshot, deny: Deny, request_id: str) -> None:
        """Strangers are counted, not recorded one by one."""
        services, head = self._services, exchange.head
        services.strangers.add(services.clock.now(), head.address, deny.code)
        services.telemetry.stranger(deny.code.value)
        refuse(exchange, face(head.path, head.host, snapshot), deny, request_id)

    def bound(self, identity: Identity, address: str, certificate: str | None) -> Deny | None:
        """Whether a credential that is bound is refused here."""
        bindings = self._services.bindings
        if bindings is None:
            return Deny(Code.CREDENTIAL_BOUND, "Nothing here can tell what the credential is bound to.", whose=identity)
        return bindings.refusal(identity, address, certificate)

    async def dead(
        self, exchange: Exchange, snapshot: Snapshot, source: Source, deny: Deny, request_id: str, started: int
    ) -> None:
        """Whoever shows a credential that is over is known, and on record, unless that has just been."""
        services, head, whose = self._services, exchange.head, deny.whose
        now = services.clock.now()
        if whose is None or not self._uses.first(now, whose, source, deny):
            services.telemetry.dead(deny.code.value)
            await self.stranger(exchange, snapshot, deny, request_id)
            return
        visit = Visit(exchange, snapshot, Caller(whose, source, request_id, now, head.method), started)
        routed = find_route(head, snapshot)
        if type(routed) is Deny:
            await self.known(visit, deny)
        else:
            visit.connected = routed.candidates[0]
            await self.unread(visit, routed, deny)

    def _counted(self, snapshot: Snapshot, call: Call, deny: Deny) -> tuple[Call, Deny]:
        """What counting refusals makes of one."""
        known = len(call.notes)
        try:
            call, deny = snapshot.refused(call, deny)
        except Exception as failure:  # noqa: BLE001 - a control's boundary: the call is refused whatever became of it
            _log.error("a refusal could not be counted: %s", type(failure).__qualname__)
            return call, deny
        for note in call.notes[known:]:
            self._services.telemetry.observed(note.policy, note.label)
        return call, deny


def _face(visit: Visit) -> Dialect | None:
    head = visit.exchange.head
    return face(head.path, head.host, visit.snapshot)
