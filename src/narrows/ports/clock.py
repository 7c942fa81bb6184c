"""Time, ids and randomness, injected so that tests own them."""

from typing import Protocol


class Clock(Protocol):
    """Two clocks: the wall for records, a monotonic one for durations."""

    def now(self) -> int:
        """Unix time in microseconds."""

    def monotonic(self) -> int:
        """Microseconds since an arbitrary moment; never steps back."""


class Ids(Protocol):
    """Makes identifiers that sort by time and never repeat. A call takes its request's, with `call_` before it."""

    def request(self) -> str:
        """A new request id, `req_…`."""
