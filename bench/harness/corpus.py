"""Texts that no template makes: passages of prose and code out of what every machine has, its Python and its licences.

The corpus is made when a benchmark starts, always alike on one machine: as much prose (licences, docstrings) as code,
printable ASCII. A passage is a run of consecutive words of it, so that two of them are as unlike as two questions of
people are: what remembers texts, or compiles what it meets, gains nothing from having seen another one.
"""

import ast
import json
import random
import re
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

HALF = 700_000
"""Characters of prose, and of code."""

_LICENCES = Path("/usr/share/common-licenses")
_PLAIN = re.compile(r"[^\n\x20-\x7e]")


def _modules() -> Iterator[str]:
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py")):
        yield path.read_text(encoding="utf-8", errors="replace")


def _docstrings(source: str) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def _prose() -> Iterator[str]:
    if _LICENCES.is_dir():
        for path in sorted(_LICENCES.iterdir()):
            if path.is_file() and not path.is_symlink():
                yield path.read_text(encoding="utf-8", errors="replace")
    for source in _modules():
        yield from _docstrings(source)


def _code() -> Iterator[str]:
    for source in _modules():
        yield from (f"{line}\n" for line in source.splitlines() if line.strip())


def _some(texts: Iterator[str], size: int) -> str:
    parts: list[str] = []
    length = 0
    for text in texts:
        parts.append(_PLAIN.sub("", text.expandtabs(4)))
        length += len(parts[-1]) + 1
        if length >= size:
            break
    return "\n".join(parts)[:size]


class Corpus:
    """The texts, and passages of them."""

    def __init__(self) -> None:
        self.text = _some(_prose(), HALF) + "\n" + _some(_code(), HALF)

    def write(self, path: Path) -> None:
        """For `chat.lua`: as it stands inside a JSON string, so that no passage has to be escaped."""
        path.write_text(json.dumps(self.text)[1:-1], encoding="ascii")

    def passage(self, chance: random.Random, size: int) -> str:
        """Consecutive words, of about `size` characters."""
        at = self.text.index(" ", chance.randrange(len(self.text) - size - 1_000)) + 1
        return self.text[at : self.text.rindex(" ", at, at + size)]
