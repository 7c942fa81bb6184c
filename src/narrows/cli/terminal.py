"""Printing to a terminal what others wrote: prompts, replies and user agents can hold escape sequences.

Owns how untrusted text is made harmless, the JSON lines of `--json`, and tables. Must not know any command.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.cells import cell_len, set_cell_size

_GAP: Final = "  "
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
    """Prints rows under headings; cells are made harmless and stay on one line each.

    On a terminal that is too narrow the last columns are left out, then the last one that stays is cut; the first,
    which holds what other commands take, never is. A pipe gets everything.
    """
    table = [tuple(columns), *(tuple(one_line("" if cell is None else str(cell)) for cell in row) for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    if sys.stdout.isatty():
        widths = _fitting(widths, shutil.get_terminal_size().columns)
    for number, row in enumerate(table):
        line = _GAP.join(_cut(cell, width) for cell, width in zip(row, widths, strict=False)).rstrip()
        say(f"\x1b[1m{line}\x1b[0m" if number == 0 and sys.stdout.isatty() else line)


def _fitting(widths: list[int], room: int) -> list[int]:
    """As many of these widths as there is room for, and a shorter last one if at least half of it fits."""
    kept: list[int] = []
    for width in widths:
        left = room - sum(kept) - len(_GAP) * len(kept)
        if kept and left < width:
            if left >= max(width // 2, 8):
                kept.append(left)
            break
        kept.append(width)
    return kept


def _cut(cell: str, width: int) -> str:
    return set_cell_size(cell, width) if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…"


def _escape(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if match[0] != "\x7f" else "\\u007f"


Row = dict[str, Any]
"""One object of `--json`."""
