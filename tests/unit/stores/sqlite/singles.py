"""Journal files of the formats before, as gates of that time left them: three calls, one of which still ran."""

import sqlite3
from pathlib import Path
from typing import Final

MASTER: Final = bytes.fromhex("6da15dcbbc1255abf54f64d72ac5b2a37bc2dfe2337725422405c9f931a708c3")
DUMPS: Final = Path(__file__).with_name("data")


def singles(directory: Path) -> Path:
    """Puts the file that has a row for each entry into a data directory."""
    return earlier(directory, 2)


def earlier(directory: Path, version: int) -> Path:
    """Puts the file of a format, and the key it was sealed under, into a data directory."""
    (directory / "master.key").write_bytes(MASTER)
    (directory / "master.key").chmod(0o600)
    path = directory / "journal-001.db"
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript((DUMPS / f"format{version}.sql").read_text("ascii"))
    connection.close()
    return path
