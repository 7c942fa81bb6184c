"""How sure a finding is, in five levels, and the edges that several tables share. A policy's threshold lies between."""

from typing import Final

CERTAIN: Final = 0.95
"""A checksum that one number in a hundred or fewer passes by chance, or a form nothing else has."""

LIKELY: Final = 0.85
"""A checksum or a distinctive form."""

PROBABLE: Final = 0.7
"""A usual form that other things have now and then."""

PLAUSIBLE: Final = 0.5
"""It may well be one."""

NEVER: Final = 0.0
"""No finding: the row needs a keyword."""

DIGIT: Final = "0-9"
"""An edge for `not_before` and `not_after`: the number does not go on."""

WORD: Final = "0-9A-Za-z"
"""The same for letters and digits."""
