"""Adding up what calls used, by what they have in common. Pure: which calls, and what one costs, the caller says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import product
from typing import Final

import msgspec

from narrows.accounting.amounts import ABSURD
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.stores.sqlite.usage import Spent

NONE: Final = "-"
"""Stands where a call has none of what is asked for."""

LIMITED: Final = frozenset(
    code.value
    for code in (
        Code.BUDGET_EXCEEDED,
        Code.RATE_LIMITED,
        Code.CONCURRENCY_EXCEEDED,
        Code.AGENTS_EXCEEDED,
        Code.AGENT_UNDECLARED,
        Code.COST_EXCEEDED,
        Code.COST_UNBOUNDED,
        Code.PRICE_UNKNOWN,
        Code.PROMPT_TOO_LONG,
        Code.OUTPUT_LIMIT,
    )
)
"""The refusals that are limits'."""

_ANSWERED: Final = frozenset({"done", "stopped", "client_gone", "cut"})
"""Endings after which the upstream has generated something, as a rule."""

Reckon = Callable[[str, str | None, Usage], int | None]
"""What a call on this connection, of this model, that used so much costs now, in millionths of a dollar; None: nobody
knows."""


class By(StrEnum):
    """What sums are by."""

    USER = "user"
    GROUP = "group"
    MODEL = "model"
    ANSWERED = "answered"
    """The model that the upstream said it used."""

    CONNECTION = "connection"
    OPERATION = "operation"
    POLICY = "policy"
    SESSION = "session"
    END_USER = "end-user"
    AGENT = "agent"
    CREDENTIAL = "credential"
    OUTCOME = "outcome"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"


MANY: Final = frozenset({By.GROUP, By.POLICY})
"""Of which a call may have several: it counts for each, so these sums add up to more than the total."""


class Sums(msgspec.Struct, gc=False):
    """What some calls come to. `limited` are those of the refused that a limit refused. `errors` are calls that failed
    at the upstream, were cut or ended unknown. Of the tokens, `cached` and `cache_write` are parts of the prompt and
    `reasoning` is one of the output; `audio` is of both. Of `counted` calls the tokens are the gate's own count, since
    the upstream's report does not say them; `unreported` calls were answered without a word about tokens, and nobody
    counted. `cost` is in millionths of a dollar, of which `estimated` was reckoned now; `unpriced` calls used tokens
    that have no price."""

    calls: int = 0
    running: int = 0
    refused: int = 0
    limited: int = 0
    stopped: int = 0
    errors: int = 0
    unreported: int = 0
    counted: int = 0
    prompt: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    audio: int = 0
    cost: int = 0
    estimated: int = 0
    unpriced: int = 0


class Table:
    """Sums by key, and of all calls together."""

    def __init__(
        self, by: Sequence[By], zone: tzinfo = UTC, reckon: Reckon | None = None, *, join: bool = False
    ) -> None:
        """`zone` is that of months, days and hours. `join`: several groups or policies of a call are one key, with a
        comma between them, so that each call counts once."""
        self.rows: dict[tuple[str, ...], Sums] = {}
        self._total = Sums()
        self._reckon = reckon
        self._readers = [_reader(one, zone, join=join) for one in by]
        self._several = not join and not MANY.isdisjoint(by)

    def add(self, spent: Spent) -> None:
        """Counts a call."""
        cost, estimated = spent.cost, False
        usage = spent.counted or spent.usage
        if cost is None and usage is not None and self._reckon is not None:
            cost, estimated = self._reckon(spent.caller.connection, spent.caller.model or spent.model, usage), True
        parts = [read(spent) for read in self._readers]
        if self._several:
            _add(self._total, spent, cost, estimated=estimated)
            keys = set(product(*parts))
        else:
            keys = {tuple([part[0] for part in parts])}
        for key in keys:
            sums = self.rows.get(key)
            if sums is None:
                sums = self.rows[key] = Sums()
            _add(sums, spent, cost, estimated=estimated)

    @property
    def total(self) -> Sums:
        """Of all calls, each counted once."""
        if self._several:
            return self._total
        rows = [msgspec.structs.astuple(sums) for sums in self.rows.values()]
        return Sums(*map(sum, zip(*rows, strict=True))) if rows else Sums()

    def sorted(self) -> list[tuple[tuple[str, ...], Sums]]:
        """The rows in the order of their keys."""
        return sorted(self.rows.items(), key=lambda row: row[0])


