"""Whose a connection is: as the kernel says, and nobody's where it says nothing."""

import os
import socket
from pathlib import Path

import pytest

from narrows.client.neighbours import TABLES, Neighbours

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   1: {local} {remote} 01 00000000:00000000 00:00000000 00000000  {uid}        0 3438876 1\n"
# 127.0.0.1:40000 → 127.0.0.1:8089, as a little-endian machine writes it.
PEER, HERE = ("127.0.0.1", 40000), ("127.0.0.1", 8089)
LOCAL, REMOTE = "0100007F:9C40", "0100007F:1F99"
MAPPED = "0000000000000000FFFF00000100007F"


def neighbours(path: Path, *rows: tuple[str, str, int]) -> Neighbours:
    table = path / "tcp"
    table.write_text(HEAD + "".join(ROW.format(local=a, remote=b, uid=uid) for a, b, uid in rows))
    return Neighbours([path / "missing", table], lambda: 1000)


@pytest.mark.skipif(os.sys.byteorder != "little", reason="the rows are of a little-endian machine")  # type: ignore[attr-defined]
def test_it_is_mine_if_the_other_end_is(tmp_path: Path) -> None:
    assert neighbours(tmp_path, (REMOTE, LOCAL, 0), (LOCAL, REMOTE, 1000)).is_mine(PEER, HERE)
    assert neighbours(tmp_path, (f"{MAPPED}:9C40", f"{MAPPED}:1F99", 1000)).is_mine(PEER, HERE)
    assert not neighbours(tmp_path, (LOCAL, REMOTE, 1001)).is_mine(PEER, HERE)
    assert not neighbours(tmp_path, (REMOTE, LOCAL, 1000)).is_mine(PEER, HERE), "that is this end"
    assert not neighbours(tmp_path, ("0100007F:9C41", REMOTE, 1000)).is_mine(PEER, HERE)
    assert not neighbours(tmp_path).is_mine(PEER, HERE)


def test_where_nobody_can_tell_it_is_not_mine(tmp_path: Path) -> None:
    nobody = Neighbours([tmp_path / "missing"])
    assert not nobody.can_tell()
    assert not nobody.is_mine(PEER, HERE)


@pytest.mark.skipif(not TABLES[0].exists(), reason="../shared: this system has no table of sockets")
def test_a_real_connection_of_this_process_is_mine() -> None:
    assert Neighbours().can_tell()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()) as client:
            accepted, peer = listening.accept()
            with accepted:
                assert Neighbours().is_mine(peer, accepted.getsockname())
                assert not Neighbours(uid=lambda: os.geteuid() + 1).is_mine(peer, accepted.getsockname())
        assert client.fileno() == -1
