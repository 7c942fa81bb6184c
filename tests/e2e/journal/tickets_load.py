"""A gate's tickets and people's answers, in processes that are killed.

`tickets_load.py each DIRECTORY` plays a small course of them again and again, each time in a directory and a process of
its own: the first dies at the first statement that is written to a file, the second at the second, and so on until one
comes through. `tickets_load.py load DIRECTORY` plays many at once until somebody kills it.

What was promised is written to DIRECTORY/said as it is: `asked TICKET`, `approved TICKET`, `rejected TICKET`, `went
TICKET CALL`; `returning TICKET CALL` before it is given back.
"""

import asyncio
import itertools
import os
import random
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from narrows.model.approval import Answered
from narrows.ports.approvals import DecisionRefused
from narrows.stores.sqlite.controlfile import ControlFile
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.ticketfile import TicketFile
from unit.stores.sqlite.records import StillClock
from unit.stores.sqlite.tickets import BODY, said, standing, ticket

REPEATS = 3
"""So many calls of every third ticket are approved."""


class Course:
    """What happens to tickets, and what is said of it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._said = os.open(directory / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._calls = itertools.count(1)
        self._run = os.urandom(4).hex()

    def say(self, *words: str) -> None:
        os.write(self._said, (" ".join(words) + "\n").encode())

    def decide(self, number: int, answer: Answered, **terms: Any) -> None:
        people = SqliteDecisions(self.directory, StillClock())
        try:
            people.decide(said(number, answer=answer, **terms))
            self.say("approved" if answer is Answered.APPROVE else "rejected", ticket(number).id)
        except DecisionRefused as refused:
            if "expired" in str(refused):
                raise
        finally:
            people.close()

    async def one(self, gate: Any, number: int) -> None:
        """A ticket is asked, answered, used, given back and used again; or rejected, or void."""
        name = ticket(number).id
        await gate.ask(ticket(number), BODY)
        self.say("asked", name)
        if number % 5 == 4:
            gate.cancel(name, "void")
            return
        if number % 5 == 3:
            await asyncio.to_thread(self.decide, number, Answered.REJECT)
            return
        repeats = REPEATS if number % 3 == 0 else None
        await asyncio.to_thread(self.decide, number, Answered.APPROVE, repeats=repeats)
        await asyncio.gather(*(self.go(gate, name, give_back=place == 0) for place in range(4)))
        await self.go(gate, name, give_back=False)

    async def go(self, gate: Any, name: str, *, give_back: bool) -> None:
        call = f"call_{self._run}_{next(self._calls)}"
        if await gate.consume(name, call):
            self.say("went", name, call)
            if give_back:
                self.say("returning", name, call)
                gate.restore(name, call)

    async def course(self, numbers: "itertools.count[int] | range") -> None:
        async with standing(self.directory, StillClock()) as gate:
            for number in numbers:
                await self.one(gate, number)

    async def load(self, first: int) -> None:
        numbers = itertools.count(first)
        async with standing(self.directory, StillClock()) as gate:

            async def caller() -> None:
                while True:
                    await self.one(gate, next(numbers))
                    await asyncio.sleep(random.random() / 200)

            await asyncio.gather(*(caller() for _ in range(6)))


def deadly(after: int) -> Callable[[str], None]:
    """Kills the process when so many statements have begun."""
    count = itertools.count(1)

    def begun(_: str) -> None:
        if next(count) == after:
            os.kill(os.getpid(), signal.SIGKILL)

    return begun


def watched(begun: Callable[[str], None]) -> None:
    """Both files tell each statement before it runs."""
    prepare, opened = TicketFile._prepare, ControlFile._prepare

    def tickets(self: TicketFile) -> None:
        self._connection.set_trace_callback(begun)
        prepare(self)

    def decisions(self: ControlFile, busy: float) -> None:
        self.connection.set_trace_callback(begun)
        opened(self, busy)

    TicketFile._prepare = tickets  # type: ignore[method-assign]
    ControlFile._prepare = decisions  # type: ignore[method-assign]


def each(directory: Path) -> None:
    """Dies at each statement in turn."""
    sqlite3.enable_callback_tracebacks(True)
    for after in itertools.count(1):
        child = os.fork()
        if not child:
            watched(deadly(after))
            asyncio.run(Course(directory / f"{after:04d}").course(range(1, 7)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    if sys.argv[1] == "each":
        each(Path(sys.argv[2]))
    else:
        asyncio.run(Course(Path(sys.argv[2])).load(int(sys.argv[3])))
