"""Variants of secrets: a random value of a row's format, put where people put secrets.

Values are drawn from the row's pattern, one character out of each class; places are the notations of configuration,
source code, shells, headers and prose. Everything comes out of the given random source, so a run can be repeated.
"""

import random
import re
from collections.abc import Iterator, Sequence
from re import _constants as sc  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from narrows.masking.detector import Detector
from unit.masking.detectors import matching

ASSIGNED = (
    '{k}="{v}"',
    '{k} = "{v}"',
    "{k}={v}\n",
    "{k} = {v}\n",
    "export {k}={v}\n",
    "export {k}='{v}'\n",
    '{{\n    "{k}": "{v}"\n}}',
    '{{"id":7,"{k}":"{v}","b":1}}',
    '\\{{\n    \\"{k}\\": \\"{v}\\"\n\\}}',
    "<{k}>{v}</{k}>",
    "<{k}>\n    {v}\n</{k}>",
    '<entry name="{k}" value="{v}" />',
    "{k}: {v}\n",
    "{k}: '{v}'\n",
    '{k}: "{v}"\n',
    "{k}: |\n  {v}\n",
    "{k}: >\n  {v}\n",
    'string {k} = "{v}";',
    'var {k} string = "{v}"',
    '{k} := "{v}"',
    "{k} := `{v}`",
    "const {k} = '{v}';",
    "{k}: str = '{v}'",
    '$this->{k} = "{v}";',
    '"{k}" => "{v}",',
    'define("{k}", "{v}");',
    "os.environ['{k}'] = '{v}'",
    'config["{k}"] = "{v}"',
    '{k} ?= "{v}"',
    '{k} += "{v}"',
    "docker run -e {k}={v} image",
    "ENV {k} {v}\n",
    "client({k}='{v}')",
    '#define {k} "{v}"\n',
    "{k},{v},\n",
    "my {k} is {v}\n",
)
"""Where a value is assigned to a key `{k}`."""

ANYWHERE = (
    "{v}",
    "the value is {v}.\n",
    "({v})",
    '["{v}", "b"]',
    "curl -H 'Authorization: Bearer {v}' https://api.test/v1",
    'headers = {{"X-Token": "{v}"}}',
    "https://api.test/v1?token={v}&x=1",
    "https://x:{v}@host.test/repo.git",
    "echo {v} | base64",
    "line\\n{v}\\nline",
    "| {v} |",
    "//{v} is mine",
    "token: {v}, other",
    "`{v}`",
    "tool login --token {v} --yes",
)
"""Where a value whose form is distinctive may stand."""


def value(pattern: str, random_source: random.Random) -> str:
    """A random text of the pattern's language; repeats take one of their two ends or something between."""
    return _chain(_parser.parse(pattern), random_source)


def _chain(items: Any, source: random.Random) -> str:
    return "".join(_one(op, argument, source) for op, argument in items)


def _one(op: Any, argument: Any, source: random.Random) -> str:
    if op is sc.LITERAL:
        return chr(argument)
    if op is sc.IN:
        return source.choice(_characters(argument))
    if op is sc.BRANCH:
        return _chain(source.choice(argument[1]), source)
    if op is sc.SUBPATTERN:
        return _chain(argument[3], source)
    low, high, inner = argument
    count = source.randint(low, min(high, low + 40))
    return "".join(_chain(inner, source) for _ in range(count))


def _characters(items: Sequence[tuple[Any, Any]]) -> str:
    allowed = re.compile("[!-~]")
    inside = [char for char in map(chr, range(128)) if allowed.match(char)]
    chosen = {char for op, argument in items for char in _members(op, argument)}
    if items[0][0] is sc.NEGATE:
        return "".join(char for char in inside if char not in chosen and char not in "#%@:\"'`<>{}()[]\\;,&?")
    return "".join(sorted(chosen))


def _members(op: Any, argument: Any) -> Iterator[str]:
    if op is sc.LITERAL:
        yield chr(argument)
    elif op is sc.RANGE:
        yield from map(chr, range(argument[0], argument[1] + 1))


def keys(key: str) -> list[str]:
    """A key as the conventions of different languages write it."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", key) if word]
    return [
        "_".join(words).lower(),
        "_".join(words).upper(),
        words[0].lower() + "".join(word.capitalize() for word in words[1:]),
        "-".join(words).lower(),
        ".".join(words).lower(),
    ]


def variants(row: Detector, source: random.Random, count: int) -> Iterator[tuple[str, int, int]]:
    """Texts with a random value of the row in them, and where it stands."""
    places = list(_places(row))
    for _ in range(count):
        secret = value(row.pattern, source)
        before, after = source.choice(places)
        yield before + secret + after, len(before), len(before) + len(secret)


def _places(row: Detector) -> Iterator[tuple[str, str]]:
    """What stands before and behind a value: assignments for a row that minds only its name, else its examples."""
    key, assigns, _ = row.examples[0].partition(' = "')
    if row.lead and not (assigns and re.fullmatch(r"[A-Za-z0-9_.-]+", key)):
        for example in row.examples:
            start, end = next(matching.spans(row, example))
            yield example[:start], example[end:]
        return
    for place in ASSIGNED if row.lead else ASSIGNED + ANYWHERE:
        before, after = place.split("{v}")
        for name in keys(key if row.lead else "service_api_token"):
            yield before.format(k=name), after.format(k=name)


def recall(rows: Sequence[Detector], row: Detector, count: int) -> tuple[int, list[str]]:
    """How many of `count` variants of a row the rows mask, and the texts of the others."""
    source = random.Random(row.name)  # the same in each run
    missed = [text for text, start, end in variants(row, source, count) if not is_masked(rows, text, start, end)]
    return count - len(missed), missed


def is_masked(rows: Sequence[Detector], text: str, start: int, end: int) -> bool:
    """Whether the findings of the rows cover the span."""
    missing = set(range(start, end))
    for row in rows:
        for low, high in matching.spans(row, text):
            missing.difference_update(range(low, high))
        if not missing:
            return True
    return False
