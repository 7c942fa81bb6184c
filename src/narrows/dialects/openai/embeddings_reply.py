"""Replies of embeddings: vectors, as numbers or base64, and their usage."""

from typing import Any

from narrows.dialects.texts import collect, openai_usage
from narrows.model.call import Json
from narrows.model.reply import Event


def read_embeddings_reply(tree: Json, event: Event) -> None:
    """Fills in `event`. A vector in base64 is no text."""
    if type(tree.get("model")) is str:
        event.model = tree["model"]
    event.usage = openai_usage(tree.get("usage"))
    for key, value in tree.items():
        if key == "data" and type(value) is list:
            for index, row in enumerate(value):
                _read_row(event, value, index, row)
        elif key not in ("id", "object", "model") or type(value) is not str:
            collect(event.deltas, 0, "other", tree, key)


def _read_row(event: Event, rows: list[Any], index: int, row: Any) -> None:
    if type(row) is not dict:
        collect(event.deltas, 0, "other", rows, index)
        return
    for key, value in row.items():
        if key == "embedding" and (type(value) is str or _is_vector(value)):
            continue
        if key != "object" or type(value) is not str:
            collect(event.deltas, 0, "other", row, key)


def _is_vector(value: Any) -> bool:
    """Whether a list holds numbers alone; C speed, as vectors are long."""
    return type(value) is list and {*map(type, value)} <= {int, float}
