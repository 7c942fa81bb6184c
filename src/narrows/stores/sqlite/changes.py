"""Changes of what teams manage, kept in control.db: rows are added, and neither changed nor removed. What is in force
is reckoned from all of them."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.change import Change, ChangeAct, Standing
from narrows.policy.changes import Ledger, objection
from narrows.ports.changes import ChangeRefused, ChangesUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader, Place
from narrows.stores.sqlite.revocations import contained

SINCE: Final = 8
"""The version of control.db that brought them."""

_MADE: Final = "made"
"""What stands for the step in the row of the change itself."""

_ROWS: Final = "SELECT seq, step, said FROM change ORDER BY seq"

_encode: Final = msgspec.json.Encoder().encode
_change: Final = msgspec.json.Decoder(Change).decode
_act: Final = msgspec.json.Decoder(ChangeAct).decode


class SqliteChanges:
    """The writing side. Implements `narrows.ports.changes.Changes`."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._clock = clock
        self._file = ControlFile(directory, clock, ChangesUnavailable, busy=busy)

    def make(self, changes: Sequence[Change]) -> Sequence[Standing]:
        """Keeps them, all or none."""
        with self._file.transaction() as run:
            known = _ledger(run)
            for given in changes:
                one = msgspec.structs.replace(given, at=self._clock.now())
                if known.standing(one.id) is not None:
                    raise ChangeRefused(f"there is a change {one.id} already")
                current = known.current(one.scope, one.kind, one.target)
                if (None if current is None else current.id) != one.base:
                    raise ChangeRefused(f"{one.target} has been changed meanwhile by {_by(current)}: look at it anew")
                if contained(run, one.by):
                    raise ChangeRefused(f"{one.by} is contained, and changes nothing")
                _write(run, one, _MADE, one)
                known.made(one)
            return [_stands(known, one.id) for one in changes]

    def act(self, act: ChangeAct) -> Standing:
        """Writes what somebody said."""
        with self._file.transaction() as run:
            known, said = _ledger(run), msgspec.structs.replace(act, at=self._clock.now())
            standing = known.standing(said.change)
            if standing is None:
                raise ChangeRefused(f"there is no change {said.change}")
            refusal = objection(standing, said)
            if refusal is not None:
                raise ChangeRefused(refusal)
            if contained(run, said.who):
                raise ChangeRefused(f"{said.who} is contained, and decides about nothing")
            _write(run, standing.change, said.step, said)
            known.said(said)
            return _stands(known, said.change)

    def get(self, ident: str) -> Standing | None:
        """One change."""
        with self._file.reading() as connection:
            return _ledger(connection).standing(ident)

    def list(self) -> Sequence[Standing]:
        """Every change, oldest first."""
        with self._file.reading() as connection:
            return _ledger(connection).all()

    def current(self, scope: str, kind: str, target: str) -> Change | None:
        """The last that took effect."""
        with self._file.reading() as connection:
            return _ledger(connection).current(scope, kind, target)

    def in_force(self) -> Sequence[Change]:
        """What there is now."""
        with self._file.reading() as connection:
            return _ledger(connection).in_force()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class SqliteChangeWatch:
    """The gate's side, read-only. Implements `narrows.ports.changes.ChangeWatch`."""

    def __init__(self, directory: Path, *, busy: float = BUSY_SECONDS) -> None:
        self._file = ControlReader(directory, ChangesUnavailable, busy=busy)
        self._seen: Place | None = None
        self._read: tuple[tuple[int, int] | None, int] | None = None

    def news(self) -> Sequence[Change] | None:
        """What there is now, if rows have come or the file is another one."""
        # Noted before reading: what is written in between shows as a change again.
        place = self._file.place()
        if place == self._seen:
            return None
        with self._file.reading(SINCE) as connection:
            last = 0 if connection is None else connection.execute("SELECT max(seq) FROM change").fetchone()[0] or 0
            read = (place[0], last)
            found = None
            if read != self._read:
                found = [] if connection is None else _ledger(connection).in_force()
        self._seen, self._read = place, read
        return found

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _ledger(connection: sqlite3.Connection) -> Ledger:
    """All of them, reckoned. What can't be read is an error: whatever it changes would stay as it was."""
    known = Ledger()
    rows: Iterable[tuple[int, str, str]] = connection.execute(_ROWS)
    for seq, step, said in rows:
        try:
            if step == _MADE:
                known.made(_change(said))
            else:
                known.said(_act(said))
        except msgspec.MsgspecError as error:
            raise ChangesUnavailable(f"change {seq} can't be read: {error}") from None
    return known


def _stands(known: Ledger, ident: str) -> Standing:
    standing = known.standing(ident)
    if standing is None:
        raise ChangeRefused(f"there is no change {ident}")
    return standing


def _by(change: Change | None) -> str:
    return "nobody" if change is None else change.by


def _write(run: sqlite3.Connection, change: Change, step: str, said: Change | ChangeAct) -> None:
    run.execute(
        "INSERT INTO change (id, scope, target, step, said) VALUES (?, ?, ?, ?, ?)",
        (change.id, change.scope, change.target, step, _encode(said).decode()),
    )
