"""Which field takes the output cap: a shipped table of model globs, which a connection's `cap_fields` override."""

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Final

from narrows.config.schema import CapField
from narrows.dialects.governed import CAP_ALIASES
from narrows.model.call import Json

COMPLETION_TOKENS_MODELS: Final = ("o[0-9]*", "gpt-5*", "gpt-4.1*", "gpt-4o*", "chatgpt-*")
"""OpenAI's own models take `max_completion_tokens` (the reasoning ones nothing else); the rest of the world's servers
take `max_tokens`, and some of them nothing else."""

_ALIASES: Final = frozenset(CAP_ALIASES)
_WILD: Final = re.compile(r"[*?\[]")

DEFAULT_FIELD: Final = "max_tokens"


class CapFields:
    """The field of chat completions that takes the cap, by model: the first match, the connection's own first."""

    __slots__ = ("_rows", "_starts")

    def __init__(self, overrides: Sequence[CapField]) -> None:
        self._rows = [(_any_of(row.models), str(row.field)) for row in overrides]
        self._rows.append((_any_of(COMPLETION_TOKENS_MODELS), "max_completion_tokens"))
        globs = [glob for row in overrides for glob in row.models]
        self._starts = tuple(glob[: _literal(glob)] for glob in (*globs, *COMPLETION_TOKENS_MODELS))

    def field(self, model: str | None) -> str:
        """`max_tokens`, `max_completion_tokens` or `both`."""
        if model is not None and model.startswith(self._starts):
            for pattern, field in self._rows:
                if pattern.match(model) is not None:
                    return field
        return DEFAULT_FIELD


def _literal(glob: str) -> int:
    """How many characters of a glob stand for themselves, from its start."""
    wild = _WILD.search(glob)
    return len(glob) if wild is None else wild.start()


def _any_of(globs: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob) for glob in globs))


def set_cap(body: Json, field: str, cap: int) -> None:
    """Puts the cap in its field (or in both of chat's) and removes every other name for it. Changes `body`."""
    for alias in _ALIASES.intersection(body):
        del body[alias]
    if field == "both":
        body["max_tokens"] = body["max_completion_tokens"] = cap
    else:
        body[field] = cap
