"""A gate's journal under load, in a process of its own that the tests kill.

Prints `opened ID` after each intent that became durable. Usage: load.py DIRECTORY DURABILITY ROTATE FIRST
"""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from narrows.config.schema import Recording
from narrows.ports.journal import JournalUnavailable
from narrows.stores.sqlite.journal import SqliteJournal
from unit.stores.sqlite.records import StillClock, call_id, closed, opened, segment

CALLERS = 8


def say(line: str) -> None:
    """To the tests, past every buffer: what was said survives the kill."""
    os.write(1, line.encode() + b"\n")


async def caller(journal: SqliteJournal, numbers: "itertools.count[int]") -> None:
    while True:
        number = next(numbers)
        try:
            await journal.open(opened(number, b"prompt %d " % number + os.urandom(200)))
        except JournalUnavailable:
            say(f"refused {call_id(number)}")
            await asyncio.sleep(0.01)
            continue
        say(f"opened {call_id(number)}")
        if number % 3 == 0:
            journal.segment(segment(number, 0, "text"))
        if number % 5:
            journal.close(closed(number, response_ids=(f"resp_{number}",)))


async def main() -> None:
    directory, durability, rotate, first = sys.argv[1:]
    recording = Recording(durability="full" if durability == "full" else "normal", rotate=int(rotate))
    journal = SqliteJournal(Path(directory), recording, StillClock())
    await journal.start()
    numbers = itertools.count(int(first))
    await asyncio.gather(*(caller(journal, numbers) for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main())
