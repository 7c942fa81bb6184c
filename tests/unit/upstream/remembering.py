"""A connection to nobody: its transport and its owner only remember."""

import asyncio
from typing import cast

from narrows.upstream.connection import Connection
from unit.upstream.scripted import QUICK


class Silent:
    """A transport that takes what it is given."""

    def __init__(self) -> None:
        self.writes: list[int] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.writes.append(len(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True


class Nobody:
    """An owner that only counts."""

    def __init__(self) -> None:
        self.free = 0

    def released(self, connection: Connection) -> None:
        self.free += 1

    def lost(self, connection: Connection) -> None:
        pass


def connected() -> tuple[Connection, Silent, Nobody]:
    owner, transport = Nobody(), Silent()
    connection = Connection(asyncio.get_running_loop(), owner, QUICK)
    connection.connection_made(cast("asyncio.Transport", transport))
    return connection, transport, owner
