"""However the process ends, and whatever was being written then, the next start counts what the record says.

While calls reserve, settle, stay unknown and run on, the data directory is copied between any two statements of the
writers: each copy is what a cut there would leave. A gate that starts on it must have the sums and the holds that the
whole record comes to when it is added up naively.
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrows.accounting.counters import parse
from narrows.accounting.windows import bucket
from narrows.model.limits import Per, Unit, Window
from narrows.stores.sqlite.ledgerfile import FILE_NAME
from soak import SOAK
from unit.stores.sqlite.accounts import UNKNOWN, Ledgered, counter, recomputed, wanted
from unit.stores.sqlite.records import StillClock, opened

COUNTERS = [
    counter("corp:alice", Window(Per.MINUTE)),
    counter("corp:alice", Window(Per.DAY, zone="Europe/Berlin"), unit=Unit.TOKENS),
    counter("corp:bob|x", Window(Per.HOUR, rolling=True)),
    counter("corp:bob|x", Window(Per.MONTH)),
]

Sums = dict[tuple[str, int], int]


class Cuts:
    """Copies a directory at some of the statements that its writers execute."""

    def __init__(self, directory: Path, copies: Path, every: int) -> None:
        self.directory, self.copies, self.every = directory, copies, every
        self.statements = 0
        self.made: list[tuple[Path, int]] = []
        self.during: list[str] = []

    def watch(self, gate: Ledgered) -> None:
        for connection in connections(gate):
            connection.set_trace_callback(self._cut(gate.clock))

    def _cut(self, clock: StillClock) -> Callable[[str], None]:
        def cut(statement: str) -> None:
            self.statements += 1
            if self.statements % self.every == 0:
                copy = self.copies / str(self.statements)
                shutil.copytree(self.directory, copy)
                self.made.append((copy, clock.time))
                self.during.append(statement)

        return cut


def connections(gate: Ledgered) -> list[sqlite3.Connection]:
    """Those of the journal's writer and of the ledger's."""
    return [gate.journal._writer._file.connection, gate.ledger._bookkeeping._file._connection]


async def calls(gate: Ledgered, steps: list[tuple[str, int, int]], cuts: Cuts) -> None:
    await gate.start()
    cuts.watch(gate)
    running: dict[int, list[int]] = {}
    for number, (what, one, amount) in enumerate(steps):
        match what:
            case "open":
                chosen = COUNTERS[: one % len(COUNTERS) + 1]
                running[number] = [amount] * len(chosen)
                await gate.open(wanted(number, dict(zip(chosen, running[number], strict=True)), gate.clock.time))
            case "close" if running:
                call, held = running.popitem() if one % 2 else (next(iter(running)), [])
                held = held or running.pop(call)
                gate.close(call, *(most * (one % 5) // 4 for most in held))
            case "unknown" if running:
                gate.close(running.popitem()[0])
            case "wait":
                gate.clock.time += one * amount * 1_000_000
            case "flush tick":
                await gate.journal.open(opened(number + 1_000_000))
                await gate.ledger.tick()
    await asyncio.sleep(0.01)
    await gate.stop()


def kept(directory: Path) -> tuple[Sums, Sums]:
    """What the ledger's file says has settled, and what it says is held."""
    connection = sqlite3.connect(directory / FILE_NAME)
    settled = {(name, start): amount for name, start, amount, _ in connection.execute("SELECT * FROM sums")}
    held: Sums = {}
    for at, vector in connection.execute("SELECT at, vector FROM held"):
        for name, amount in zip(*msgspec.msgpack.decode(vector), strict=True):
            key = name, bucket(parse(name).window, at)
            held[key] = held.get(key, 0) + amount
    connection.close()
    return settled, {key: amount for key, amount in held.items() if amount}


def check(directory: Path, now: int) -> None:
    """Starts on a directory and compares."""

    async def start() -> None:
        clock = StillClock()
        clock.time = now
        gate = Ledgered(directory, clock)
        await gate.start()
        try:
            settled, held = recomputed(directory, now)
            assert kept(directory) == (settled, held)
            for one in COUNTERS:
                window = parse(one.name).window
                for at in {start for name, start in {*settled, *held} if name == one.name and not window.rolling}:
                    key = one.name, at
                    assert gate.used(one, at) == (settled.get(key, 0), held.get(key, 0))
        finally:
            await gate.stop()

    asyncio.run(start())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "open", "close", "close", "unknown", "wait", "flush tick"]),
        st.integers(0, 9),
        st.integers(0, 1000),
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=15 * SOAK, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, every=st.integers(1, 7))
def test_a_cut_anywhere_leaves_what_the_record_says(steps: list[tuple[str, int, int]], every: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory, copies = Path(folder) / "data", Path(folder) / "copies"
        clock = StillClock()
        cuts = Cuts(directory, copies, every)
        asyncio.run(calls(Ledgered(directory, clock), steps, cuts))
        for copy, now in [*cuts.made[:: max(1, len(cuts.made) // 20)], (directory, clock.time)]:
            check(copy, now)
        check(directory, clock.time + UNKNOWN)
        (directory / FILE_NAME).unlink()
        check(directory, clock.time + UNKNOWN)


EACH = [
    ("open", 3, 100), ("open", 2, 70), ("close", 3, 0), ("flush tick", 0, 0), ("unknown", 0, 0), ("open", 1, 40),
    ("wait", 9, 50), ("open", 3, 9), ("flush tick", 0, 0), ("wait", 2, 300), ("close", 4, 0), ("flush tick", 0, 0),
]  # fmt: skip
"""What settles, what is unknown and then settles at what it held, and what runs on, with steps between them."""


def test_a_cut_at_each_statement_leaves_what_the_record_says(tmp_path: Path) -> None:
    clock = StillClock()
    cuts = Cuts(tmp_path / "data", tmp_path / "copies", 1)
    asyncio.run(calls(Ledgered(tmp_path / "data", clock), EACH, cuts))
    for statement in ("BEGIN IMMEDIATE", "INSERT INTO log", "INSERT INTO context", "INSERT INTO sums", "COMMIT"):
        assert any(one.startswith(statement) for one in cuts.during), statement
    for copy, now in cuts.made:
        check(copy, now)
        check(copy, now + UNKNOWN)
