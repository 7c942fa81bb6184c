"""Controls of other packages. One is offered by an entry point in the group `narrows.controls`: a function that takes
`Configured` and gives a Control. It lives in the gate's process, so its hooks must be quick, or answer with a Wait;
those of requests may run in a thread, of several calls at a time."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from narrows.ports.control import Control

ENTRY_POINTS: Final = "narrows.controls"
"""The group of entry points."""


class Configured(msgspec.Struct, frozen=True):
    """What the configuration says of a control."""

    name: str
    options: Mapping[str, str] = {}


MakeControl = Callable[[Configured], Control]
"""What an entry point names. Raises ValueError where the options can't be used."""
