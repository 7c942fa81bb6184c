"""Requests for access and what was said of them, kept in control.db: rows are added, and neither changed nor removed.

What has become of a request is reckoned from its rows, and from the revocations beside them: nothing is written when
time ends it. Rows that were written in any other way count only as far as they are entitled to. Whoever only looks has
the file open to read it; it is opened for each thing that is said, and left.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.access import Grant, GrantAct, GrantState, Request
from narrows.model.revocation import Revocation, Revoked
from narrows.policy.access import objection, standing
from narrows.ports.access import AccessRefused, AccessUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader
from narrows.stores.sqlite.revocations import contained

SINCE: Final = 5
"""The version of control.db that brought them."""

MOST_PENDING: Final = 32
"""Requests of one person that may wait at the same time."""

_REQUEST: Final = "request"
"""What stands for the kind in the row of the request itself; in the others it is what was done."""

_STANDING: Final = """SELECT kind, subject, said FROM revocation AS one WHERE kind IN ('grant', 'user') AND NOT EXISTS
    (SELECT 1 FROM revocation AS other WHERE other.id = one.id AND other.kind = 'lifted')"""
_ROWS: Final = "SELECT seq, id, kind, said FROM access"

_OPEN: Final = frozenset({GrantState.PENDING, GrantState.ACTIVE})
_FINAL: Final = frozenset({GrantState.REJECTED, GrantState.LAPSED, GrantState.ENDED})
"""What is never open again, whatever is revoked or lifted."""

_encode: Final = msgspec.json.Encoder().encode
_request: Final = msgspec.json.Decoder(Request).decode
_act: Final = msgspec.json.Decoder(GrantAct).decode
_revocation: Final = msgspec.json.Decoder(Revocation).decode


class _Rows:
    """The requests and what was said of them, in the order of their rows."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self.acts: dict[str, list[GrantAct]] = {}
        self.last = 0
        self.over: set[str] = set()

    def take(self, rows: Sequence[tuple[int, str, str, str]]) -> None:
        """Adds rows. Raises MsgspecError."""
        for seq, ident, kind, said in rows:
            if kind == _REQUEST:
                self.requests[ident] = _request(said)
                self.acts.setdefault(ident, [])
            elif ident in self.acts:
                self.acts[ident].append(_act(said))
            self.last = seq


class _Ended:
    """The revocations that stand and can end access."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._grants: set[str] = set()
        self._users: dict[str, list[Revocation]] = {}
        for kind, subject, said in connection.execute(_STANDING):
            if kind == Revoked.GRANT:
                self._grants.add(subject)
            else:
                self._users.setdefault(subject, []).append(_revocation(said))

    def judged(self, request: Request, acts: Sequence[GrantAct], now: int) -> Grant:
        """What has become of a request. Whoever asked may be let in nowhere, or have been put out since they asked."""
        mine = self._users.get(request.requester, ())
        contained = any(each.before is None or each.before >= request.at for each in mine)
        return standing(request, acts, now, revoked=request.id in self._grants, contained=contained)


class SqliteGrants:
    """Implements `narrows.ports.access.Grants`. Used on the thread that made it."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._directory = directory
        self._clock = clock
        self._busy = busy
        self._reader = ControlReader(directory, AccessUnavailable, busy=busy)
        self._file: tuple[int, int] | None = None
        self._known = _Rows()

    def ask(self, request: Request) -> Grant:
        """Keeps a request."""
        with self._writing() as run:
            if run.execute("SELECT 1 FROM access WHERE id = ?", (request.id,)).fetchone():
                raise AccessRefused(f"there is a request {request.id} already")
            theirs = self._some(run, "requester", request.requester)
            waiting = [each for each in theirs if each.state is GrantState.PENDING]
            if len(waiting) >= MOST_PENDING:
                raise AccessRefused(f"{len(waiting)} requests of {request.requester} wait already")
            _write(run, request, _REQUEST, request)
            return self._found(run, request.id)

    def act(self, act: GrantAct) -> Grant:
        """Writes what somebody said."""
        # Nobody else writes now: two who decide at once are judged one after the other.
        with self._writing() as run:
            said = msgspec.structs.replace(act, at=self._clock.now())
            grant = self._found(run, act.grant)
            refusal = objection(grant, said)
            if refusal is not None:
                raise AccessRefused(refusal)
            if contained(run, said.who):
                raise AccessRefused(f"{said.who} is contained, and decides about nothing")
            _write(run, grant.request, said.step, said)
            return self._found(run, act.grant)

    def get(self, ident: str) -> Grant | None:
        """One request or grant."""
        self._reader.place()
        with self._reader.reading(SINCE) as connection:
            found = [] if connection is None else self._some(connection, "id", ident)
        return next(iter(found), None)

    def list(self, states: Sequence[GrantState] = (), *, requester: str | None = None) -> Sequence[Grant]:
        """Those in one of these states, or all, oldest first."""
        file = self._reader.place()[0]
        if file != self._file:
            self._file, self._known = file, _Rows()
        known, now = self._known, self._clock.now()
        with self._reader.reading(SINCE) as connection:
            if connection is None:
                return []
            with self._readable():
                known.take(connection.execute(f"{_ROWS} WHERE seq > ? ORDER BY seq", (known.last,)).fetchall())
                ended = _Ended(connection)
        passed = known.over if states and _OPEN.issuperset(states) else frozenset[str]()
        found = []
        for ident, request in known.requests.items():
            if ident in passed or requester not in (None, request.requester):
                continue
            grant = ended.judged(request, known.acts[ident], now)
            if grant.state in _FINAL:
                known.over.add(ident)
            if not states or grant.state in states:
                found.append(grant)
        return found

    def close(self) -> None:
        """Closes the file."""
        self._reader.close()

    def _found(self, connection: sqlite3.Connection, ident: str) -> Grant:
        found = self._some(connection, "id", ident)
        if not found:
            raise AccessRefused(f"there is no request {ident}")
        return found[0]

    def _some(self, connection: sqlite3.Connection, column: str, value: str) -> Sequence[Grant]:
        rows = _Rows()
        with self._readable():
            rows.take(connection.execute(f"{_ROWS} WHERE {column} = ? ORDER BY seq", (value,)).fetchall())
            ended = _Ended(connection)
        now = self._clock.now()
        return [ended.judged(request, rows.acts[ident], now) for ident, request in rows.requests.items()]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with (
            contextlib.closing(ControlFile(self._directory, self._clock, AccessUnavailable, busy=self._busy)) as file,
            file.transaction() as run,
        ):
            yield run

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except msgspec.MsgspecError as error:
            raise AccessUnavailable(f"{self._reader.path}: a request can't be read: {error}") from None


def _write(run: sqlite3.Connection, request: Request, kind: str, said: Request | GrantAct) -> None:
    run.execute(
        "INSERT INTO access (id, requester, kind, said) VALUES (?, ?, ?, ?)",
        (request.id, request.requester, kind, _encode(said).decode()),
    )
