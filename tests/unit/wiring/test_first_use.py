"""What an identity has used is read from the record, once."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.wiring.first_use import FirstUses
from unit.controls.calls import call


class Log:
    """A record in steps of two. `failing`: it can't be read."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.reads: list[int] = []
        self.failing = False

    def add(self, user: str, connection: str, model: str | None, *, forwarded: bool = True) -> None:
        self.rows.append(SimpleNamespace(user=user, connection=connection, model=model, forwarded=forwarded))

    def tail(self, after: int) -> tuple[Sequence[Any], int]:
        if self.failing:
            raise DataDirectoryError("no master key")
        self.reads.append(after)
        rows = self.rows[after : after + 2]
        return rows, after + len(rows)


async def test_what_was_forwarded_was_used() -> None:
    log = Log()
    uses = FirstUses(lambda: log)  # type: ignore[arg-type, return-value]
    about = call()
    log.add("corp:bob", "openai", "gpt")
    log.add("corp:alice", "openai", "gpt", forwarded=False)
    log.add("corp:alice", "claude", "gpt")
    assert await uses.used(about) is False
    assert await uses.used(msgspec.structs.replace(about, connection="claude")) is True
    log.add("corp:alice", "openai", "gpt")
    assert await uses.used(about) is True
    reads = len(log.reads)
    assert await uses.used(about) is True
    assert len(log.reads) == reads, "what is known is not looked for"
    assert log.reads[-2:] == [3, 4], "nothing is read twice"


async def test_where_the_record_cannot_be_read_nobody_knows(caplog: pytest.LogCaptureFixture) -> None:
    log = Log()
    log.failing = True
    uses = FirstUses(lambda: log)  # type: ignore[arg-type, return-value]
    assert await uses.used(call()) is None
    assert "no master key" in caplog.text
    log.failing = False
    assert await uses.used(call()) is False
