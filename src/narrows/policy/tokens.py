"""An estimate of a prompt's tokens without the model's tokenizer.

For each text one token for every four bytes of UTF-8, rounded up, and four for its frame (role, separators); three more
for the start of the reply. English and code come out slightly high, other scripts about right, since a character of
theirs takes two to four bytes. It is an estimate for limits, not a bound for money.
"""

from collections.abc import Sequence
from typing import Final

from narrows.model.text import Text
from narrows.policy.patterns import encode

BYTES_PER_TOKEN: Final = 4
FRAME: Final = 4
REPLY: Final = 3
_ROUND_UP: Final = BYTES_PER_TOKEN - 1


class EstimatingCounter:
    """The `TokenCounter` that knows no tokenizer."""

    __slots__ = ()

    def prompt(self, texts: Sequence[Text]) -> int:
        """ceil(bytes / 4) + 4 for each text, + 3."""
        total = REPLY
        for text in texts:
            value = text.value
            total += ((len(value) if value.isascii() else len(encode(value))) + _ROUND_UP) // BYTES_PER_TOKEN + FRAME
        return total
