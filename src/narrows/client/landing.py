"""Where a browser lands after a sign-in: a listener on 127.0.0.1 that takes one answer and is gone.

RFC 8252, section 7.3. What reaches it comes from anywhere: other programs of this machine, and every web page that the
browser shows. So it takes nothing but the answer that the caller recognises, and goes on listening after everything
else; it answers with fixed pages, and logs nothing.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from narrows.client.failure import SignInFailed

HERE: Final = "127.0.0.1"
HOSTS: Final = (HERE, "localhost")
_SECONDS: Final = 10.0
"""A connection that sends nothing for so long is closed."""

_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Narrows</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "connection": "close",
}

Accepts = Callable[[str], bool]
"""Whether a query is the answer."""


class Landing:
    """A listener that is open. `redirect_uri` is what the provider is told."""

    def __init__(self, server: "_Server", redirect_uri: str) -> None:
        self._server = server
        self.redirect_uri = redirect_uri

    def expect(self, accepts: Accepts) -> None:
        """Says what the answer is; until then nothing is one. To be called before the browser is sent anywhere."""
        self._server.accepts = accepts

    def wait(self, seconds: float) -> str:
        """The query of the answer. Raises SignInFailed after `seconds`."""
        try:
            return self._server.answers.get(timeout=seconds)
        except queue.Empty:
            raise SignInFailed("nobody signed in in time; try again, or use --device") from None


@contextlib.contextmanager
def landing(uri: str) -> Iterator[Landing]:
    """Listens for a redirect to `uri`, at a random port unless it names one. Raises SignInFailed."""
    parts = urlsplit(uri)
    if parts.scheme != "http" or parts.hostname not in HOSTS or parts.query or parts.fragment:
        raise SignInFailed(f"{uri!r} is no redirect to this machine")
    try:
        server = _Server(parts.port or 0, parts.path or "/")
    except OSError as error:
        raise SignInFailed(f"can't listen on {HERE}:{parts.port or 0} for the sign-in: {error.strerror}") from None
    port = server.server_address[1]
    server.names = frozenset(f"{host}:{port}" for host in HOSTS)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Landing(server, f"http://{parts.hostname}:{port}{parts.path}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each connection: browsers open some that they never use."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, path: str) -> None:
        self.path = path
        self.names: frozenset[str] = frozenset()
        self.accepts: Accepts = _nothing
        self.answers: queue.Queue[str] = queue.Queue()
        super().__init__((HERE, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is nobody's business."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SECONDS
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if self.headers.get("host", "") not in self.server.names or parts.path != self.server.path:
            self._reply(404, "Nothing is here", "This address is only for signing in to Narrows.")
        elif not self.server.accepts(parts.query):
            self._reply(400, "That is no answer", "This is not the sign-in that Narrows waits for.")
        else:
            self._reply(200, "Done", "You can close this window and go back to the terminal.")
            self.server.answers.put(parts.query)

    def _reply(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response_only(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Queries hold codes: nothing is logged."""


def _nothing(_query: str) -> bool:
    return False
