"""Counts calls against their rates, before anything costs: `limits.calls`.

It stands right after what may be asked at all. What it has counted stays counted, whatever becomes of the call: who is
refused for what a prompt says has called all the same. A call that is refused for its rate is not counted.

`peek` asks before a body is read, where the model is not known: it refuses when the gateway's own rate has no room, or
each policy that could permit the call has a rate without. It counts nothing.

The ledger belongs to the event loop. Where a call is judged in a thread, asking it waits until the loop is reached.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from narrows.accounting import messages
from narrows.accounting.accounts import KNOWN, PATIENCE, Accounts
from narrows.accounting.counters import Subjects
from narrows.accounting.headers import Lines
from narrows.model.call import Call, Source
from narrows.model.limits import Limits, Rate, Unit
from narrows.model.plan import Plan
from narrows.model.principal import Identity, Principal
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.reservation import GRANTED, Answer, Counter, Refused, Standing, Wanted
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Proceed, Verdict
from narrows.policy.limits import CallRates, exhausted
from narrows.policy.recent import Recent
from narrows.ports.control import Guard, Wait
from narrows.ports.ledger import LedgerUnavailable

Could = Callable[[Principal, str, str, str], CallRates]
"""Principal, connection, operation, kind of credential: by what such a call can be refused."""


class _Doors(msgspec.Struct, frozen=True, eq=False):
    """What is the same for all calls of one identity. `counters` are those of `rates`."""

    identity: Identity
    rates: CallRates
    counters: tuple[Counter, ...]


class Throttle:
    """The control for `limits.calls`."""

    name: Final = "throttle"

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def under(self, plan: Plan) -> "_Throttled | None":
        """Nothing to do where no rate counts calls."""
        rates = tuple(rate for rate in plan.limits.rates if rate.unit is Unit.CALLS)
        return _Throttled(self._accounts, Limits(rates=rates)) if rates and plan.refusal is None else None

    def begin(self, call: Call) -> Guard | None:
        """See `under`."""
        throttled = self.under(call.plan)
        return None if throttled is None else throttled.begin(call)


_Counted = tuple[Principal, tuple[Counter, ...], tuple[int, ...]]
"""Whose rates they are, their counters, and one for each."""


class _Throttled:
    """The control under one plan; where a guard is wanted, it is the guard of all its calls."""

    __slots__ = ("_accounts", "_known", "_limits")

    name: Final = Throttle.name
    guardless: Final = True

    def __init__(self, accounts: Accounts, limits: Limits) -> None:
        self._accounts = accounts
        self._limits = limits
        self._known: Recent[int, _Counted] = Recent(KNOWN)

    def begin(self, call: Call) -> Guard | None:  # noqa: ARG002 - each call is counted
        """Each call is counted."""
        return self

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        """Counts the call, or refuses it."""
        # The moment is now, not the call's: it may have waited for its body, and a rate is of what goes on.
        accounts, principal = self._accounts, call.principal
        if accounts.running() != accounts.thread:
            return Wait(lambda: self._on_loop(call), PATIENCE)
        known = self._known.get(id(principal))
        if known is None or known[0] is not principal:
            known = self._made(call)
        _, counters, ones = known
        now = accounts.clock.now()
        try:
            answers = accounts.ledger.count((Wanted(call.id, now, counters, ones),))
        except LedgerUnavailable as unavailable:
            return messages.unavailable(unavailable)
        if type(answers) is not list and isinstance(answers, Awaitable):
            return Wait(lambda: self._answered(call, answers, counters, now), PATIENCE)
        answer = answers[0]
        return PROCEED if answer is GRANTED else self._judged(call, answer, counters, now)

    async def _on_loop(self, call: Call) -> Verdict:
        answer = self.on_request(call)
        return await answer.until() if type(answer) is Wait else answer

    async def _answered(
        self, call: Call, answers: Awaitable[Sequence[Answer]], counters: tuple[Counter, ...], now: int
    ) -> Verdict:
        try:
            return self._judged(call, (await answers)[0], counters, now)
        except LedgerUnavailable as unavailable:
            return messages.unavailable(unavailable)

    def _judged(self, call: Call, answer: Answer, counters: tuple[Counter, ...], now: int) -> Verdict:
        if type(answer) is Refused:
            lines = Lines(counters, call.dialect)
            taken = self._accounts.ledger.taken(lines.counters, now)
            return messages.refusal(answer, now, lines.tell(taken, now))
        notes = tuple(messages.observed(one.limit) for one in answer.over)
        return Proceed(msgspec.structs.replace(call, notes=call.notes + notes)) if notes else PROCEED

    def _made(self, call: Call) -> _Counted:
        """Rates are of identities, so nothing else of a call matters."""
        found = self._accounts.counters.of(self._limits, Subjects(call.principal, call.connection)).throttled
        counted = call.principal, found, (1,) * len(found)
        self._known.put(id(call.principal), counted)
        return counted

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not counted."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """What was counted stays counted."""


class Peek:
    """The question before a body is read. `could` says which rates can refuse a call before its model is known."""

    def __init__(self, accounts: Accounts, could: Could) -> None:
        self._accounts = accounts
        self._could = could
        self._known: Recent[tuple[int, str, str], _Doors] = Recent(KNOWN)

    def __call__(self, identity: Identity, source: Source, connection: str, operation: str, at: int) -> Deny | None:  # noqa: ARG002 - rates are of identities
        """The refusal of a call that can't be made now, whatever is in it."""
        key = (id(identity), connection, operation)
        doors = self._known.get(key)
        if doors is None or doors.identity is not identity:
            doors = self._found(identity, connection, operation)
            self._known.put(key, doors)
        if not doors.counters or self._accounts.ledger.has_room(doors.counters, at):
            return None
        full: dict[Rate, Standing] = {}
        for standing in self._accounts.ledger.standing(doors.counters, at):
            limit = standing.counter.limit
            if isinstance(limit, Rate) and standing.used + standing.held >= limit.limit:
                full[limit] = standing
        if not full:
            return None
        rate = exhausted(doors.rates, full.__contains__)
        return None if rate is None else messages.refusal(self._refused(full[rate], at), at)

    def _refused(self, standing: Standing, at: int) -> Refused:
        """What a ledger would say to one who asks for one more, as far as is known here."""
        counter = standing.counter
        return Refused(counter, standing.used, standing.held, 1, self._accounts.ledger.free(counter, at))

    def _found(self, identity: Identity, connection: str, operation: str) -> "_Doors":
        principal = identity.principal
        rates = self._could(principal, connection, operation, identity.credential.kind)
        named = dict.fromkeys((*rates.always, *(rate for some in rates.each for rate in some)))
        subjects = Subjects(principal, connection)
        counters = self._accounts.counters.of(Limits(rates=tuple(named)), subjects).throttled if named else ()
        return _Doors(identity, rates, counters)
