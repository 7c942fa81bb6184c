"""What the stand-ins of one call stand for. It lives as long as the call, in memory alone: it is never recorded, and
neither printed nor serialised."""

from collections.abc import Iterable
from typing import Final, NoReturn

MOST: Final = 20_000
"""Stand-ins of one call for which there is a way back; it bounds what a call holds. Further ones stay stand-ins."""


class Originals:
    """By stand-in, the value as the caller wrote it. A stand-in of two values stands for neither."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str | None] = {}
        for stand_in, value in pairs:
            self.add(stand_in, value)

    def add(self, stand_in: str, value: str) -> None:
        known = self._values.get(stand_in, value)
        if known != value:
            self._values[stand_in] = None
        elif len(self._values) < MOST:
            self._values[stand_in] = value

    def update(self, others: "Originals") -> None:
        for stand_in, value in others._values.items():
            if value is None:
                self._values[stand_in] = None
            else:
                self.add(stand_in, value)

    def get(self, stand_in: str) -> str | None:
        return self._values.get(stand_in)

    def pairs(self) -> list[tuple[str, str]]:
        """All of them, for the process that reads a large reply."""
        return [(stand_in, value) for stand_in, value in self._values.items() if value is not None]

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Originals({len(self)} [secret])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("originals are not serialised")
