"""The settings reference, generated from the schema: every key with its type, default and meaning, in Markdown."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import msgspec.inspect as mi

from narrows.config.scalars import DURATION_UNITS
from narrows.config.schema import Config
from narrows.config.setting import Short
from narrows.model.secret import Secret

INTRODUCTION: Final = """\
# Settings

Generated from the schema by `narrows.config.reference`; do not edit.

Settings are read from the file given with `-c`, else from `NARROWS_CONFIG`, else from `./narrows.yaml`. An unknown key
is an error, never ignored, and every problem is reported at once with its file, line and the nearest right name. So is
a key with nothing after it (`limits:`, `tls: ~`, `users: null`): what is left out has its default, what is written must
say something, and `{}` is a section in which everything is left out.

- Durations carry their unit: `500ms`, `30s`, `10m`, `1h`, `400d`. So do sizes: `64kb`, `10mb`, `1gb`; a kb is 1024
  bytes.
- An amount carries its unit, too: `5 usd`, `0.50 usd`, `2_000_000 tokens`; percentages are `80%`. Money has at most six
  decimals and is never rounded. A price is a plain number of dollars for a million tokens, a weight one of compute
  units. What is a text or a section may be written either way: `5 usd / day / user`. See
  [Limit spend, tokens and calls](../how-to/budgets.md).
- `${env:NAME}` in a text is replaced by an environment variable, `${file:/path}` by a file's content without its last
  line break; `$${` stands for `${`. Secrets belong there, not in the file.
- In globs `*` stands for any run of characters, everything else for itself; upper and lower case differ.
- With several issuers, users and groups are written `issuer:name` and claims `issuer:claim`; with one, bare names do.
"""


def reference() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_section("", mi.type_info(Config)))


def _section(key: str, section: mi.Type) -> Iterator[str]:
    """A section's table, then those of the sections below it."""
    assert isinstance(section, mi.StructType)  # noqa: S101 - the schema's own shape
    title = f"`{key}`" if key else "Top level"
    yield f"\n## {title}\n\n{' '.join((section.cls.__doc__ or '').split())}\n\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|\n"
    below: list[tuple[str, mi.Type]] = []
    for field in section.fields:
        name = field.encode_name
        shape = _shape(field.type)
        yield f"| `{name}` | {shape.words} | {_default(field, shape.unit)} | {_cell(shape.description)} |\n"
        if shape.section is not None:
            below.append((f"{key}.{name}{shape.suffix}".lstrip("."), shape.section))
    for name, inner in below:
        yield from _section(name, inner)


class _Shape(msgspec.Struct):
    """A type in words, and the section below it, if it has one."""

    words: str
    description: str = ""
    unit: str | None = None
    section: mi.StructType | None = None
    suffix: str = ""


def _shape(kind: mi.Type) -> _Shape:
    if isinstance(kind, mi.Metadata):
        shape = _shape(kind.type)
        shape.description = (kind.extra_json_schema or {}).get("description", "") or shape.description
        unit = (kind.extra or {}).get("unit")
        if unit:
            shape.unit = unit
            shape.words = unit if shape.section else shape.words.replace("whole number", unit).replace("number", unit)
            shape.section = None
        if (kind.extra or {}).get("lone"):
            shape.words = f"{shape.words.removeprefix('list of ')}, or one"
        return shape
    if isinstance(kind, mi.UnionType):
        return _shape(next(inner for inner in kind.types if not isinstance(inner, mi.NoneType)))
    if isinstance(kind, mi.StructType):
        return _Shape("text or section" if issubclass(kind.cls, Short) else "section", section=kind)
    if isinstance(kind, mi.VarTupleType):
        item = _shape(kind.item_type)
        return _Shape(f"list of {_plural(item.words)}", section=item.section, suffix=f"[]{item.suffix}")
    if isinstance(kind, mi.DictType):
        value = _shape(kind.value_type)
        return _Shape(f"names → {value.words}", section=value.section, suffix=f".<name>{value.suffix}")
    return _Shape(_scalar(kind))


def _scalar(kind: mi.Type) -> str:
    if isinstance(kind, mi.LiteralType):
        return " \\| ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, mi.EnumType):
        return " \\| ".join(f"`{member.value}`" for member in kind.cls)
    if isinstance(kind, mi.CustomType) and kind.cls is Secret:
        return "secret"
    if isinstance(kind, mi.BoolType):
        return "true or false"
    if isinstance(kind, mi.IntType | mi.FloatType):
        words = "whole number" if isinstance(kind, mi.IntType) else "number"
        bounds = [f"> {kind.gt}"] if kind.gt is not None else []
        bounds += [f"≥ {kind.ge}"] if kind.ge is not None else []
        bounds += [f"≤ {kind.le}"] if kind.le is not None else []
        return f"{words}, {', '.join(bounds)}" if bounds else words
    return "text"


def _plural(words: str) -> str:
    return {"text or section": "texts or sections"}.get(
        words, f"{words}s" if words in ("text", "section", "secret") else words
    )


def _default(field: mi.Field, unit: str | None) -> str:
    if field.required:
        return "**required**"
    value = field.default
    if value is msgspec.NODEFAULT or isinstance(value, msgspec.Struct) or value in ((), {}, None):
        return "—"
    return f"`{_written(value, unit)}`"


def _written(value: Any, unit: str | None) -> str:
    if unit == "duration":
        return duration(value)
    if unit == "size":
        return size(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value)


def duration(seconds: float) -> str:
    """Seconds as they are written in the file, in the largest unit that divides them."""
    for unit in ("d", "h", "m", "s"):
        count = seconds / DURATION_UNITS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{int(seconds * 1000)}ms"


def size(count: int) -> str:
    """Bytes as they are written in the file."""
    for unit, factor in (("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10)):
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{count}b"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
