"""The tokens that Narrows issued, kept in control.db. Of a token there is its SHA-256, under a unique index: the gate
looks for one that it does not remember, and keeps no list, however many there are. One that ended long ago is dropped
when another is kept, a few at a time; until then its use is known as that of an expired one, and whose it was."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.access import IssuedToken
from narrows.ports.clock import Clock
from narrows.ports.tokens import TokensUnavailable
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader

SINCE: Final = 5
"""The version of control.db that brought them."""

KEPT: Final = 90 * 86_400 * 1_000_000
"""Microseconds for which a token that has ended is kept: who uses it is on record, and what somebody held is told."""

DROPPED: Final = 20
"""Tokens that are dropped at most when one is kept: fewer come than go, and nobody waits for it."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(IssuedToken).decode


class SqliteTokens:
    """The issuing side. Implements `narrows.ports.tokens.Tokens`. Used on the thread that made it."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._clock = clock
        self._file = ControlFile(directory, clock, TokensUnavailable, busy=busy)

    def keep(self, token: IssuedToken) -> None:
        """Keeps a new token; when it returns, it is durable."""
        row = (token.id, token.digest, token.principal.key, token.source, token.expires, _encode(token).decode())
        with self._file.transaction() as run:
            run.execute(
                "INSERT INTO token (id, digest, principal, source, expires, said) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            run.execute(
                "DELETE FROM token WHERE seq IN (SELECT seq FROM token WHERE expires <= ? ORDER BY expires LIMIT ?)",
                (self._clock.now() - KEPT, DROPPED),
            )

    def get(self, ident: str) -> IssuedToken | None:
        """The token of this id."""
        return next(iter(self._where("id = ?", (ident,), None)), None)

    def of(self, principal: str, *, live_at: int | None = None) -> Sequence[IssuedToken]:
        """Those issued to `issuer:subject`, oldest first."""
        return self._where("principal = ?", (principal,), live_at)

    def issued_for(self, source: str, *, live_at: int | None = None) -> Sequence[IssuedToken]:
        """Those issued for a grant, by its id, or by another source."""
        return self._where("source = ?", (source,), live_at)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _where(self, clause: str, values: tuple[object, ...], live_at: int | None) -> Sequence[IssuedToken]:
        if live_at is not None:
            clause, values = f"{clause} AND expires > ?", (*values, live_at)
        with self._file.reading() as connection:
            rows = connection.execute(f"SELECT digest, said FROM token WHERE {clause} ORDER BY seq", values).fetchall()  # noqa: S608 - constants
        return [_token(self._file.path, *row) for row in rows]


class SqliteTokenWatch:
    """The gate's side, read-only. Implements `narrows.ports.tokens.TokenWatch`."""

    def __init__(self, directory: Path, *, busy: float = BUSY_SECONDS) -> None:
        self._file = ControlReader(directory, TokensUnavailable, busy=busy)
        self._seen: tuple[int, int] | None = None
        self._asked = False

    def replaced(self) -> bool:
        """Whether another file is in the place of the one that was there."""
        file = self._file.place()[0]
        same = self._asked and file == self._seen
        self._seen, self._asked = file, True
        return not same

    def find(self, digest: bytes) -> IssuedToken | None:
        """The token with this SHA-256."""
        self._file.place()
        with self._file.reading(SINCE) as connection:
            row: tuple[bytes, str] | None = None
            if connection is not None:
                row = connection.execute("SELECT digest, said FROM token WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else _token(self._file.path, *row)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _token(path: Path, digest: bytes, said: str) -> IssuedToken:
    try:
        token = _decode(said)
    except msgspec.MsgspecError as error:
        raise TokensUnavailable(f"{path}: a token can't be read: {error}") from None
    if token.digest != digest:
        raise TokensUnavailable(f"{path}: {token.id} is not what it was kept as")
    return token
