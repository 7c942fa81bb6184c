"""Many rows in few statements. Each statement that SQLite steps gives the interpreter's lock away and must get it back
from a busy event loop, so a batch should be a handful of steps, not one a row.

Python's module searches its adapters, thousands of instructions, for each value that is not exactly an int, a float, a
str or a bytearray; so bytes are bound as bytearrays, and rows that come often hold neither None nor an enum."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

_MOST: Final = 64
_ANY: Final = 16
"""A usual batch is one statement: up to here there is one for every number of rows, beyond for powers of two."""


class RowStatement:
    """`head` followed by 1, 2, 3 … 16, 32, 64 row placeholders: texts that SQLite's statement cache keeps compiled."""

    __slots__ = ("_by_size", "_one")

    def __init__(self, head: str, row: str, tail: str = "") -> None:
        sizes = {*range(1, _ANY + 1), *(1 << power for power in range(_MOST.bit_length()))}
        self._by_size = {size: f"{head} {', '.join([row] * size)}{tail}" for size in sizes}
        self._one = self._by_size[1]

    def run(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Executes the statement for all rows."""
        if len(rows) == 1:
            bound = [bytearray(value) if type(value) is bytes else value for value in rows[0]]
            connection.execute(self._one, bound)
            return
        start, left = 0, len(rows)
        while left:
            take = left if left <= _ANY else min(1 << (left.bit_length() - 1), _MOST)
            values = chain.from_iterable(rows[start : start + take])
            bound = [bytearray(value) if type(value) is bytes else value for value in values]
            connection.execute(self._by_size[take], bound)
            start += take
            left -= take


ADD_LOG: Final = RowStatement("INSERT INTO log VALUES", "(?, ?, ?, ?, ?)")
ADD_CONTENT: Final = RowStatement("INSERT INTO content VALUES", "(?, ?, ?, ?)")
ADD_KEY: Final = RowStatement("INSERT INTO keys VALUES", "(?, ?, ?, ?, ?)")
ADD_CONTEXT: Final = RowStatement("INSERT INTO context VALUES", "(?, ?, ?)")
