"""The operator's own table of prices: one file in the data directory, `prices.json`.

Owns how it is kept: whole or not at all, for its owner only. What is in it is accounting's. An empty table is kept too:
a watch would take a file that is gone for one that is being replaced.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from narrows.stores.sqlite.directory import DataDirectory, create_private

NAME: Final = "prices.json"
FORMAT: Final = 1
EMPTY: Final = b"[]"


class PriceFileUnusable(ValueError):
    """The file can't be read, or is none of ours; the message says what to do."""


class Kept(msgspec.Struct, frozen=True):
    """A kept table. `source` is the name of the file it came from, `at` Unix time in microseconds."""

    format: int
    source: str
    at: int
    providers: msgspec.Raw

    @property
    def digest(self) -> str:
        """Names the table's content."""
        return hashlib.sha256(self.providers).hexdigest()[:16]


class PriceFile:
    """The file in a data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = DataDirectory(directory)
        self.path: Final = directory / NAME

    def read(self) -> Kept | None:
        """The table that is in force, or None. Raises PriceFileUnusable."""
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PriceFileUnusable(f"{self.path}: the prices can't be read: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PriceFileUnusable(f"{self.path}: is damaged ({error}); {_WAY_OUT}") from None
        if kept.format != FORMAT:
            raise PriceFileUnusable(f"{self.path}: is of another version of Narrows; {_WAY_OUT}")
        return None if bytes(kept.providers) == EMPTY else kept

    def write(self, providers: bytes, source: str, at: int) -> Kept:
        """Puts a table into force. Raises OSError, DataDirectoryError."""
        kept = Kept(FORMAT, source, at, msgspec.Raw(providers))
        self._directory.prepare()
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            create_private(temporary, msgspec.json.encode(kept))
            temporary.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        self._directory.sync()
        return kept


_WAY_OUT: Final = "`narrows prices update FILE` writes it anew, `narrows prices reset` goes back to the shipped table"
