"""A process that tells people is killed at any moment: what was not told is told after the next start, and what may
have been told already comes with the same id."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2e.processes import free_port
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load, load_or_create
from narrows.stores.sqlite.outbox import OutboxView
from narrows.stores.sqlite.ticketfile import Add, TicketFile
from narrows.wiring.clock import SystemClock
from unit.stores.sqlite.tickets import BODY, HOUR, ticket

KEY = base64.b64decode("A" * 32)


class Service:
    """Keeps what it is told, and checks who says so. While `open` is not set it takes messages and answers nothing."""

    def __init__(self, port: int) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.open = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                service.seen.append((self.headers["webhook-id"], service.verified(dict(self.headers), body)))
                if service.open.wait(20):
                    self.send_response(204)
                    self.end_headers()
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def verified(headers: dict[str, str], body: bytes) -> dict[str, Any]:
        stamp = headers["webhook-timestamp"]
        assert abs(int(stamp) - time.time()) < 60
        content = f"{headers['webhook-id']}.{stamp}.".encode() + body
        expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        found: dict[str, Any] = json.loads(body)
        return found

    def close(self) -> None:
        self.open.set()
        self.server.shutdown()
        self.server.server_close()


def ask(directory: Path, *numbers: int) -> None:
    now = SystemClock().now()
    file = TicketFile(directory, load(DataDirectory(directory)))
    file.write(
        [Add(msgspec.structs.replace(ticket(number), at=now + number, expires=now + HOUR), BODY) for number in numbers]
    )
    file.close()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    data = DataDirectory(tmp_path / "data")
    data.prepare()
    load_or_create(data)
    return data.path


class Sender:
    """The process that tells."""

    def __init__(self, directory: Path, port: int) -> None:
        script = Path(__file__).with_name("sending.py")
        command = [sys.executable, str(script), str(directory), f"http://127.0.0.1:{port}/hook"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def sender(directory: Path) -> Iterator[Callable[[int], Sender]]:
    made: list[Sender] = []

    def start(port: int) -> Sender:
        made.append(Sender(directory, port))
        return made[-1]

    yield start
    for each in made:
        if each.process.poll() is None:
            each.kill()


def tries(directory: Path) -> int:
    view = OutboxView(directory)
    try:
        return max((post.tries for post in view.standing().values()), default=0)
    finally:
        view.close()


def test_a_service_that_is_down_is_told_after_the_kill(directory: Path, sender: Callable[[int], Sender]) -> None:
    ask(directory, 1, 2)
    port = free_port()
    first = sender(port)
    until(lambda: tries(directory) >= 1)
    first.kill()
    ask(directory, 3)  # while nobody tells
    service = Service(port)
    service.open.set()
    sender(port)
    until(lambda: len(service.seen) >= 3)
    assert [told["data"]["ticket"][-1] for _, told in service.seen] == ["1", "2", "3"]
    assert len({ident for ident, _ in service.seen}) == 3
    service.close()


def test_what_was_on_its_way_comes_again_with_its_id(directory: Path, sender: Callable[[int], Sender]) -> None:
    ask(directory, 1)
    port = free_port()
    service = Service(port)
    first = sender(port)
    until(lambda: len(service.seen) == 1)
    first.kill()
    service.open.set()
    sender(port)
    until(lambda: len(service.seen) == 2)
    time.sleep(1)
    assert len(service.seen) == 2
    (one, told), (other, again) = service.seen
    assert one == other
    assert told == again
    service.close()
