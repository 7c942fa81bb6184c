"""A clock and ids that tests can foresee."""


class Ticking:
    """A clock that moves one millisecond at each look."""

    def __init__(self) -> None:
        self.time = 1_800_000_000_000_000

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        self.time += 1000
        return self.time


class Numbered:
    """Ids in order."""

    def __init__(self) -> None:
        self._count = 0

    def call(self) -> str:
        self._count += 1
        return f"call_{self._count}"

    def request(self) -> str:
        self._count += 1
        return f"req_{self._count}"
