"""The one scan of a call's texts, and the count of its tokens."""

from collections.abc import Sequence
from typing import Protocol

from narrows.model.call import Asked, Call
from narrows.model.text import Finding, Text


class Inspector(Protocol):
    """Scans every text once; controls read the findings."""

    def inspect(self, call: Call) -> tuple[Finding, ...]:
        """What the rules of its plan find. Work is linear in the texts."""


class TokenCounter(Protocol):
    """Estimates tokens without the model's tokenizer."""

    def prompt(self, texts: Sequence[Text]) -> int:
        """A documented estimate of the prompt's tokens."""

    def bound(self, asked: Asked, size: int) -> int:
        """How many tokens the prompt certainly does not exceed, but for its opaque parts and for what is not in the
        request; `size` is that of its body, in bytes."""
