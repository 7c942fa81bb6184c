"""A journal file of the format before, as a gate of that time left it: three calls, one of which still ran."""

import sqlite3
from pathlib import Path
from typing import Final

MASTER: Final = bytes.fromhex("6da15dcbbc1255abf54f64d72ac5b2a37bc2dfe2337725422405c9f931a708c3")
DUMP: Final = Path(__file__).with_name("data") / "format2.sql"


def singles(directory: Path) -> Path:
    """Puts the file, and the key it was sealed under, into a data directory."""
    (directory / "master.key").write_bytes(MASTER)
    (directory / "master.key").chmod(0o600)
    path = directory / "journal-001.db"
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(DUMP.read_text("ascii"))
    connection.close()
    return path
