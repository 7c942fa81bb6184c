"""The trail of acts in the control plane, kept in control.db: rows are added, and neither changed nor removed.

The triggers hold against the product's own mistakes and every ordinary tool; whoever owns the file could drop them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.audit import Act
from narrows.ports.audit import AuditUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Act).decode


class SqliteAudit:
    """Implements `narrows.ports.audit.Audit`. Used on the thread that made it."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._file = ControlFile(directory, clock, AuditUnavailable, busy=busy)

    def append(self, act: Act) -> None:
        """Keeps one; when it returns, it is durable."""
        row = (act.at, act.who, act.action, act.target, act.outcome.value, _encode(act).decode())
        with self._file.transaction() as run:
            run.execute("INSERT INTO audit (at, who, action, target, outcome, act) VALUES (?, ?, ?, ?, ?, ?)", row)

    def newest(self, limit: int) -> Sequence[Act]:
        """The last so many, the newest first."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT act FROM audit ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
        try:
            return [_decode(act) for (act,) in rows]
        except msgspec.MsgspecError as error:
            raise AuditUnavailable(f"{self._file.path}: an act can't be read: {error}") from None

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
