"""A journal and its ledger under load, in a process of its own that the tests kill.

Prints `granted NUMBER` for each reservation whose intent became durable. Usage: ledger_load.py DIRECTORY DURABILITY
ROTATE FIRST
"""

import asyncio
import itertools
import os
import random
import sys
from pathlib import Path

from narrows.model.limits import Per, Unit, Window
from narrows.model.reservation import Granted
from unit.stores.sqlite.accounts import Ledgered, counter, wanted
from unit.stores.sqlite.records import StillClock

CALLERS = 8
BUDGETS = [
    counter("corp:alice", limit=10**9),
    counter("corp:bob", Window(Per.HOUR, rolling=True), limit=10**9),
    *(counter(f"corp:u{number}", unit=Unit.TOKENS, limit=10**9) for number in range(20)),
]


async def caller(gate: Ledgered, numbers: "itertools.count[int]") -> None:
    dice = random.Random(os.urandom(8))
    while True:
        number = next(numbers)
        asked = wanted(number, dict.fromkeys(dice.sample(BUDGETS, 3), dice.randint(1, 200)))
        if not isinstance(gate.ledger.reserve([asked])[0], Granted):
            raise SystemExit("the load has used up its budgets")
        await gate.written(asked)
        os.write(1, b"granted %d\n" % number)
        if number % 3 == 0:
            await asyncio.sleep(dice.random() / 100)
        if number % 7:
            gate.close(number, *(dice.randint(0, 300) for _ in range(3)))
        elif number % 2:
            gate.close(number)


async def stepping(gate: Ledgered) -> None:
    while True:
        await asyncio.sleep(0.003)
        await gate.ledger.tick()


async def main() -> None:
    directory, durability, rotate, first = sys.argv[1:]
    gate = Ledgered(Path(directory), StillClock(), durability=durability, rotate=int(rotate))
    await gate.start()
    numbers = itertools.count(int(first))
    await asyncio.gather(stepping(gate), *(caller(gate, numbers) for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main())
