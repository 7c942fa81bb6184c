"""Documents and forms: over TLS that is verified, without redirects and proxies that were not meant, within limits."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from narrows.client.failure import SignInFailed, Unreachable
from narrows.client.web import LIMIT, Web, checked, is_here
from unit.upstream.certificates import Authority

Says = Callable[[str, bytes], tuple[int, bytes]]


@contextmanager
def serving(says: Says, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, said = says(self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            if status in (301, 302, 307, 308):
                self.send_header("location", "/elsewhere")
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_document_and_a_form() -> None:
    with serving(lambda path, body: (200, json.dumps([path, body.decode()] and {"at": path}).encode())) as url:
        assert Web().get(f"{url}/doc?v=1") == {"at": "/doc?v=1"}
    with serving(lambda path, body: (400, json.dumps({"error": body.decode()}).encode())) as url:
        answer = Web().post(f"{url}/token", {"a": "b c", "d": "é"})
        assert (answer.status, answer.body) == (400, {"error": "a=b+c&d=%C3%A9"})


def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    def says(path: str, body: bytes) -> tuple[int, bytes]:
        seen.append(path)
        return 307, b"{}"

    with serving(says) as url:
        assert Web().post(f"{url}/token", {"secret": "x"}).status == 307
        with pytest.raises(SignInFailed, match="status 307"):
            Web().get(f"{url}/doc")
    assert seen == ["/token", "/doc"]


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"a": 1, "a": 2}', b"{}" * LIMIT])
def test_what_is_no_small_object_is_refused(body: bytes) -> None:
    with serving(lambda path, given: (200, body)) as url, pytest.raises(SignInFailed):
        Web().get(f"{url}/doc")


def test_a_proxy_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(lambda path, given: (200, b"{}")) as url:
        assert Web().get(f"{url}/doc") == {}


def test_nobody_there_may_be_there_later() -> None:
    with serving(lambda path, given: (200, b"{}")) as url:
        pass
    with pytest.raises(Unreachable, match="does not answer"):
        Web().get(f"{url}/doc")


def test_a_certificate_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(lambda path, given: (200, b"{}"), authority.server("127.0.0.1")) as url:
        assert Web(str(authority.bundle)).get(f"{url}/doc") == {}
        with pytest.raises(Unreachable):
            Web().get(f"{url}/doc")
    with pytest.raises(SignInFailed, match="not a readable PEM"):
        Web(str(tmp_path / "missing.pem"))


@pytest.mark.parametrize(
    "url", ["http://idp.test/", "ftp://127.0.0.1/", "https://u:p@idp.test/", "https:///", "https://i dp/", "//idp", "é"]
)
def test_an_address_that_is_not_safe_is_not_asked(url: str) -> None:
    with pytest.raises(SignInFailed):
        checked(url)
    with pytest.raises(SignInFailed):
        Web().post(url, {"secret": "x"})


def test_what_is_here() -> None:
    assert all(is_here(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"))
    assert not any(is_here(host) for host in ("localhost.evil.test", "10.0.0.1", "0.0.0.0", "gate", ""))
