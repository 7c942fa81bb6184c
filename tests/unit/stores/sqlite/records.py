"""Entries, a clock and opened stores for the tests of the record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from narrows.config.schema import Recording
from narrows.evidence.sealing import MasterKey
from narrows.model.principal import Principal
from narrows.model.record import Closed, Content, Opened, Outcome, Segment, Stream, Transcript
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.journalfile import JournalFile
from narrows.stores.sqlite.logtable import Log, LogEntry
from narrows.stores.sqlite.masterkey import load_or_create
from narrows.stores.sqlite.recovery import Files

NOW = 1_700_000_000_000_000
ALICE = Principal("corp", "alice", groups=frozenset({"research", "ml"}), attributes={"dept": ("x", "y")})
OWNER = ("corp:alice", "openai")


class StillClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


def call_id(number: int) -> str:
    return f"call_{number:012d}"


def opened(number: int = 1, *data: bytes, **changes: object) -> Opened:
    """A forwarded call whose messages are `data`."""
    contents = (Content("$", b'{"model":"m"}'), *(Content(f"$.messages[{i}]", d) for i, d in enumerate(data)))
    entry = Opened(
        call=call_id(number),
        at=NOW + number,
        request_id=f"req_{number}",
        session="sess_1",
        principal=ALICE,
        credential="cred_1",
        address="127.0.0.1",
        agent="curl/8",
        connection="openai",
        dialect="openai",
        operation="chat",
        method="POST",
        path="/v1/chat/completions",
        model_asked="gpt",
        model="gpt-4o",
        stream=False,
        revision="rev1",
        forwarded=True,
        contents=contents,
    )
    return msgspec.structs.replace(entry, **changes)


def closed(number: int = 1, reply: bytes = b'{"ok":true}', **changes: object) -> Closed:
    entry = Closed(
        call=call_id(number),
        at=NOW + number + 500,
        outcome=Outcome.DONE,
        status=200,
        duration=500,
        contents=(Content("reply", reply),),
    )
    return msgspec.structs.replace(entry, **changes)


def streamed(text: str, at: int = 1) -> tuple[Content, ...]:
    """The contents of a stream's part: one delta."""
    part = Transcript((Stream(0, "content", text),), ((at, 0, len(text)),))
    return (Content("stream", msgspec.json.encode(part)),)


def segment(number: int, index: int, text: str) -> Segment:
    return Segment(call_id(number), index, NOW + number + index, streamed(text, index))


def log(file: JournalFile) -> list[LogEntry]:
    """Every entry of a file's log."""
    return list(Log(file.connection).after(0))


class World:
    """A data directory on its own, without threads."""

    def __init__(self, path: Path, **recording: object) -> None:
        self.directory = DataDirectory(path)
        self.directory.prepare()
        self.master: MasterKey = load_or_create(self.directory)
        self.files = Files(self.directory, self.master, Recording(**recording))

    def file(self) -> JournalFile:
        return self.files.latest(NOW)


@asynccontextmanager
async def running(path: Path, **recording: object) -> AsyncIterator[SqliteJournal]:
    """A started journal, stopped at the end."""
    journal = SqliteJournal(path, Recording(**recording), StillClock())
    await journal.start()
    try:
        yield journal
    finally:
        await journal.stop()