def _add(sums: Sums, spent: Spent, cost: int | None, *, estimated: bool) -> None:
    sums.calls += 1
    outcome = spent.outcome
    if outcome != "done":
        _add_ending(sums, spent)
    usage = spent.usage
    if spent.counted is not None:
        usage = spent.counted
        sums.counted += 1
    if usage is None:
        if outcome in _ANSWERED:
            sums.unreported += 1
    else:
        _add_tokens(sums, usage)
    if cost is not None:
        sums.cost += cost
        if estimated:
            sums.estimated += cost
    elif usage is not None:
        sums.unpriced += 1


def _add_ending(sums: Sums, spent: Spent) -> None:
    match spent.outcome:
        case None:
            sums.running += 1
        case Outcome.REFUSED:
            sums.refused += 1
            if spent.refusal in LIMITED:
                sums.limited += 1
        case Outcome.STOPPED:
            sums.stopped += 1
        case Outcome.UPSTREAM_ERROR | Outcome.CUT | Outcome.UNKNOWN:
            sums.errors += 1
        case _:
            pass


def _add_tokens(sums: Sums, usage: Usage) -> None:
    """Adds what was reported or counted. A figure that can't be is none, and a part is no more than the whole."""
    prompt, output = _figure(usage.prompt), _figure(usage.completion)
    sums.prompt += prompt
    sums.output += output
    # Most replies report no parts.
    if usage.cached is not None:
        sums.cached += min(_figure(usage.cached), prompt)
    if usage.reasoning is not None:
        sums.reasoning += min(_figure(usage.reasoning), output)
    if usage.cache_write is not None:
        sums.cache_write += min(_figure(usage.cache_write), prompt)
    if usage.audio_prompt is not None:
        sums.audio += min(_figure(usage.audio_prompt), prompt)
    if usage.audio_completion is not None:
        sums.audio += min(_figure(usage.audio_completion), output)


def _figure(count: int | None) -> int:
    return count if count is not None and 0 < count <= ABSURD else 0


_Read = Callable[[Spent], tuple[str, ...]]
"""What of a call is one part of its key; several where a call has several."""


def _reader(by: By, zone: tzinfo, *, join: bool) -> _Read:
    if by in _FORMATS:
        return _moments(zone, _FORMATS[by])
    read = _READERS[by]
    return (lambda spent: (", ".join(read(spent)),)) if join and by in MANY else read


_FORMATS: Final[Mapping[By, str]] = {By.MONTH: "%Y-%m", By.DAY: "%Y-%m-%d", By.HOUR: "%Y-%m-%dT%H:00%z"}
_QUARTER: Final = 15 * 60
"""Seconds. Every zone's offset is a whole number of them now; where it was not, in years without models, a day begins
at the quarter before."""


def _moments(zone: tzinfo, pattern: str) -> _Read:
    names: dict[int, tuple[str, ...]] = {}

    def read(spent: Spent) -> tuple[str, ...]:
        quarter = spent.at // (_QUARTER * 1_000_000)
        name = names.get(quarter)
        if name is None:
            name = names[quarter] = (datetime.fromtimestamp(quarter * _QUARTER, zone).strftime(pattern),)
        return name

    return read


def _groups(spent: Spent) -> tuple[str, ...]:
    caller = spent.caller
    return tuple([f"{caller.issuer}:{group}" for group in caller.groups]) or (NONE,)


def _policies(spent: Spent) -> tuple[str, ...]:
    """Those that granted the call; of a refused one without any, the one that refused it."""
    return spent.caller.policies or (spent.policy or NONE,)


_READERS: Final[Mapping[By, _Read]] = {
    By.USER: lambda spent: (spent.caller.user,),
    By.GROUP: _groups,
    By.MODEL: lambda spent: (spent.caller.model or spent.model or NONE,),
    By.ANSWERED: lambda spent: (spent.model or spent.caller.model or NONE,),
    By.CONNECTION: lambda spent: (spent.caller.connection or NONE,),
    By.OPERATION: lambda spent: (spent.caller.operation or NONE,),
    By.POLICY: _policies,
    By.SESSION: lambda spent: (spent.session,),
    By.END_USER: lambda spent: (spent.caller.end_user or NONE,),
    By.AGENT: lambda spent: (spent.caller.declared_agent or spent.caller.agent or NONE,),
    By.CREDENTIAL: lambda spent: (spent.caller.credential,),
    By.OUTCOME: lambda spent: (spent.outcome or "running",),
}


def add_all(table: Table, calls: Iterable[Spent]) -> Table:
    """The table with these calls counted."""
    for spent in calls:
        table.add(spent)
    return table
