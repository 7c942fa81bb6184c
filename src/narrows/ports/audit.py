"""The trail of what people did in the control plane: it only ever grows."""

from collections.abc import Sequence
from typing import Protocol

from narrows.model.audit import Act


class AuditUnavailable(Exception):
    """The trail can't be written or read now; what must stand in it may not be done."""


class Audit(Protocol):
    """Keeps acts. Every method raises AuditUnavailable."""

    def append(self, act: Act) -> None:
        """Keeps one; when it returns, it is durable."""

    def newest(self, limit: int) -> Sequence[Act]:
        """The last so many, the newest first."""
