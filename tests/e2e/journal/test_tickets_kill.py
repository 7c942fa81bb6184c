"""`kill -9` at every statement that is written, and under load: no question or answer that was acknowledged is lost,
and no approval lets more calls go on than it is good for."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from e2e.journal.tickets_load import REPEATS
from narrows.model.approval import TicketState
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.ticketfile import Tickets
from unit.stores.sqlite.records import StillClock
from unit.stores.sqlite.tickets import BODY, standing, ticket

ENDS = (TicketState.REJECTED, TicketState.CANCELLED)
TESTS = Path(__file__).parents[2]
LOAD = Path(__file__).with_name("tickets_load.py")


def run(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, str(LOAD), *arguments], env={**os.environ, "PYTHONPATH": str(TESTS)})


class Promised:
    """What was said before the process died."""

    def __init__(self, directory: Path) -> None:
        self.asked: set[str] = set()
        self.approved: set[str] = set()
        self.rejected: set[str] = set()
        self.went: defaultdict[str, set[str]] = defaultdict(set)
        self.returning: defaultdict[str, set[str]] = defaultdict(set)
        self.lines = (directory / "said").read_text().splitlines() if (directory / "said").exists() else []
        for line in self.lines:
            what, name, *call = line.split()
            if call:
                getattr(self, what)[name].add(call[0])
            else:
                getattr(self, what).add(name)


async def check(directory: Path) -> int:
    """Starts a gate again and compares; gives how many tickets there are."""
    promised = Promised(directory)
    people = SqliteDecisions(directory, StillClock())
    async with standing(directory, StillClock()) as gate:
        reviews = {review.ticket.id: review for review in people.list()}
        assert promised.asked <= reviews.keys()
        kept = Tickets(directory)
        for name, review in reviews.items():
            number = int(name.removeprefix("apr_"))
            uses = REPEATS if number % 3 == 0 else 1
            said = {decision.answer.value for decision in review.decisions}
            assert name not in promised.approved or "approve" in said
            assert name not in promised.rejected or review.state is TicketState.REJECTED
            assert gate.find(ticket(number).digest, "corp:alice") == review
            for call in promised.went[name] - promised.returning[name]:
                assert kept.took(name, call), (name, call)
                assert await gate.consume(name, call)
            assert review.used <= uses
            if review.state is TicketState.PENDING or not (review.used or promised.went[name] or review.state in ENDS):
                assert people.content(name) == BODY
            later = [await gate.consume(name, f"later_{os.urandom(4).hex()}") for _ in range(uses + 1)]
            went = len(promised.went[name] - promised.returning[name]) + sum(later)
            assert went <= uses, (name, went)
            assert (review.state is TicketState.APPROVED) == any(later), (name, review.state)
            assert sum(later) == (uses - review.used if review.state is TicketState.APPROVED else 0)
        kept.close()
    people.close()
    return len(reviews)


def test_dying_at_any_statement_loses_nothing(tmp_path: Path) -> None:
    process = run("each", str(tmp_path))
    assert process.wait(120) == 0
    directories = sorted(tmp_path.iterdir())
    found = [asyncio.run(check(directory)) for directory in directories]
    assert len(directories) > 80
    assert found[0] == 0
    assert found[-1] == 6
    assert set(found) == set(range(7))


def test_dying_under_load_loses_nothing(tmp_path: Path, soak: int) -> None:
    dice = random.Random(11)
    for turn in range(3 * soak):
        before = len(Promised(tmp_path).lines)
        process = run("load", str(tmp_path), str(turn * 100_000 + 1))
        deadline = time.monotonic() + 30
        try:
            while len(Promised(tmp_path).lines) < before + 60 and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(dice.random() / 10)
        finally:
            process.kill()
            process.wait()
        assert len(Promised(tmp_path).lines) >= before + 60
        assert asyncio.run(check(tmp_path)) > 5
