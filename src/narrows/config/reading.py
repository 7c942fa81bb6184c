"""From YAML nodes to plain data in the shape of the schema, and a map of where each setting is written.

Every problem is collected, none stops the reading. What comes out has the right keys and types; msgspec builds the
frozen sections from it.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec.inspect as mi
import yaml

from narrows.config.amounts import READ
from narrows.config.document import NULLS, TAGS, is_null, located
from narrows.config.problem import ConfigError, Problem
from narrows.config.references import References
from narrows.config.scalars import SHOWN, Wrong, convert, nearest
from narrows.config.setting import Short
from narrows.model.secret import Secret

MOST_VALUES: Final = 200_000
"""Values read, aliases expanded: bounds what a few aliases of aliases can become."""

_BAD: Final = object()
_MERGE: Final = "<<"


class Reading:
    """One pass over a file; without `references`, `${…}` is text like any other. `problems`, `warnings` and `places`
    (key → line, column) are filled on the way."""

    def __init__(self, file: str, references: References | None) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.places: dict[str, tuple[int, int]] = {}
        self._file = file
        self._references = references
        self._values = 0

    def value(self, node: yaml.Node, expected: mi.Type, key: str, unit: str | None = None) -> Any:
        """The plain value of a node, or a mark that it was bad; the problem is noted then."""
        self._values += 1
        if self._values > MOST_VALUES:
            raise ConfigError([located(Problem(key, "the file becomes too large by its aliases"), node, self._file)])
        self.places[key] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if node.tag not in TAGS and node.tag != "tag:yaml.org,2002:merge":
            return self._bad(key, "tags have no meaning here", node, f"remove `{node.tag}`")
        lone = False
        while isinstance(expected, mi.Metadata):
            unit = (expected.extra or {}).get("unit", unit)
            lone = (expected.extra or {}).get("lone", lone)
            expected = expected.type
        if is_null(node):
            # Never the same as leaving it out: `limits:` with nothing below it would lift a limit that somebody meant.
            return self._bad(key, f"expected {_expectation(expected, unit)}, got nothing", node, _instead(expected))
        if isinstance(expected, mi.UnionType):
            return self.value(node, _alternative(node, expected), key, unit)
        if isinstance(expected, mi.StructType) and unit is None:
            if isinstance(node, yaml.ScalarNode) and issubclass(expected.cls, Short):
                return self._read(node, expected.cls.short, expected, key, unit)
            return self._section(node, expected, key)
        if isinstance(expected, mi.DictType):
            return self._mapping(node, expected, key)
        if isinstance(expected, mi.VarTupleType):
            if lone and not isinstance(node, yaml.SequenceNode):
                only = self.value(node, expected.item_type, key)
                return only if only is _BAD else [only]
            return self._list(node, expected, key)
        return self._scalar(node, expected, key, unit)

    def _section(self, node: yaml.Node, expected: mi.StructType, key: str) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self._bad(key, f"expected {_expectation(expected, None)}, got {_kind(node)}", node, _known(expected))
        fields = {field.encode_name: field for field in expected.fields}
        plain: dict[str, Any] = {}
        present: set[str] = set()
        for name, name_node, value_node in self._entries(node, key):
            field = fields.get(name)
            if field is None:
                self._bad(_join(key, name), "no such setting", name_node, _guess(name, expected))
                continue
            present.add(name)
            value = self.value(value_node, field.type, _join(key, name))
            if value is not _BAD:
                plain[name] = value
        for name, field in fields.items():
            if field.required and name not in present:
                self._bad(_join(key, name), "is missing", node, None)
        return plain

    def _mapping(self, node: yaml.Node, expected: mi.DictType, key: str) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self._bad(key, f"expected names with their values, got {_kind(node)}", node, None)
        plain: dict[str, Any] = {}
        for name, name_node, value_node in self._entries(node, key):
            try:
                convert(expected.key_type, None, name, name, quoted=True)
            except Wrong as wrong:
                self._bad(_join(key, name), wrong.message, name_node, wrong.hint)
            value = self.value(value_node, expected.value_type, _join(key, name))
            if value is not _BAD:
                plain[name] = value
        if expected.min_length and not node.value:
            return self._bad(key, "must name at least one", node, None)
        return plain

    def _list(self, node: yaml.Node, expected: mi.VarTupleType, key: str) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            hint = f"write [{node.value}]" if isinstance(node, yaml.ScalarNode) and _plain_word(node.value) else None
            return self._bad(key, f"expected a list, got {_kind(node)}", node, hint)
        if expected.min_length and not node.value:
            return self._bad(key, "must list at least one; an empty list would permit nothing", node, None)
        values = [self.value(item, expected.item_type, f"{key}[{index}]") for index, item in enumerate(node.value)]
        return [value for value in values if value is not _BAD]

    def _read(
        self, node: yaml.ScalarNode, read: Callable[[str], Any], expected: mi.Type, key: str, unit: str | None
    ) -> Any:
        """What `read` makes of a text. Its messages may quote parts of the text, so of one that holds references they
        are not shown."""
        text = node.value
        try:
            if self._references is not None:
                text = self._references.expand(text)
            return read(text)
        except Wrong as wrong:
            if text == node.value:
                return self._bad(key, wrong.message, node, wrong.hint)
            shown = node.value if len(node.value) <= SHOWN else node.value[:SHOWN] + "…"
            return self._bad(key, f"expected {_expectation(expected, unit)}, got `{shown}`", node, None)

    def _scalar(self, node: yaml.Node, expected: mi.Type, key: str, unit: str | None) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self._bad(key, f"expected {_expectation(expected, unit)}, got {_kind(node)}", node, None)
        if unit is not None and unit in READ:
            return self._read(node, READ[unit], expected, key, unit)
        try:
            text = node.value if self._references is None else self._references.expand(node.value)
            value = convert(expected, unit, text, node.value, quoted=bool(node.style))
        except Wrong as wrong:
            return self._bad(key, wrong.message, node, wrong.hint)
        if isinstance(value, Secret) and "${" not in node.value:
            problem = Problem(key, "a secret stands in the file", "keep it out with ${env:NAME} or ${file:/path}")
            self.warnings.append(located(problem, node, self._file))
        return value

    def _entries(self, node: yaml.Node, key: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """The keys of a mapping; problems for those that are doubled or no plain names."""
        entries: list[tuple[str, yaml.Node, yaml.Node]] = []
        first: dict[str, int] = {}
        for name_node, value_node in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(name_node, yaml.ScalarNode) or name_node.value in NULLS:
                self._bad(key, "a key must be a name", name_node, None)
                continue
            name = name_node.value
            if name in first:
                self._bad(_join(key, name), f"is already set in line {first[name]}", name_node, "remove one")
            elif name == _MERGE and not name_node.style:
                self._bad(key, "merge keys (`<<`) are not supported", name_node, "an alias for a whole value is fine")
            else:
                first[name] = name_node.start_mark.line + 1
                entries.append((name, name_node, value_node))
        return entries

    def _bad(self, key: str, message: str, node: yaml.Node, hint: str | None) -> object:
        self.problems.append(located(Problem(key, message, hint), node, self._file))
        return _BAD


def _alternative(node: yaml.Node, expected: mi.UnionType) -> mi.Type:
    """The member of a union that this kind of node can be; the first, if none."""
    kinds = [kind for kind in expected.types if not isinstance(kind, mi.NoneType)]
    for kind in kinds:
        inner = kind
        while isinstance(inner, mi.Metadata):
            inner = inner.type
        if isinstance(inner, mi.StructType | mi.DictType):
            fits = isinstance(node, yaml.MappingNode)
        elif isinstance(inner, mi.VarTupleType):
            fits = isinstance(node, yaml.SequenceNode)
        else:
            fits = isinstance(node, yaml.ScalarNode)
        if fits:
            return kind
    return kinds[0]


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a section"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "a single value"


def _plain_word(text: str) -> bool:
    return 0 < len(text) <= 40 and text.replace("-", "").replace("_", "").replace("*", "").replace(".", "").isalnum()


def _expectation(expected: mi.Type, unit: str | None) -> str:
    while isinstance(expected, mi.Metadata):
        unit = (expected.extra or {}).get("unit", unit)
        expected = expected.type
    if isinstance(expected, mi.UnionType):
        kinds = [kind for kind in expected.types if not isinstance(kind, mi.NoneType)]
        return " or ".join(_expectation(kind, unit) for kind in kinds)
    if unit is not None:
        return f"an {unit}" if unit[0] in "aeiou" else f"a {unit}"
    if isinstance(expected, mi.StructType):
        return "a text or a section" if issubclass(expected.cls, Short) else "a section"
    if isinstance(expected, mi.DictType):
        return "names with their values"
    if isinstance(expected, mi.VarTupleType):
        return "a list"
    if isinstance(expected, mi.LiteralType):
        return "one of " + ", ".join(str(value) for value in expected.values)
    if isinstance(expected, mi.EnumType):
        return "one of " + ", ".join(str(member.value) for member in expected.cls)
    if isinstance(expected, mi.BoolType):
        return "true or false"
    return "a number" if isinstance(expected, mi.IntType | mi.FloatType) else "a text"


def _instead(expected: mi.Type) -> str:
    """What to write where nothing is written."""
    if isinstance(expected, mi.StructType) and not any(field.required for field in expected.fields):
        return "write `{}` for the defaults, or remove the key"
    return "give it a value, or remove the key"


def _known(expected: mi.StructType) -> str:
    return "known here: " + ", ".join(field.encode_name for field in expected.fields)


def _guess(name: str, expected: mi.StructType) -> str:
    """The nearest right name, here or one section below."""
    for field in expected.fields:
        inner: mi.Type = field.type
        while isinstance(inner, mi.Metadata):
            inner = inner.type
        if isinstance(inner, mi.StructType) and name in {below.encode_name for below in inner.fields}:
            return f"it belongs under `{field.encode_name}`"
    return nearest(name, [field.encode_name for field in expected.fields]) or _known(expected)
