"""Requests that were refused at the door, in the log: the first of a minute at once, the others as a count.

So a scan or a wrong token in a loop shows, and does not fill the log.
"""

import logging
from collections import Counter
from typing import Final

_MINUTE: Final = 60_000_000
_KINDS: Final = 1_000
"""Different addresses and reasons that a minute keeps apart; the rest is counted as `other`."""

_log = logging.getLogger("narrows.console")


class Failures:
    """The running minute's refusals, by address and code."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, now: int, address: str, code: str) -> None:
        """Notes one; `now` in Unix microseconds."""
        minute = now // _MINUTE
        if minute != self._minute:
            self.flush()
            self._minute = minute
        key = (address, code)
        if key not in self._counts and len(self._counts) >= _KINDS:
            key = ("other", code)
        self._counts[key] += 1
        if self._counts[key] == 1:
            _log.warning("a request from %s was refused: %s", *key)

    def flush(self) -> None:
        """Tells of what was only counted."""
        for (address, code), count in self._counts.items():
            if count > 1:
                _log.warning("%d more requests from %s were refused in that minute: %s", count - 1, address, code)
        self._counts.clear()
