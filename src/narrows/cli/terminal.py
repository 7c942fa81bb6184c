"""Printing to a terminal what others wrote: prompts, replies and user agents can hold escape sequences.

Owns how untrusted text is made harmless, the JSON lines of `--json`, and tables. Must not know any command.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline; C1 holds one-byte escape sequences
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, line-breaking and reordering ones
    "\ud800-\udfff\U000e0000-\U000e007f]"  # lone surrogates and tags
)


def harmless(text: str) -> str:
    """The text with every character that could steer a terminal or hide itself written as an escape."""
    return _UNSAFE.sub(_escape, text)


def one_line(text: str, width: int | None = None) -> str:
    """The same on a single line, cut with an ellipsis at `width` characters."""
    flat = harmless(text.replace("\r\n", "\n").replace("\n", "⏎ ").replace("\t", " "))
    return flat if width is None or len(flat) <= width else flat[: max(width - 1, 0)] + "…"


def json_line(row: object) -> str:
    """One JSON object on one line; characters that could steer a terminal are escaped, all others stand as they are."""
    return _UNSAFE.sub(_json_escape, json.dumps(row, ensure_ascii=False, separators=(", ", ": ")))


def print_json(row: object) -> None:
    """Writes one line of JSON to standard output, at once."""
    sys.stdout.write(json_line(row) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Writes a line to standard output. The caller has made it harmless."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """Writes a line to standard error, made harmless."""
    sys.stderr.write(harmless(text) + "\n")
    sys.stderr.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows under headings; cells are made harmless and stay on one line each."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, overflow="ellipsis", no_wrap=True, max_width=None if index else 64)
    for row in rows:
        table.add_row(*(Text(one_line("" if cell is None else str(cell))) for cell in row))
    console().print(table)


def console() -> Console:
    """Standard output as Rich sees it now; pipes get whole lines, never cut at a guessed width."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False, width=_width())


def _width() -> int | None:
    return None if sys.stdout.isatty() else 240


def _escape(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if match[0] != "\x7f" else "\\u007f"


Row = dict[str, Any]
"""One object of `--json`."""
