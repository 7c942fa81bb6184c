"""One message in, one out; the process itself is in test_offload."""

import pickle
import socket
import struct
import threading
from pathlib import Path

import pytest

from narrows.wiring.blueprint import Blueprint
from narrows.wiring.worker import ASK, COUNT, DONE, FAILED, KEPT, LOAD, SIZE, Worker, header, receive, serve
from unit.wiring.test_blueprint import CONFIG, drawn


def packed(tmp_path: Path, revision: str | None = None) -> bytes:
    plan: Blueprint = drawn(CONFIG, tmp_path, revision)
    return pickle.dumps(plan)


def test_it_answers_under_the_snapshot_that_is_named(tmp_path: Path) -> None:
    worker = Worker()
    assert worker.handle([LOAD, b"1", packed(tmp_path)]) == [DONE]
    (kind, reason) = worker.handle([ASK, b"2", b"", b""])
    assert (kind, reason) == (FAILED, b"KeyError")


def test_it_keeps_the_latest_snapshots(tmp_path: Path) -> None:
    worker = Worker()
    for number in range(KEPT + 1):
        worker.handle([LOAD, b"%d" % number, packed(tmp_path)])
    assert worker.handle([ASK, b"0", b"", b""]) == [FAILED, b"KeyError"]
    assert worker.handle([ASK, b"1", b"", b""]) == [FAILED, b"DecodeError"], "known, but that is no question"


def test_what_can_t_be_built_says_why(tmp_path: Path) -> None:
    (kind, reason) = Worker().handle([LOAD, b"1", packed(tmp_path, "0123456789abcdef")])
    assert kind == FAILED
    assert b"policies" in reason


def test_a_failure_is_told_by_its_class(caplog: pytest.LogCaptureFixture) -> None:
    assert Worker().handle([LOAD, b"1", b"no pickle of canary"])[0] == FAILED
    assert "canary" not in caplog.text


def test_messages_survive_the_socket_and_its_end_is_the_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        parts = [b"", b"x" * 1_000_000, b"y"]
        thread = threading.Thread(target=lambda: [here.sendall(header(parts)), *map(here.sendall, parts)])
        thread.start()
        assert receive(there) == parts
        thread.join()
        served = threading.Thread(target=serve, args=(there,))
        served.start()
        here.sendall(header([ASK, b"1", b"", b""]) + ASK + b"1")
        assert receive(here) == [FAILED, b"KeyError"]
        here.shutdown(socket.SHUT_WR)
        served.join(5)
        assert not served.is_alive()


def test_a_header_says_the_number_and_the_sizes_of_the_parts() -> None:
    assert header([b"ab", b""]) == struct.pack(">IQQ", 2, 2, 0)
    assert len(header([b""] * 3)) == COUNT.size + 3 * SIZE.size
