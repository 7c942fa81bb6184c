"""What every section of the settings is made of. See `schema`."""

from typing import Annotated, Any, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Globs = Annotated[tuple[str, ...], Meta(min_length=1)]
Seconds = Annotated[float, Meta(gt=0, extra={"unit": "duration"})]


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section: an unknown key is an error, never ignored."""


@runtime_checkable
class Short(Protocol):
    """What sections have that may be written as one text instead."""

    @classmethod
    def short(cls, text: str) -> dict[str, Any]:
        """The plain section that a text stands for. Raises `scalars.Wrong`."""
