"""Where the browser lands: one address of this machine, one answer, and nothing that anybody else sends counts."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from narrows.client.failure import SignInFailed
from narrows.client.landing import landing

URI = "http://127.0.0.1/callback"


def get(uri: str, target: str, **headers: str) -> http.client.HTTPResponse:
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=10)
    try:
        connection.putrequest("GET", target, skip_host="host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        reply = connection.getresponse()
        reply.read()
        return reply
    finally:
        connection.close()


def test_the_answer_is_taken_and_nothing_else() -> None:
    with landing(URI) as here:
        parts = urlsplit(here.redirect_uri)
        assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/callback")
        assert parts.port not in (None, 0)
        seen: list[tuple[int, str]] = []

        def accepts(query: str) -> bool:
            return query == "state=mine"

        assert get(here.redirect_uri, "/callback?state=mine").status == 400, "nothing is expected yet"
        here.expect(accepts)
        with pytest.raises(SignInFailed, match="in time"):
            here.wait(0.0)
        for target, headers, status in (
            ("/callback?state=other", {}, 400),
            ("/other?state=mine", {}, 404),
            ("/callback?state=mine", {"host": "evil.test"}, 404),
            ("/callback?state=mine", {"host": f"evil.test:{parts.port}"}, 404),
            ("/callback?state=mine", {}, 200),
        ):
            reply = get(here.redirect_uri, target, **headers)
            seen.append((reply.status, target))
            assert reply.status == status
            assert reply.headers["cache-control"] == "no-store"
            assert reply.headers["referrer-policy"] == "no-referrer"
            assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert here.wait(10) == "state=mine"
        assert len(seen) == 5


def test_a_connection_that_says_nothing_keeps_nobody_waiting() -> None:
    with landing(URI) as here:
        port = urlsplit(here.redirect_uri).port
        here.expect(lambda query: True)
        with socket.create_connection(("127.0.0.1", port)):
            assert get(here.redirect_uri, "/callback?a").status == 200
            assert here.wait(10) == "a"


def test_it_is_gone_afterwards_and_never_on_another_address() -> None:
    with landing("http://localhost/") as here:
        port = urlsplit(here.redirect_uri).port
        assert here.redirect_uri == f"http://localhost:{port}/"
        with pytest.raises(SignInFailed, match=f"127.0.0.1:{port}"), landing(f"http://127.0.0.1:{port}/"):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("uri", ["https://127.0.0.1/", "http://0.0.0.0/", "http://gate.test/", "http://127.0.0.1/?a"])
def test_a_redirect_leads_to_this_machine(uri: str) -> None:
    with pytest.raises(SignInFailed, match="no redirect to this machine"), landing(uri):
        pass
