"""Tickets, answers and opened stores for the tests of approvals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from narrows.model.approval import Answered, Approvers, Decision, Requirement, Ticket
from narrows.ports.clock import Clock
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load_or_create
from unit.stores.sqlite.records import NOW

HOUR = 3_600_000_000
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"export the list"}]}'
SECURITY = Approvers(groups=("corp:security",))
LEADS = Approvers(people=("corp:lea",))


def requirement(**changes: object) -> Requirement:
    usual = Requirement("research", "exports", "a" * 64, SECURITY, 1, 55_000_000, HOUR)
    return msgspec.structs.replace(usual, **changes)


def ticket(number: int = 1, *requirements: Requirement, **changes: object) -> Ticket:
    usual = Ticket(
        id=f"apr_{number:012d}",
        digest=f"{number:064x}",
        call=f"call_{number:012d}",
        request_id=f"req_{number:012d}",
        requester="corp:alice",
        owner=None,
        groups=("corp:research",),
        session="sess_1",
        connection="openai",
        dialect="openai",
        operation="chat",
        model="gpt-4o",
        at=NOW,
        expires=NOW + HOUR,
        requirements=requirements or (requirement(),),
        output_cap=1024,
    )
    return msgspec.structs.replace(usual, **changes)


def said(number: int = 1, who: str = "corp:sam", answer: Answered = Answered.APPROVE, **changes: object) -> Decision:
    """What somebody of the security group says; a rejection with a reason."""
    reason = "not that" if answer is Answered.REJECT else None
    usual = Decision(f"apr_{number:012d}", who, answer, NOW, reason=reason, groups=("corp:security",))
    return msgspec.structs.replace(usual, **changes)


def prepared(directory: Path) -> Path:
    """A data directory with a master key."""
    data = DataDirectory(directory)
    data.prepare()
    load_or_create(data)
    return directory


@asynccontextmanager
async def standing(directory: Path, clock: Clock, *, every: float = 0.02) -> AsyncIterator[SqliteApprovals]:
    """A gate's tickets, started."""
    approvals = SqliteApprovals(prepared(directory), clock, every=every)
    await approvals.start()
    try:
        yield approvals
    finally:
        await approvals.stop()
