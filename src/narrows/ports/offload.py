"""Work that would hold the event loop too long, done elsewhere."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Offload(Protocol):
    """Runs pure functions in a worker process; arguments and results are pickled."""

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """The function's result. Raises what the function raises."""
