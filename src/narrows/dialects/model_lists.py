"""Lists of models, filtered by what the caller may use: a list must not show what a call would be refused."""

from collections.abc import Callable
from typing import Any, Final

from narrows.dialects.texts import collect
from narrows.model.call import Json
from narrows.model.reply import Event
from narrows.ports.dialect import ReplyInvalid

OPERATION: Final = "models"
_NAMES: Final = ("id", "name", "model")


def read_model(tree: Json, event: Event) -> None:
    """Fills in `event` from the description of one model, whose use the engine has checked."""
    for key, value in tree.items():
        if key not in ("id", "object", "type") or type(value) is not str:
            collect(event.deltas, 0, "other", tree, key)


def filtered(tree: Json, event: Event, usable: Callable[[str], bool]) -> None:
    """Removes what is not usable from every list of models in the reply (`data`; llama.cpp adds `models`), and mends
    Anthropic's paging marks. Raises ReplyInvalid if the reply is no such list."""
    if type(tree.get("data")) is not list:
        raise ReplyInvalid("the model server's list of models has no `data`")
    for key, value in tree.items():
        if type(value) is list:
            tree[key] = [entry for entry in value if _is_usable(entry, usable)]
            for entry in tree[key]:
                read_model(entry, event)
        elif type(value) is not int and key not in ("object", "first_id", "last_id"):
            collect(event.deltas, 0, "other", tree, key)
    ids = [entry.get("id") for entry in tree["data"]]
    for key, position in (("first_id", 0), ("last_id", -1)):
        if key in tree:
            tree[key] = ids[position] if ids else None


def _is_usable(entry: Any, usable: Callable[[str], bool]) -> bool:
    """An entry that names no model is left out."""
    if type(entry) is not dict:
        return False
    names = [entry[name] for name in _NAMES if type(entry.get(name)) is str]
    return bool(names) and usable(names[0])
