"""Models of a connection, as a caller may see them: a list must not show what a call would be refused, and must show
every name that a call may use, the connection's aliases among them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from narrows.dialects.texts import collect
from narrows.model.call import Asked, Json
from narrows.model.reply import Event
from narrows.ports.dialect import ReplyInvalid, Route

OPERATION: Final = "models"
_NAMES: Final = ("id", "name", "model")
_CURSORS: Final = frozenset({"after", "after_id", "before_id"})
"""Members of a query that ask for a page after or before another."""


class ModelLists:
    """The lists of one connection. `aliases` are the callers' names for some models; `entry` makes what a list says of
    an alias whose model the upstream does not list."""

    __slots__ = ("_aliases", "_entry")

    def __init__(self, aliases: Mapping[str, str], entry: Callable[[str], Json]) -> None:
        self._aliases = dict(aliases)
        self._entry = entry

    def asked(self, route: Route) -> Asked:
        """What a request for one model or for a list asks; its cursors stand for a body."""
        pairs = (pair.partition("=") for pair in route.target.partition("?")[2].split("&"))
        return Asked(route.operation, route.model, {name: value for name, _, value in pairs if name in _CURSORS})

    def read(self, asked: Asked, tree: Json, event: Event, usable: Callable[[str], bool]) -> None:
        """Fills in `event` from the reply. Raises ReplyInvalid."""
        if asked.model is None:
            self._filter(tree, event, usable, first=not asked.body)
            return
        # The engine has checked that the caller may use this model.
        if asked.model in self._aliases:
            _rename(tree, asked.model)
        _read_model(tree, event)

    def _filter(self, tree: Json, event: Event, usable: Callable[[str], bool], *, first: bool) -> None:
        """Removes what is not usable from every list of models in the reply (`data`; llama.cpp adds `models`), mends
        Anthropic's paging marks, and adds the aliases, all on the first page: marks name the upstream's models only."""
        if type(tree.get("data")) is not list:
            raise ReplyInvalid("the model server's list of models has no `data`")
        aliases = [name for name in self._aliases if usable(name)] if first else []
        for key, value in tree.items():
            if type(value) is list:
                entries = [(_name(entry), entry) for entry in value if type(entry) is dict]
                shown = [entry for name, entry in entries if self._is_usable(name, usable)]
                if key == "data":
                    ids = [entry.get("id") for entry in shown]
                tree[key] = shown + self._listed(aliases, dict(entries), every=key == "data")
                for entry in tree[key]:
                    _read_model(entry, event)
            elif type(value) is not int and key not in ("object", "first_id", "last_id"):
                collect(event.deltas, 0, "other", tree, key)
        for key, position in (("first_id", 0), ("last_id", -1)):
            if key in tree:
                tree[key] = ids[position] if ids else None

    def _is_usable(self, name: str | None, usable: Callable[[str], bool]) -> bool:
        """An entry that names no model is left out; so is a model whose name is an alias for another one here."""
        return name is not None and name not in self._aliases and usable(name)

    def _listed(self, aliases: list[str], named: Mapping[str | None, Json], *, every: bool) -> list[Json]:
        """Entries of the aliases, like those of their models."""
        entries = []
        for alias in aliases:
            entry = named.get(self._aliases[alias])
            if entry is not None:
                entries.append(_rename(dict(entry), alias))
            elif every:
                entries.append(self._entry(alias))
        return entries


def openai_entry(name: str) -> Json:
    """A model of which nothing but the name is known, as OpenAI lists it."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "alias"}


def anthropic_entry(name: str) -> Json:
    """The same as Anthropic lists it; an unknown date is the epoch, by its documentation."""
    return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}


def _read_model(tree: Json, event: Event) -> None:
    for key, value in tree.items():
        if key not in ("id", "object", "type") or type(value) is not str:
            collect(event.deltas, 0, "other", tree, key)


def _name(entry: Any) -> str | None:
    return next((entry[name] for name in _NAMES if type(entry.get(name)) is str), None)


def _rename(entry: Json, name: str) -> Json:
    for key in _NAMES:
        if type(entry.get(key)) is str:
            entry[key] = name
    return entry
