"""Reserves what a call may come to at worst on every limit that counts it, in one step, and settles when it ends.

It stands last: what it reserves is what would be sent. It changes nothing of the call. Budgets, rates of tokens, calls
at once and agents are the ledger's, all or none; the cost of the one call is judged here. What a limit needs and nobody
knows, a price or a bound, refuses the call; a limit that only observes is then left out, and noted.

While the reply runs, the tokens that were certainly generated are counted, as for `limits.output_tokens`; one that has
passed what was reserved for its output is stopped, so a budget holds whatever an upstream does with its cap. The same
holds for the upstream's time, where compute units count that.

The ledger belongs to the event loop. Where a call is judged in a thread, asking it waits until the loop is reached.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from narrows.accounting import messages
from narrows.accounting.accounts import KNOWN, PATIENCE, Accounts
from narrows.accounting.agents import agent
from narrows.accounting.amounts import (
    PLACES,
    SECOND,
    Result,
    Seen,
    Terms,
    Worst,
    settle,
    usual,
    worst,
)
from narrows.accounting.countable import countable, within
from narrows.accounting.counters import Subjects
from narrows.accounting.headers import HeaderPairs, Lines
from narrows.dialects.generated import Generated
from narrows.model.call import Call, Source
from narrows.model.limits import NO_LIMITS, NOTHING_GENERATED, NOTHING_RUN, AgentCap, Budget, Counted, Rate, Unit
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.reservation import (
    GRANTED,
    Answer,
    Counter,
    Refused,
    Reservation,
    Reserved,
    Settled,
    Stage,
    Wanted,
)
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note, Proceed, Verdict
from narrows.policy.recent import Recent
from narrows.ports.control import Guard, Wait
from narrows.ports.ledger import LedgerUnavailable

SOON: Final = 1_000_000
"""Microseconds within which a call is reserved, as a rule: the windows that count it are those in which it came."""

_CALLS: Final = PLACES[Unit.CALLS]
_COMPUTE: Final = PLACES[Unit.COMPUTE]
_OF_OUTPUT: Final = frozenset(PLACES[unit] for unit in (Unit.USD, Unit.TOKENS, Unit.OUTPUT_TOKENS, Unit.COMPUTE))
_NO_OUTPUT: Final = NOTHING_RUN | NOTHING_GENERATED


class Reserve:
    """The control for `limits.budgets`, `limits.tokens`, `limits.concurrent`, `limits.agents` and `limits.max_cost`."""

    name: Final = "reserve"

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self._passed: Recent[tuple[str, int | None], int] = Recent(KNOWN)

    def under(self, plan: Plan) -> "_Limited | None":
        """Nothing to do where nothing is limited."""
        return None if plan.limits is NO_LIMITS or plan.refusal is not None else _Limited(self, plan)

    def passed(self, counters: tuple[Counter, ...], now: int) -> tuple[Note, ...]:
        """Notes on thresholds that were passed, for the record, the metrics and the log: once in a window, for a sum
        goes up and down near its threshold while each call holds more than it comes to."""
        accounts = self.accounts
        notes: tuple[Note, ...] = ()
        for standing in accounts.ledger.standing(counters, now):
            counter = standing.counter
            key = (counter.name, counter.limit.soft if isinstance(counter.limit, Budget) else None)
            until = self._passed.get(key)
            if until is not None and now < until:
                continue
            self._passed.put(key, standing.resets)
            notes += (messages.softened(counter.limit),)
            accounts.event(messages.soft_event(counter))
        return notes

    def begin(self, call: Call) -> Guard | None:
        """See `under`."""
        limited = self.under(call.plan)
        return None if limited is None else limited.begin(call)


class _Bill(msgspec.Struct, frozen=True, eq=False):
    """What is the same for all calls of one caller for one model. `places` say where the amounts of `counters` stand
    in a vector, and `pick` takes them from one; the first `budgets` of them are budgets. `lines` tell of what is left.
    `stops`: a reply that passes what was reserved for its output is stopped; `times`: so is one that takes longer than
    was reserved for."""

    principal: Principal
    terms: Terms
    counters: tuple[Counter, ...]
    places: tuple[int, ...]
    pick: Callable[[Any], tuple[Any, ...]]
    budgets: int
    names: tuple[str, ...]
    lines: Lines
    counts_agents: bool
    stops: bool
    times: bool


_Known = tuple[Principal, Source, Credential, tuple[_Bill, str]]
"""Whose call it is, from where, and what that comes to: the bill, and the agent where agents are counted."""


class _Limited:
    """The control under one plan."""

    __slots__ = ("_bills", "_known", "_stops", "accounts", "caps", "declared", "limits", "passed")

    name: Final = Reserve.name
    wordless: Final = True

    def __init__(self, reserve: Reserve, plan: Plan) -> None:
        self.accounts = reserve.accounts
        self.passed = reserve.passed
        self.limits = limits = plan.limits
        self.caps = limits.costs
        self.declared = tuple(limit for limit in limits.agents if limit.declared)
        # Where a policy limits the reply itself, it is stopped there, and told so.
        self._stops = all(limit.observe for limit in plan.output_tokens)
        self._bills: Recent[tuple[int, str, str | None, str | None, str | None], _Bill] = Recent(KNOWN)
        self._known: Recent[tuple[int, int, str, str | None, str | None, str | None], _Known] = Recent(KNOWN)

    def begin(self, call: Call) -> Guard | None:  # noqa: ARG002 - each call is counted
        """Each call is counted."""
        return _Holding(self)

    def known(self, call: Call) -> tuple[_Bill, str]:
        """The bill of a call, and who asks, as an agent. Principals and sources are told apart as objects: an
        authenticator gives the same one for the same credential, what comes over one connection comes from the same
        source, and what is remembered keeps them alive."""
        principal, source, credential = call.principal, call.source, call.credential
        key = (id(principal), id(source), call.connection, call.model, call.end_user, call.asked.tier)
        known = self._known.get(key)
        if known is None or known[0] is not principal or known[1] is not source or known[2] is not credential:
            bill = self._bill(call)
            asks = agent(principal, credential, source) if bill.counts_agents else ""
            known = principal, source, credential, (bill, asks)
            self._known.put(key, known)
        return known[3]

    def _bill(self, call: Call) -> _Bill:
        """What it shares with calls from other sources."""
        principal = call.principal
        key = (id(principal), call.connection, call.model, call.end_user, call.asked.tier)
        known = self._bills.get(key)
        if known is None or known.principal is not principal:
            known = self._made(call)
            self._bills.put(key, known)
        return known

    def _made(self, call: Call) -> _Bill:
        found = self.accounts.counters.of(
            self.limits, Subjects(call.principal, call.connection, call.model, call.end_user)
        )
        counters = tuple(one for one in found.reserved if not _uncounted(one.limit))
        budgets = sum(isinstance(one.limit, Budget) for one in counters)
        if any(isinstance(one.limit, Budget) for one in counters[budgets:]):
            raise ValueError("budgets' counters come first")
        places = tuple(_place(one.limit) for one in counters)
        return _Bill(
            call.principal,
            self.accounts.terms(call.connection, call.model, call.asked.tier),
            counters,
            places,
            _picking(places),
            budgets,
            tuple(one.name for one in counters[:budgets]),
            Lines((*found.throttled, *counters), call.dialect),
            any(isinstance(one.limit, AgentCap) for one in counters),
            self._stops and any(_place(one.limit) in _OF_OUTPUT and not one.limit.observe for one in counters),
            any(_place(one.limit) == _COMPUTE and not one.limit.observe for one in counters),
        )


def _uncounted(limit: Counted) -> bool:
    """Whether it only says that agents must declare themselves."""
    return isinstance(limit, AgentCap) and limit.limit is None


def _place(limit: Counted) -> int:
    """What runs at once counts one for each call, as calls do."""
    return PLACES[limit.unit] if isinstance(limit, Budget | Rate) else _CALLS


def _picking(places: tuple[int, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Takes what stands at these places."""
    return itemgetter(*places) if len(places) > 1 else lambda vector: tuple([vector[place] for place in places])


