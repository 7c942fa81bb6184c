"""Putting settings into a file that a person has written: theirs stay, with every comment, and only ours change.

Text is changed where that is safe, and the result is parsed: what does not say exactly the old settings with the new
ones in them is never written. Pure.
"""

import json
import re
import tomllib
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Final

import yaml

Settings = dict[str, Any]

_HEADER: Final = re.compile(r"^\s*\[")
_INDENT: Final = "  "


class NotMerged(ValueError):
    """The file can't be changed safely; the message says why."""


def merged(kind: str, old: str, new: str, kept: AbstractSet[str] = frozenset()) -> str:
    """`old` with the settings of `new` in it, in the given format; those named in `kept` stay as they are if they are
    there. Raises NotMerged."""
    if not old.strip():
        return new
    merge, parse = _KINDS[kind]
    before = _parsed(parse, old)
    wanted = {name: value for name, value in _parsed(parse, new).items() if not (name in kept and name in before)}
    expected = _joined(before, wanted, top=True)
    if expected == before:
        return old
    text = merge(old, new, before, wanted)
    if _parsed(parse, text) != expected:
        raise NotMerged("it is written in a way that can't be changed safely")
    return text


def _parsed(parse: Callable[[str], Any], text: str) -> Settings:
    try:
        found = parse(text)
    except (ValueError, yaml.YAMLError, RecursionError):
        raise NotMerged("it can't be read as it is") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise NotMerged("it does not hold settings by name")
    return found


def _joined(old: Any, new: Any, *, top: bool = False) -> Any:
    """Tables member by member, lists of named items by their names. A table with a name is ours as a whole, since what
    was set beside ours could contradict it; everything else is replaced, too."""
    if isinstance(old, dict) and isinstance(new, dict) and (top or not _named(new)):
        return {**old, **{key: _joined(old[key], value) if key in old else value for key, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list) and all(_named(item) for item in new):
        names = {item["name"] for item in new}
        return [*new, *(item for item in old if not (_named(item) and item["name"] in names))]
    return new


def _named(item: Any) -> bool:
    return isinstance(item, dict) and "name" in item


def _json(_old: str, _new: str, before: Settings, wanted: Settings) -> str:
    return json.dumps(_joined(before, wanted, top=True), indent=2, ensure_ascii=False) + "\n"


def _toml(old: str, new: str, _before: Settings, wanted: Settings) -> str:
    """Plain settings at the top are set line by line; tables of ours are replaced whole."""
    lines = _without_tables(old.splitlines(), _table_names(new))
    first = next((at for at, line in enumerate(lines) if _HEADER.match(line)), len(lines))
    top, rest = lines[:first], lines[first:]
    for name, value in wanted.items():
        if not isinstance(value, dict):
            top = _set_line(top, re.compile(rf"^\s*{re.escape(name)}\s*="), f"{name} = {json.dumps(value)}")
    fresh = new.splitlines()
    tables = fresh[next(at for at, line in enumerate(fresh) if _HEADER.match(line)) :]
    while rest and not rest[-1].strip():
        rest.pop()
    return "\n".join([*top, *rest, "", *tables]) + "\n"


def _table_names(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.splitlines() if _HEADER.match(line))


def _without_tables(lines: list[str], names: frozenset[str]) -> list[str]:
    kept, ours = [], False
    for line in lines:
        if _HEADER.match(line):
            header = line.split("#")[0].strip()
            ours = any(header == name or header.startswith(f"{name[:-1]}.") for name in names)
        if not ours:
            kept.append(line)
    return kept


def _yaml(old: str, new: str, before: Settings, wanted: Settings) -> str:
    """Plain settings are set line by line; items go to the head of their list."""
    lines = old.splitlines()
    for name, value in wanted.items():
        if isinstance(value, list):
            lines = _with_items(lines, name, new, before)
        else:
            lines = _set_line(lines, re.compile(rf"^{re.escape(name)}\s*:"), f"{name}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def _with_items(lines: list[str], name: str, new: str, before: Settings) -> list[str]:
    fresh = new.splitlines()
    begin = fresh.index(f"{name}:")
    items = [line for line in fresh[begin + 1 :] if line.startswith((_INDENT, "-"))]
    if name not in before:
        return [*lines, f"{name}:", *items]
    at = next(
        (number for number, line in enumerate(lines) if re.match(rf"{re.escape(name)}\s*:\s*(#.*)?$", line)), None
    )
    if at is None:
        raise NotMerged(f"`{name}` is not written as a list with an item a line")
    following = next((line for line in lines[at + 1 :] if line.lstrip().startswith("-")), _INDENT + "-")
    indent = following[: len(following) - len(following.lstrip())]
    return [*lines[: at + 1], *(indent + line.removeprefix(_INDENT) for line in items), *lines[at + 1 :]]


def _set_line(lines: list[str], pattern: re.Pattern[str], line: str) -> list[str]:
    """The line in place of the one that matches, else before all others but leading comments."""
    for at, old in enumerate(lines):
        if pattern.match(old):
            return [*lines[:at], line, *lines[at + 1 :]]
    at = next((number for number, old in enumerate(lines) if old.strip() and not old.startswith("#")), len(lines))
    return [*lines[:at], line, *lines[at:]]


_KINDS: Final[dict[str, tuple[Callable[[str, str, Settings, Settings], str], Callable[[str], Any]]]] = {
    "json": (_json, json.loads),
    "toml": (_toml, tomllib.loads),
    "yaml": (_yaml, yaml.safe_load),
}
