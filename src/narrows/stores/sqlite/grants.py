"""Requests for access and what was said of them, kept in control.db: rows are added, and neither changed nor removed.

What has become of a request is reckoned from its rows, and from the revocations beside them: nothing is written when
time ends it. Rows that were written in any other way count only as far as they are entitled to.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.access import Grant, GrantAct, GrantState, Request
from narrows.model.revocation import Revocation, Revoked
from narrows.policy.access import objection, standing
from narrows.ports.access import AccessRefused, AccessUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile

MOST_PENDING: Final = 32
"""Requests of one person that may wait at the same time."""

_REQUEST: Final = "request"
"""What stands for the kind in the row of the request itself; in the others it is what was done."""

_STANDING: Final = """SELECT said FROM revocation AS one WHERE kind = ? AND subject = ? AND NOT EXISTS
    (SELECT 1 FROM revocation AS other WHERE other.id = one.id AND other.kind = 'lifted')"""

_encode: Final = msgspec.json.Encoder().encode
_request: Final = msgspec.json.Decoder(Request).decode
_act: Final = msgspec.json.Decoder(GrantAct).decode
_revocation: Final = msgspec.json.Decoder(Revocation).decode

Rows = Sequence[tuple[str, str, str]]
"""The id of a request, the kind of row, and what it says."""


class SqliteGrants:
    """Implements `narrows.ports.access.Grants`. Used on the thread that made it."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._clock = clock
        self._file = ControlFile(directory, clock, AccessUnavailable, busy=busy)

    def ask(self, request: Request) -> Grant:
        """Keeps a request."""
        with self._file.transaction() as run:
            if run.execute("SELECT 1 FROM access WHERE id = ?", (request.id,)).fetchone():
                raise AccessRefused(f"there is a request {request.id} already")
            waiting = [
                each
                for each in self._grants(run, "requester = ?", (request.requester,))
                if each.state is GrantState.PENDING
            ]
            if len(waiting) >= MOST_PENDING:
                raise AccessRefused(f"{len(waiting)} requests of {request.requester} wait already")
            _write(run, request, _REQUEST, request)
            return self._found(run, request.id)

    def act(self, act: GrantAct) -> Grant:
        """Writes what somebody said."""
        # Nobody else writes now: two who decide at once are judged one after the other.
        with self._file.transaction() as run:
            said = msgspec.structs.replace(act, at=self._clock.now())
            grant = self._found(run, act.grant)
            refusal = objection(grant, said)
            if refusal is not None:
                raise AccessRefused(refusal)
            _write(run, grant.request, said.step, said)
            return self._found(run, act.grant)

    def get(self, ident: str) -> Grant | None:
        """One request or grant."""
        with self._file.reading() as connection:
            return next(iter(self._grants(connection, "id = ?", (ident,))), None)

    def list(self, states: Sequence[GrantState] = (), *, requester: str | None = None) -> Sequence[Grant]:
        """Those in one of these states, or all, oldest first."""
        with self._file.reading() as connection:
            if requester is None:
                found = self._grants(connection, "1 = 1", ())
            else:
                found = self._grants(connection, "requester = ?", (requester,))
        return [each for each in found if not states or each.state in states]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _found(self, connection: sqlite3.Connection, ident: str) -> Grant:
        found = self._grants(connection, "id = ?", (ident,))
        if not found:
            raise AccessRefused(f"there is no request {ident}")
        return found[0]

    def _grants(self, connection: sqlite3.Connection, where: str, values: tuple[str, ...]) -> Sequence[Grant]:
        select = f"SELECT id, kind, said FROM access WHERE {where} ORDER BY seq"  # noqa: S608 - constants
        rows: Rows = connection.execute(select, values).fetchall()
        try:
            requests = {ident: _request(said) for ident, kind, said in rows if kind == _REQUEST}
            acts: dict[str, list[GrantAct]] = {ident: [] for ident in requests}
            for ident, kind, said in rows:
                if kind != _REQUEST and ident in acts:
                    acts[ident].append(_act(said))
            now = self._clock.now()
            return [
                standing(
                    request,
                    acts[ident],
                    now,
                    revoked=bool(_revocations(connection, Revoked.GRANT, ident)),
                    contained=_contained(connection, request),
                )
                for ident, request in requests.items()
            ]
        except msgspec.MsgspecError as error:
            raise AccessUnavailable(f"{self._file.path}: a request can't be read: {error}") from None


def _write(run: sqlite3.Connection, request: Request, kind: str, said: Request | GrantAct) -> None:
    run.execute(
        "INSERT INTO access (id, requester, kind, said) VALUES (?, ?, ?, ?)",
        (request.id, request.requester, kind, _encode(said).decode()),
    )


def _contained(connection: sqlite3.Connection, request: Request) -> bool:
    """Whether whoever asked is let in nowhere, or was put out since they asked."""
    return any(
        each.before is None or each.before >= request.at
        for each in _revocations(connection, Revoked.USER, request.requester)
    )


def _revocations(connection: sqlite3.Connection, kind: Revoked, subject: str) -> Sequence[Revocation]:
    return [_revocation(said) for (said,) in connection.execute(_STANDING, (kind, subject))]