class _Holding(msgspec.Struct, eq=False):
    """One call, from its reservation to its settlement."""

    _limited: _Limited
    _asked: bool = False
    _bill: _Bill | None = None
    _call: Call | None = None
    _worst: Worst | None = None
    _counters: tuple[Counter, ...] = ()
    _places: tuple[int, ...] = ()
    _reservation: Reservation | None = None
    _generated: Generated = msgspec.field(default_factory=Generated)
    _started: int = 0
    _at: int = 0
    _until: int = 0
    _read: bool = False
    _hidden: bool = False

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        """Asks the ledger for all of it, or refuses what it need not be asked for."""
        limited = self._limited
        accounts = limited.accounts
        if accounts.running() != accounts.thread:
            return Wait(lambda: self._on_loop(call), PATIENCE)
        bill, agent = limited.known(call)
        self._bill, self._worst = bill, worst(call, bill.terms)
        held = self._worst
        counters, places = bill.counters, bill.places
        notes: tuple[Note, ...] = ()
        if limited.declared or limited.caps:
            judged = self._single(call, held)
            if type(judged) is Deny:
                return judged
            notes = judged
        amounts = bill.pick(held.vector)
        if None in amounts or 0 in amounts:
            chosen = countable(counters, places, held, call)
            if type(chosen) is Deny:
                return chosen
            counters, places, more = chosen
            amounts = tuple([held.vector[place] or 0 for place in places])
            notes += more
        self._call, self._counters, self._places = call, counters, places
        compute = bill.terms.compute
        if compute is not None:
            self._started = accounts.clock.monotonic()
            if compute.second and bill.times:
                self._until = self._started + bill.terms.longest
        # Rates are of what goes on now, and the call may have waited: for its body, for people who approve it. If it
        # has, budgets are those of now, too: who approves a call today does not spend what yesterday left.
        at, now = call.at, accounts.clock.now()
        if not 0 <= now - at <= SOON:
            at = now
        self._at = at
        if not counters:
            return self._hold(call, GRANTED, (), notes, now)
        wanted = Wanted(call.id, at, counters, amounts, agent, now)
        self._asked = True
        try:
            answers = accounts.ledger.reserve((wanted,))
        except LedgerUnavailable as unavailable:
            self._asked = False
            return messages.unavailable(unavailable)
        if type(answers) is not list and isinstance(answers, Awaitable):
            return Wait(lambda: self._answered(call, answers, wanted, notes), PATIENCE)
        return self._hold(call, answers[0], amounts, notes, now)

    async def _on_loop(self, call: Call) -> Verdict:
        answer = self.on_request(call)
        return await answer.until() if type(answer) is Wait else answer

    def _single(self, call: Call, held: Worst) -> Deny | tuple[Note, ...]:
        """What the ledger need not be asked: whether agents declare themselves, and the cost of this one call."""
        limited = self._limited
        notes: tuple[Note, ...] = ()
        for limit in limited.declared:
            if call.source.declared_agent is None:
                if not limit.observe:
                    return messages.undeclared(limit)
                notes += (messages.observed(limit, Code.AGENT_UNDECLARED),)
        judged = within(limited.caps, held, call)
        return judged if type(judged) is Deny else notes + judged

    async def _answered(
        self, call: Call, answers: Awaitable[Sequence[Answer]], wanted: Wanted, notes: tuple[Note, ...]
    ) -> Verdict:
        try:
            return self._hold(call, (await answers)[0], wanted.amounts, notes, wanted.now)
        except LedgerUnavailable as unavailable:
            # It may be held all the same: the ending lets it go.
            return messages.unavailable(unavailable)

    def _hold(self, call: Call, answer: Answer, amounts: tuple[int, ...], notes: tuple[Note, ...], now: int) -> Verdict:
        bill, limited, held = self._bill, self._limited, self._worst
        if bill is None or held is None:
            raise RuntimeError("nothing was asked for")
        accounts, lines = limited.accounts, bill.lines
        shown: HeaderPairs = lines.tell(accounts.ledger.taken(lines.counters, now), now) if lines.counters else ()
        if answer is not GRANTED:
            if type(answer) is Refused:
                self._asked = False
                return messages.refusal(answer, now, shown)
            if answer.over:
                notes += tuple(messages.observed(one.limit) for one in answer.over)
            if answer.soft:
                notes += limited.passed(answer.soft, now)
        record: Reserved | None = None
        if bill.budgets and amounts:
            names = bill.names
            if self._counters is not bill.counters:
                names = tuple(one.name for one in self._counters if isinstance(one.limit, Budget))
            if names:
                at = self._at if self._at != call.at else 0
                record = Reserved(names, amounts[: len(names)], accounts.prices, at)
        if bill.stops and amounts and call.asked.operation not in _NO_OUTPUT:
            self._generated.allowed = held.output
        self._reservation = reservation = Reservation(record, shown)
        changed = msgspec.structs.replace(call, notes=call.notes + notes) if notes else None
        return Proceed(changed, None, reservation)

    def on_event(self, event: Event) -> Deny | None:
        passed = self._generated.passed(event)
        self._read = True
        if (event.data is None and not event.hidden) or event.opaque:
            # Of what was judged apart, and of pictures and sound, there are no texts to count.
            self._hidden = True
        if passed:
            return messages.exhausted(self._generated.allowed or 0, self._enforced())
        if self._until and self._limited.accounts.clock.monotonic() > self._until:
            return messages.out_of_time((self._until - self._started) // SECOND, self._enforced(_COMPUTE))
        return None

    def on_finish(self) -> Deny | None:
        """Every event has been counted."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        reservation, call, bill, held = self._reservation, self._call, self._bill, self._worst
        accounts = self._limited.accounts
        if reservation is None or call is None or bill is None or held is None:
            if self._asked and call is not None:
                accounts.ledger.settle((Settled(call.id),))
            return
        result = self._result(call, bill, held, outcome, usage)
        if result is None:
            if self._asked:
                accounts.ledger.settle((Settled(call.id, unknown=True),))
            return
        vector = result.vector
        reservation.cost, reservation.counted = result.cost, result.counted
        if self._asked:
            places = self._places
            amounts = bill.pick(vector) if places is bill.places else tuple([vector[place] for place in places])
            if reservation.record is not None:
                reservation.settled = amounts[: len(reservation.record.counters)]
            accounts.ledger.settle((Settled(call.id, amounts),))

    def _result(self, call: Call, bill: _Bill, held: Worst, outcome: Outcome, usage: Usage | None) -> Result | None:
        """What the call came to; None: nobody knows."""
        stage = Stage.HELD if self._reservation is None else self._reservation.stage
        if usage is not None and stage is Stage.ANSWERED and outcome is Outcome.DONE:
            result = usual(call, bill.terms, held, usage, self._generated.size)
            if result is not None:
                return result
        elapsed = self._limited.accounts.clock.monotonic() - self._started if self._started else 0
        generated = self._generated
        # A buffered reply is generated before the first byte of it comes, also where a stream was asked for.
        streamed = self._reservation is not None and self._reservation.streamed
        whole = not self._hidden and (self._read or streamed)
        seen = Seen(generated.size, generated.deltas, whole, outcome is Outcome.DONE, elapsed)
        return settle(call, bill.terms, held, stage, usage, seen)

    def _enforced(self, of: int | None = None) -> Counted | None:
        """The first limit that is not only observed, of this place."""
        for one in self._counters:
            if not one.limit.observe and (of is None or _place(one.limit) == of):
                return one.limit
        return None
