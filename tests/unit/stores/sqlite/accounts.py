"""Budgets, and calls that reserve and settle as the gate's do, for the tests of the ledger."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from narrows.accounting.counters import name, parse
from narrows.accounting.windows import bucket
from narrows.config.schema import Recording
from narrows.evidence.entries import ClosedEntry, ContextEntry, OpenedEntry
from narrows.model.limits import Budget, Concurrency, Counted, Per, Scope, Unit, Window
from narrows.model.reservation import Answer, Counter, Reserved, Settled, Wanted
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.ledger import SqliteLedger
from narrows.stores.sqlite.logtable import Log
from unit.stores.sqlite.records import NOW, StillClock, call_id, closed, opened

LIMIT = 1 << 40
DAY = Window(Per.DAY)
UNKNOWN = 900_000_000


def counter(
    subject: str = "corp:alice", window: Window = DAY, *, limit: int = LIMIT, unit: Unit = Unit.USD, policy: str = "p"
) -> Counter:
    """A budget's."""
    budget = Budget(policy, unit, window, Scope.USER, limit)
    return Counter(name(policy, unit, window, Scope.USER, subject), budget, subject)


def at_once(limit: int, subject: str = "corp:alice") -> Counter:
    """Of what runs at once."""
    counted: Counted = Concurrency("p", limit)
    return Counter(f"p|at once||user|{subject}", counted, subject)


def wanted(number: int, amounts: dict[Counter, int] | Sequence[tuple[Counter, int]], at: int = NOW) -> Wanted:
    """A reservation of call `number`."""
    pairs = list(amounts.items() if isinstance(amounts, dict) else amounts)
    return Wanted(call_id(number), at, tuple(one for one, _ in pairs), tuple(amount for _, amount in pairs))


class Ledgered:
    """A journal and the ledger on it, used as the gate uses them."""

    def __init__(self, path: Path, clock: StillClock, **recording: object) -> None:
        self.path, self.clock = path, clock
        self.journal = SqliteJournal(path, Recording(**{"durability": "normal", **recording}), clock)
        self.ledger = SqliteLedger(path, self.journal, clock, UNKNOWN, every=3600)

    async def start(self) -> None:
        await self.journal.start()
        await self.ledger.start()

    async def stop(self) -> None:
        await self.ledger.stop()
        await self.journal.stop()

    async def open(self, asked: Wanted) -> Answer:
        """Reserves and writes the intent."""
        (answer,) = self.ledger.reserve([asked])
        await self.written(asked)
        return answer

    async def written(self, asked: Wanted) -> None:
        """Writes the intent."""
        names = tuple(one.name for one in asked.counters if isinstance(one.limit, Budget))
        await self.journal.open(
            opened(int(asked.id[5:]), at=asked.at, reserved=Reserved(names, asked.amounts[: len(names)]))
        )

    def close(self, number: int, *amounts: int, record: bool = True) -> None:
        """Settles and writes the ending; without amounts, it is unknown what the call came to."""
        self.ledger.settle([Settled(call_id(number), amounts, unknown=not amounts)])
        if record:
            self.journal.close(closed(number, at=self.clock.now(), settled=amounts))

    def used(self, one: Counter, at: int = NOW) -> tuple[int, int]:
        """What has settled and what is held."""
        (standing,) = self.ledger.standing([one], at)
        return standing.used, standing.held


@asynccontextmanager
async def ledgered(path: Path, clock: StillClock | None = None, **recording: object) -> AsyncIterator[Ledgered]:
    """A started journal and ledger, stopped at the end."""
    both = Ledgered(path, clock or StillClock(), **recording)
    await both.start()
    try:
        yield both
    finally:
        await both.stop()


def recomputed(directory: Path, now: int) -> tuple[dict[tuple[str, int], int], dict[tuple[str, int], int]]:
    """What has settled and what is held, by counter and bucket, as the whole record says: naively."""
    intents: dict[str, tuple[int, tuple[str, ...], tuple[int, ...]]] = {}
    settled: dict[tuple[str, int], int] = {}
    held: dict[tuple[str, int], int] = {}
    unknown: dict[str, int] = {}
    for _, path in DataDirectory(directory).journals():
        connection = schema.connect(path, readonly=True)
        for row in Log(connection).after(0):
            kind = msgspec.json.decode(row.entry)["kind"]
            if kind == "opened":
                intent = msgspec.json.decode(row.entry, type=OpenedEntry)
                if intent.reserved is not None and intent.forwarded:
                    (data,) = connection.execute(
                        "SELECT entry FROM context WHERE commitment = ?", (intent.context,)
                    ).fetchone()
                    names = msgspec.json.decode(data, type=ContextEntry).budgets or ()
                    intents[intent.call] = intent.at, names, intent.reserved
            elif kind == "closed":
                ending = msgspec.json.decode(row.entry, type=ClosedEntry)
                if ending.call in intents and ending.settled is None:
                    unknown[ending.call] = ending.at
                elif ending.call in intents:
                    at, names, most = intents.pop(ending.call)
                    _add(settled, at, names, [min(pair) for pair in zip(most, ending.settled or (), strict=True)])
        connection.close()
    for call, (at, names, amounts) in intents.items():
        over = call in unknown and unknown[call] + UNKNOWN <= now
        _add(settled if over else held, at, names, amounts)
    return settled, held


def _add(sums: dict[tuple[str, int], int], at: int, names: Sequence[str], amounts: Sequence[int]) -> None:
    for one, amount in zip(names, amounts, strict=True):
        if amount:
            key = one, bucket(parse(one).window, at)
            sums[key] = sums.get(key, 0) + amount
