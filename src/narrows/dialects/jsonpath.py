"""The small part of JSONPath (RFC 9535) that a `json` connection is declared with: `$.a.b[*].c`, `$['a b'][0]`."""

from collections.abc import Callable, Iterator
from typing import Any

from narrows.model import path as paths
from narrows.model.path import Path, Step, child, element


def parse(text: str) -> Path:
    """The steps of a path, which names a member. Raises ValueError, which names what is wrong."""
    steps = paths.parse(text)
    if not steps:
        raise ValueError(f"{text!r} names the whole body: it must name a member")
    return steps


def places(tree: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) that the path names and that is there."""
    holders = [tree]
    for step in path[:-1]:
        holders = [holder[key] for holder in holders for key in _keys(holder, step)]
    for holder in holders:
        for key in _keys(holder, path[-1]):
            yield holder, key


def located(
    tree: Any, path: Path, name: Callable[[str, int, Any], str] | None = None
) -> Iterator[tuple[Any, Any, str]]:
    """The same with the path that names this one place and no other. `name` names an element otherwise: it takes the
    list's path, the index, and the element."""
    holders = [(tree, "$")]
    for step in path[:-1]:
        holders = [
            (holder[key], _below(where, key, holder, name)) for holder, where in holders for key in _keys(holder, step)
        ]
    for holder, where in holders:
        for key in _keys(holder, path[-1]):
            yield holder, key, _below(where, key, holder, name)


def _below(path: str, key: str | int, holder: Any, name: Callable[[str, int, Any], str] | None) -> str:
    if type(key) is str:
        return child(path, key)
    index = int(key)
    return element(path, index) if name is None else name(path, index, holder[index])


def first(tree: Any, path: Path | None) -> Any:
    """The first value at the path, None where there is none."""
    if path is None:
        return None
    for holder, key in places(tree, path):
        return holder[key]
    return None


def replaced(tree: Any, path: Path, value: Any) -> Any:
    """A copy of the tree with the value at the path; missing objects are made. The path has no wildcard."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if type(tree) is list and type(step) is int and step < len(tree):
        return [*tree[:step], replaced(tree[step], rest, value), *tree[step + 1 :]]
    members = tree if type(tree) is dict else {}
    return {**members, step: replaced(members.get(step), rest, value)}


def _keys(holder: Any, step: Step) -> list[Any]:
    if type(holder) is dict:
        if step is None:
            return list(holder)
        return [step] if step in holder else []
    if type(holder) is list:
        if step is None:
            return list(range(len(holder)))
        return [step] if type(step) is int and step < len(holder) else []
    return []
