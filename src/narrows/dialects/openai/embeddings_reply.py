"""Replies of embeddings: vectors, as numbers or base64, and their usage."""

import re
from typing import Any, Final

from narrows.dialects.envelope import collect_word
from narrows.dialects.texts import FIGURES, collect, collect_key, is_vector, openai_usage
from narrows.model.call import Json
from narrows.model.reply import Event

_SHORT: Final = 40
"""Characters of base64 that could be a text as well."""

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def read_embeddings_reply(tree: Json, event: Event) -> None:
    """Fills in `event`. A vector in base64 is no text."""
    if type(tree.get("model")) is str:
        event.model = tree["model"]
    event.usage = openai_usage(tree.get("usage"))
    for key, value in tree.items():
        if key == "data" and type(value) is list:
            for index, row in enumerate(value):
                _read_row(event, value, index, row)
        elif key in ("id", "object", "model") and type(value) is str:
            collect_word(event.deltas, 0, tree, key)
        else:
            collect(event.deltas, 0, "other", tree, key, FIGURES)
            collect_key(event.deltas, 0, tree, key)


def _read_row(event: Event, rows: list[Any], index: int, row: Any) -> None:
    if type(row) is not dict:
        collect(event.deltas, 0, "other", rows, index)
        return
    for key, value in row.items():
        if key == "embedding" and _is_vector(value):
            continue
        if key != "object" or value != "embedding":
            collect(event.deltas, 0, "other", row, key, FIGURES)
            collect_key(event.deltas, 0, row, key)


def _is_vector(value: Any) -> bool:
    """Whether it is a list of nothing but the numbers of a vector, or their bytes in base64."""
    if type(value) is str:
        return len(value) >= _SHORT and _BASE64.fullmatch(value) is not None
    return type(value) is list and is_vector(value)
