"""Reading the record back beside a running gate."""

import time
from collections.abc import Callable
from typing import TypeVar

from e2e.gate import Gate
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.views import CallView

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


def ended(gate: Gate, call: str) -> CallView:
    """The record of one call, once it has its ending."""

    def look() -> CallView | None:
        record = Archive(gate.store).call(call)
        return record.call if record is not None and record.call.outcome else None

    view = until(look)
    assert view is not None
    return view


def calls(gate: Gate, model: str) -> list[CallView]:
    """The calls that asked for this model, oldest first."""
    return list(Archive(gate.store).calls(Filters(model=model), newest_first=False))
