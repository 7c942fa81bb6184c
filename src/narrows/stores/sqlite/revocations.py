"""Revocations, kept in control.db: made and lifted by commands and the console, followed by the gate.

What lifts a revocation is a row of its own, so nothing here is ever changed. One that can't be read is an error, not a
row to pass over: it may be the one that matters.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.ports.clock import Clock
from narrows.ports.revocations import Kept, RevocationRefused, RevocationsUnavailable
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader, Place

SINCE: Final = 4
"""The version of control.db that brought them."""

LIFTED: Final = "lifted"
"""What stands for the kind in a row that lifts one."""

_encode: Final = msgspec.json.Encoder().encode
_revocation: Final = msgspec.json.Decoder(Revocation).decode
_lifted: Final = msgspec.json.Decoder(Lifted).decode

_ALL: Final = "SELECT seq, kind, said FROM revocation ORDER BY seq"
_STANDING: Final = f"""SELECT seq, kind, said FROM revocation AS one WHERE kind != '{LIFTED}' AND NOT EXISTS
    (SELECT 1 FROM revocation AS other WHERE other.id = one.id AND other.kind = '{LIFTED}') ORDER BY seq"""  # noqa: S608 - a constant


class SqliteRevocations:
    """The writing side. Implements `narrows.ports.revocations.Revocations`."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._clock = clock
        self._file = ControlFile(directory, clock, RevocationsUnavailable, busy=busy)

    def add(self, revocations: Sequence[Revocation]) -> None:
        """Keeps them, all or none. What was issued while they were on their way here is theirs, too: others write to
        the file in between, and nobody may keep a token for having been faster."""
        with self._file.transaction() as run:
            now = self._clock.now()
            for given in revocations:
                one = given
                if one.before is not None and not one.by_provider and one.before < now:
                    one = msgspec.structs.replace(one, before=now)
                if run.execute("SELECT 1 FROM revocation WHERE id = ?", (one.id,)).fetchone():
                    raise RevocationRefused(f"there is a revocation {one.id} already")
                write(run, one.id, one.kind, one.subject, one)

    def lift(self, reference: str, by: str, reason: str) -> Sequence[Revocation]:
        """Lifts one by its id, or all of a containment."""
        with self._file.transaction() as run:
            found = [
                each
                for each in _kept(run.execute(_ALL))
                if reference in (each.revocation.id, each.revocation.containment)
            ]
            if not found:
                raise RevocationRefused(f"there is no revocation or containment {reference}")
            now = self._clock.now()
            stood = [each.revocation for each in found if each.lifted is None]
            for one in stood:
                write(run, one.id, LIFTED, one.subject, Lifted(one.id, now, by, reason))
        return stood

    def standing(self) -> Sequence[Revocation]:
        """Those that no one has lifted, oldest first."""
        with self._file.reading() as connection:
            return [each.revocation for each in _kept(connection.execute(_STANDING))]

    def all(self) -> Sequence[Kept]:
        """Every one that was ever made, oldest first."""
        with self._file.reading() as connection:
            return _kept(connection.execute(_ALL))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class RevocationWatch:
    """The gate's side, read-only. Implements `narrows.ports.revocations.RevocationWatch`."""

    def __init__(self, directory: Path, *, busy: float = BUSY_SECONDS) -> None:
        self._file = ControlReader(directory, RevocationsUnavailable, busy=busy)
        self._seen: Place | None = None
        self._last = 0

    def news(self) -> Sequence[Revocation | Lifted] | None:
        """What was made and lifted since it was asked last; None: the file is another than before, or an older copy."""
        # Noted before reading: what is written in between shows as a change again.
        place = self._file.place()
        if place == self._seen:
            return ()
        other = self._seen is None or place[0] != self._seen[0]
        with self._file.reading(SINCE) as connection:
            last = 0 if connection is None else connection.execute("SELECT max(seq) FROM revocation").fetchone()[0] or 0
            found: Sequence[Revocation | Lifted] | None = None
            if not other and last >= self._last:
                found = []
                if connection is not None and last > self._last:
                    rows = connection.execute(
                        "SELECT seq, kind, said FROM revocation WHERE seq > ? AND seq <= ? ORDER BY seq",
                        (self._last, last),
                    )
                    found = [said for _, said in _read(rows)]
        self._seen, self._last = place, last
        return found

    def standing(self) -> Sequence[Revocation]:
        """Those that no one has lifted, oldest first."""
        self._file.place()
        with self._file.reading(SINCE) as connection:
            return [] if connection is None else [each.revocation for each in _kept(connection.execute(_STANDING))]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def write(run: sqlite3.Connection, name: str, kind: str, subject: str, said: Revocation | Lifted) -> None:
    """Adds one row, within a transaction of its caller's."""
    run.execute(
        "INSERT INTO revocation (id, kind, subject, said) VALUES (?, ?, ?, ?)",
        (name, str(kind), subject, _encode(said).decode()),
    )


def standing_of(run: sqlite3.Connection, person: str) -> Sequence[Revocation]:
    """What stands against a person (`issuer:subject`), within a transaction of its caller's."""
    rows = run.execute(
        f"""SELECT seq, kind, said FROM revocation AS one WHERE kind = '{Revoked.USER}' AND subject = ? AND NOT EXISTS
        (SELECT 1 FROM revocation AS other WHERE other.id = one.id AND other.kind = '{LIFTED}') ORDER BY seq""",  # noqa: S608 - constants
        (person,),
    )
    return [each.revocation for each in _kept(rows)]


def contained(run: sqlite3.Connection, person: str) -> bool:
    """Whether a person (`issuer:subject`) is kept out now, and so decides about nothing, whichever way they come."""
    return any(one.before is None for one in standing_of(run, person))


def _read(rows: Iterable[tuple[int, str, str]]) -> Iterable[tuple[int, Revocation | Lifted]]:
    for seq, kind, said in rows:
        try:
            yield seq, _lifted(said) if kind == LIFTED else _revocation(said)
        except msgspec.MsgspecError as error:
            raise RevocationsUnavailable(f"revocation {seq} can't be read: {error}") from error


def _kept(rows: Iterable[tuple[int, str, str]]) -> Sequence[Kept]:
    found: dict[str, Kept] = {}
    for seq, said in _read(rows):
        if isinstance(said, Revocation):
            found[said.id] = Kept(seq, said)
        elif said.id in found:
            found[said.id] = msgspec.structs.replace(found[said.id], lifted=said)
    return list(found.values())
