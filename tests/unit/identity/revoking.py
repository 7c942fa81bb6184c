"""Revocations in memory: a watch that tells what a test has made and lifted."""

from collections.abc import Sequence

from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.ports.revocations import RevocationsUnavailable

NOW = 1_700_000_000_000_000


def revocation(kind: Revoked, subject: str, *, number: int = 1, **changes: object) -> Revocation:
    """A revocation by an administrator, that nothing gets by until it is lifted."""
    usual = {"at": NOW, "by": "corp:ann", "reason": "left"}
    return Revocation(f"rev_{number}", kind, subject, **{**usual, **changes})  # type: ignore[arg-type]


class MemoryWatch:
    """Implements RevocationWatch. `failing`: nothing can be read; `unreadable`: all at once can't be; `anew`: the file
    is another one."""

    def __init__(self, *kept: Revocation) -> None:
        self.kept = {one.id: one for one in kept}
        self.failing = False
        self.unreadable = False
        self.anew = True
        self._news: list[Revocation | Lifted] = []

    def make(self, *made: Revocation) -> None:
        """Somebody revokes."""
        self.kept |= {one.id: one for one in made}
        self._news += made

    def lift(self, name: str) -> None:
        """Somebody lifts one."""
        del self.kept[name]
        self._news.append(Lifted(name, NOW, "corp:ann", "a mistake"))

    def news(self) -> Sequence[Revocation | Lifted] | None:
        self._read()
        news, self._news = self._news, []
        anew, self.anew = self.anew, False
        return None if anew else news

    def standing(self) -> Sequence[Revocation]:
        self._read()
        if self.unreadable:
            raise RevocationsUnavailable("control.db: row 7 can't be read")
        return list(self.kept.values())

    def _read(self) -> None:
        if self.failing:
            raise RevocationsUnavailable("control.db: the disk is gone")
