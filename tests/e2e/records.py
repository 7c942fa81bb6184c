"""Reading the record back, as an operator would."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from e2e.gate import Gate

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 10.0) -> T:
    """The first true value of `condition`; fails when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(0.02)


def ended(gate: Gate, call: str) -> dict[str, Any]:
    """The record of one call, once it has its ending."""

    def look() -> dict[str, Any] | None:
        rows = gate.rows("sessions", "show", call)
        return rows[0] if rows and rows[0].get("outcome") else None

    record = until(look)
    assert record is not None
    return record
