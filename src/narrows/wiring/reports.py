"""Reported false positives: texts in which a detector found what is none, kept as examples that must not match.

It owns one file of the data directory, a JSON object a line, readable by its owner alone. A text gets into it only
because someone gave it: the record of a call never holds what was masked.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

NAME: Final = "false-positives.jsonl"


class Report(msgspec.Struct, frozen=True):
    """One text, the detector that is wrong about it, and the call in which that showed."""

    call: str
    detector: str
    entity: str
    text: str


def read_reports(directory: Path) -> tuple[Report, ...]:
    """All of them, oldest first. Raises OSError, and ValueError for a file that is none of these."""
    try:
        data = (directory / NAME).read_bytes()
    except FileNotFoundError:
        return ()
    try:
        return tuple(msgspec.json.decode(line, type=Report) for line in data.splitlines() if line)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{directory / NAME}: {error}") from None


def add_reports(directory: Path, reports: tuple[Report, ...]) -> None:
    """Appends those that are not there yet. Raises OSError and ValueError, as reading does."""
    known = set(read_reports(directory))
    data = b"".join(msgspec.json.encode(report) + b"\n" for report in reports if report not in known)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(directory / NAME, flags, 0o600), "wb") as file:
        file.write(data)
