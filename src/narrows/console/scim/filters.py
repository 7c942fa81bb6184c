"""Filters (RFC 7644, section 3.4.2.2): from a text to a question that a resource answers. Pure.

Comparisons ignore case but for ids. A filter has a bounded length and depth.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from narrows.console.scim.attributes import EXACT, Path, member, path_of, truth, values
from narrows.console.scim.faults import Fault, Kind

LONGEST: Final = 4096
"""Characters of a filter."""

DEEPEST: Final = 16
"""Brackets within brackets."""

_TOKEN: Final = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[^\s()\[\]"]+))')
_OPERATORS: Final = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})


class Compare(msgspec.Struct, frozen=True):
    """`userName eq "ada"`; `present` has no value."""

    path: Path
    operator: str
    value: Any = None


class Within(msgspec.Struct, frozen=True):
    """`emails[type eq "work"]`: one of the values answers all of it."""

    path: Path
    inner: "Filter"


class Both(msgspec.Struct, frozen=True):
    """`and`, `or`."""

    left: "Filter"
    right: "Filter"
    every: bool


class Not(msgspec.Struct, frozen=True):
    """`not (…)`."""

    inner: "Filter"


Filter = Compare | Within | Both | Not


class Selection(NamedTuple):
    """What a path of an operation names: an attribute, of its values those that a filter lets through, and of these
    the attribute `sub`."""

    path: Path
    only: Filter | None
    sub: str | None


def parse(text: str) -> Filter:
    """The filter that a text is. Raises Fault."""
    reader = _Reader(text, "invalidFilter")
    found = reader.either(0)
    reader.end()
    return found


def parse_path(text: str) -> Selection:
    """The path of an operation (RFC 7644, section 3.5.2). Raises Fault."""
    bracket = text.find("[")
    if bracket < 0:
        path = path_of(text.strip())
        return Selection(msgspec.structs.replace(path, sub=None), None, path.sub)
    reader = _Reader(text[bracket:], "invalidPath")
    reader.take("[")
    only = reader.either(0)
    reader.take("]")
    rest = reader.rest()
    if rest and not rest.startswith("."):
        raise reader.wrong()
    sub = None if not rest else path_of(rest[1:]).attribute
    return Selection(path_of(text[:bracket].strip()), only, sub)


def matches(question: Filter, resource: Mapping[str, Any]) -> bool:
    """Whether a resource, or one value of an attribute, answers it."""
    match question:
        case Compare():
            return _compare(question, resource)
        case Within():
            holder = resource if question.path.schema is None else member(resource, question.path.schema)
            found = member(holder, question.path.attribute)
            each = found if isinstance(found, list) else [found]
            return any(isinstance(one, Mapping) and matches(question.inner, one) for one in each)
        case Both():
            left = matches(question.left, resource)
            return (
                (left and matches(question.right, resource))
                if question.every
                else (left or matches(question.right, resource))
            )
        case Not():
            return not matches(question.inner, resource)


def equalities(question: Filter) -> dict[str, Any] | None:
    """The attributes and their values, where it asks for nothing but that some are equal to something."""
    match question:
        case Compare() if question.operator == "eq" and question.path.sub is None and question.path.schema is None:
            return {question.path.attribute: question.value}
        case Both() if question.every:
            left, right = equalities(question.left), equalities(question.right)
            return None if left is None or right is None else {**left, **right}
        case _:
            return None


class _Reader:
    """One text, read from its beginning."""

    def __init__(self, text: str, kind: Kind) -> None:
        self._kind = kind
        self._text = text
        self._place = 0
        if len(text) > LONGEST:
            raise self.wrong()

    def wrong(self) -> Fault:
        what = "filter" if self._kind == "invalidFilter" else "path"
        return Fault(400, f"the {what} can't be read at character {self._place}", self._kind)

    def either(self, depth: int) -> Filter:
        found = self._every(depth)
        while self._takes("or"):
            found = Both(found, self._every(depth), every=False)
        return found

    def take(self, mark: str) -> None:
        if not self._takes(mark):
            raise self.wrong()

    def rest(self) -> str:
        return self._text[self._place :].strip()

    def end(self) -> None:
        if self.rest():
            raise self.wrong()

    def _every(self, depth: int) -> Filter:
        found = self._one(depth)
        while self._takes("and"):
            found = Both(found, self._one(depth), every=True)
        return found

    def _one(self, depth: int) -> Filter:
        if depth > DEEPEST:
            raise self.wrong()
        negated = self._takes("not")
        if self._takes("("):
            found = self.either(depth + 1)
            self.take(")")
            return Not(found) if negated else found
        if negated:
            raise self.wrong()
        path = path_of(self._next("word"))
        if self._takes("["):
            inner = self.either(depth + 1)
            self.take("]")
            return Within(path, inner)
        operator = self._next("word").lower()
        if operator == "pr":
            return Compare(path, operator)
        if operator not in _OPERATORS:
            raise self.wrong()
        return Compare(path, operator, self._value())

    def _value(self) -> Any:
        found = _TOKEN.match(self._text, self._place)
        if found is None or found["mark"] is not None:
            raise self.wrong()
        try:
            value = json.loads(found["string"] or found["word"].lower())
        except ValueError:
            raise self.wrong() from None
        if isinstance(value, list | dict):
            raise self.wrong()
        self._place = found.end()
        return value

    def _next(self, kind: str) -> str:
        found = _TOKEN.match(self._text, self._place)
        if found is None or found[kind] is None:
            raise self.wrong()
        self._place = found.end()
        return str(found[kind])

    def _takes(self, token: str) -> bool:
        found = _TOKEN.match(self._text, self._place)
        if found is None or (found["word"] or found["mark"] or "").lower() != token:
            return False
        self._place = found.end()
        return True


def _compare(question: Compare, resource: Mapping[str, Any]) -> bool:
    found = list(values(resource, question.path))
    if question.operator == "pr":
        return any(value not in ("", [], {}) for value in found)
    if question.value is None:
        return (question.operator == "eq") != bool(found)
    exact = {question.path.attribute.lower(), (question.path.sub or "").lower()} & EXACT
    test = _TESTS[question.operator]
    hit = any(_tested(test, value, question.value, exact=bool(exact)) for value in found)
    return not hit if question.operator == "ne" else hit


def _tested(test: Callable[[Any, Any], bool], value: Any, wanted: Any, *, exact: bool) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        value, wanted = truth(value), truth(wanted)
    if type(value) is not type(wanted) and not (_number(value) and _number(wanted)):
        return False
    if isinstance(value, str) and not exact:
        value, wanted = value.casefold(), wanted.casefold()
    try:
        return test(value, wanted)
    except (TypeError, AttributeError):
        return False


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value == wanted,
    "co": lambda value, wanted: wanted in value,
    "sw": lambda value, wanted: value.startswith(wanted),
    "ew": lambda value, wanted: value.endswith(wanted),
    "gt": lambda value, wanted: value > wanted,
    "ge": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "le": lambda value, wanted: value <= wanted,
}
"""What each operator asks of one value; `ne` is the contrary of what all values say."""
