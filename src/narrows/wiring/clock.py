"""The real clock, and ids that sort by time."""

import itertools
import secrets
from time import monotonic_ns, time_ns


class SystemClock:
    """Time from the operating system."""

    def now(self) -> int:
        """Unix time in microseconds."""
        return time_ns() // 1000

    def monotonic(self) -> int:
        """Microseconds since an arbitrary moment."""
        return monotonic_ns() // 1000


class SequentialIds:
    """`prefix_` + milliseconds, a random part of this process, and a counter: unique, sortable, cheap.

    Ids are names, not secrets: nothing is granted to one who knows one.
    """

    def __init__(self) -> None:
        self._process = secrets.token_hex(4)
        self._counter = itertools.count(1)
        self._millisecond = -1
        self._prefix = ""

    def request(self) -> str:
        """A new request id."""
        # The time, the process and a counter; every part has a fixed width, so that ids sort as they were made.
        millisecond = time_ns() // 1_000_000
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            self._prefix = f"req_{millisecond:012x}{self._process}"
        return "%s%06x" % (self._prefix, next(self._counter) & 0xFFFFFF)  # noqa: UP031 - faster here than a format
