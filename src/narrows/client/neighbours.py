"""Whether a connection to a loopback port comes from this very user: other people of the machine can open one, too.

The kernel's table of TCP sockets says whose the other end is. Where there is no such table nobody can tell.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

_LOCAL, _REMOTE, _UID = 1, 2, 7
"""Columns of proc(5)'s tables."""

Address = tuple[str, int]


class Neighbours:
    """Says whose sockets are. `tables` are the kernel's."""

    def __init__(self, tables: Iterable[Path] = TABLES, uid: Callable[[], int] = os.geteuid) -> None:
        self._tables = tuple(tables)
        self._uid = uid

    def can_tell(self) -> bool:
        """Whether this system says whose sockets are."""
        return any(os.access(table, os.R_OK) for table in self._tables)

    def is_mine(self, peer: Address, here: Address) -> bool:
        """Whether the socket at `peer`, connected to `here`, belongs to this user; False where nobody can tell."""
        wanted = _forms(peer), _forms(here)
        for table in self._tables:
            try:
                rows = table.read_text(encoding="ascii").splitlines()[1:]
            except (OSError, UnicodeDecodeError):
                continue
            for row in rows:
                cells = row.split()
                if len(cells) > _UID and cells[_LOCAL] in wanted[0] and cells[_REMOTE] in wanted[1]:
                    return cells[_UID] == str(self._uid())
        return False


def _forms(address: Address) -> frozenset[str]:
    """An address as the tables write it: words of four bytes in the machine's own order, and the port in hexadecimal.
    An IPv4 address stands in the table of IPv6, too, if its socket is one of those."""
    host, port = address[0], address[1]
    parsed = ip_address(host)
    packed = [parsed.packed]
    if parsed.version == 4:
        packed.append(socket.inet_pton(socket.AF_INET6, f"::ffff:{host}"))
    return frozenset(f"{_words(each)}:{port:04X}" for each in packed)


def _words(packed: bytes) -> str:
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
