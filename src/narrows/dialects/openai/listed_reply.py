"""Replies that are a list of rows which nobody wrote word by word: vectors, and what an endpoint says of texts."""

from collections.abc import Callable
from typing import Any

from narrows.dialects.envelope import collect_word
from narrows.dialects.texts import FIGURES, collect, collect_key
from narrows.model.call import Json
from narrows.model.reply import Event


def read_listed(tree: Json, event: Event, member: str, is_known: Callable[[str, Any], bool]) -> None:
    """Fills in `event` from a reply whose rows are in `member`. `is_known` says of a member of a row, by its name and
    value, that it is what the API has there and nothing that could be a text."""
    if type(tree.get("model")) is str:
        event.model = tree["model"]
    for key, value in tree.items():
        if key == member and type(value) is list:
            for index in range(len(value)):
                _read_row(event, value, index, is_known)
        elif key in ("id", "object", "model") and type(value) is str:
            collect_word(event.deltas, 0, tree, key)
        else:
            collect(event.deltas, 0, "other", tree, key, FIGURES)
            collect_key(event.deltas, 0, tree, key)


def _read_row(event: Event, rows: list[Any], index: int, is_known: Callable[[str, Any], bool]) -> None:
    row = rows[index]
    if type(row) is not dict:
        collect(event.deltas, 0, "other", rows, index)
        return
    for key, value in row.items():
        if not is_known(key, value):
            collect(event.deltas, 0, "other", row, key, FIGURES)
            collect_key(event.deltas, 0, row, key)
