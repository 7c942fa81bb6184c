"""What stands before a value because of its name: `"card number": "`, as in a text, where detectors know it.

A detector that asks for a word such as `password` or `cvv` before a value would else find nothing in `hunter2` or
`123`. Given to `Masker.mask` and `Masker.stream` as `before`. The module knows how detectors ask for names, and no
documents: whose name it is, `narrows.model.names` says.
"""

import re
from typing import Final

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN: Final = re.compile(r"[\s_./-]+")

_SPOKEN: Final = frozenset({"code", "id", "ids", "no", "nr", "num", "number", "numbers", "value"})
"""Last words of names that people write apart (`zip code`, `patient id`). Other names, above all those of secrets,
stay as they are written: `X-Api-Key`, `db_pass`."""


def before(name: str, *, quoted: bool = True) -> str:
    """A name as it stands before a value. `quoted`: the value is a string, no number. Empty for no name."""
    if not name:
        return ""
    shown = name
    if not (name.isalpha() and name.islower()):
        humps = _HUMP.sub(" ", name)
        words = _BETWEEN.sub(" ", humps).strip()
        if humps != name or words.rpartition(" ")[2].lower() in _SPOKEN:
            shown = words
    return f'"{shown}": "' if quoted else f'"{shown}": '
