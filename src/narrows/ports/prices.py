"""What models cost."""

from typing import Protocol

from narrows.model.price import Price


class Prices(Protocol):
    """A table of prices; it lives as long as its snapshot."""

    @property
    def version(self) -> str:
        """Names the table in records."""

    def of(self, connection: str, model: str | None, tier: str | None = None) -> Price | None:
        """The price of a model, by the name its upstream knows, in a service tier that is not the usual one; None where
        there is none."""
