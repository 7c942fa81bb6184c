"""From fields to a checked head: framing, singletons, what ends at the edge."""

import pytest

from narrows.edge.forwarded import parse_networks
from narrows.edge.head import CHUNKED, Accepted, Memo, Origin, judge_head, repeat_field
from narrows.edge.paths import never
from narrows.model.verdict import Deny

ORIGIN = Origin("192.0.2.1")


def judge(headers: dict[bytes, bytes], *, minor: bytes = b"1", origin: Origin = ORIGIN) -> Accepted | Deny:
    return judge_head(b"POST", b"/a?b", minor, {b"host": b"gate", **headers}, origin, never, Memo())


def accept(headers: dict[bytes, bytes], *, minor: bytes = b"1", origin: Origin = ORIGIN) -> Accepted:
    outcome = judge(headers, minor=minor, origin=origin)
    assert isinstance(outcome, Accepted)
    return outcome


def test_a_plain_request() -> None:
    accepted = accept({b"content-length": b"12"})
    assert accepted.length == 12
    assert accepted.keep_alive
    assert accepted.chunked_reply
    assert not accepted.expects
    assert accepted.encoding is None
    assert (accepted.head.method, accepted.head.path, accepted.head.query) == ("POST", "/a", "b")
    assert (accepted.head.host, accepted.head.address, accepted.head.tls) == ("gate", "192.0.2.1", False)


@pytest.mark.parametrize("extra", [{}, {b"te": b"trailers"}], ids=["short way", "long way"])
def test_both_ways_through_agree(extra: dict[bytes, bytes]) -> None:
    assert accept(extra) == accept({})
    for length in (b"", b"+1", b"-1", b"1,1", b"0x1", b"1" * 16, b"1 "):
        assert isinstance(judge({b"content-length": length, **extra}), Deny)
    assert accept({b"content-length": b"007", **extra}).length == 7


@pytest.mark.parametrize(
    ("minor", "connection", "keeps"),
    [
        (b"1", None, True),
        (b"1", b"close", False),
        (b"1", b"Keep-Alive, CLOSE", False),
        (b"1", b"x-other", True),
        (b"0", None, False),
        (b"0", b"Keep-Alive", True),
        (b"0", b"keep-alive, close", False),
    ],
)
def test_who_keeps_the_connection(minor: bytes, connection: bytes | None, keeps: bool) -> None:
    accepted = accept({} if connection is None else {b"connection": connection}, minor=minor)
    assert accepted.keep_alive is keeps
    assert accepted.chunked_reply is (minor == b"1")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"gate", "gate"),
        (b"GATE.Example:8080", "gate.example"),
        (b"gate.example.", "gate.example"),
        (b"10.0.0.1:80", "10.0.0.1"),
        (b"[::1]:8080", "[::1]"),
        (b"my_host-1", "my_host-1"),
    ],
)
def test_the_host_is_a_name_without_its_port(host: bytes, name: str) -> None:
    assert accept({b"host": host}).head.host == name


@pytest.mark.parametrize(
    "host", [b"", b".", b"-", b"a..b", b"a/b", b"a@b", b"a:", b"a:b", b"a:123456", b"a,b", b"[::1", b"\xe9"]
)
def test_what_is_no_host_is_refused(host: bytes) -> None:
    assert isinstance(judge({b"host": host}), Deny)


@pytest.mark.parametrize(
    "headers",
    [
        {b"transfer-encoding": b"chunked", b"content-length": b"1"},
        {b"transfer-encoding": b"Chunked"},
        {b"transfer-encoding": b"gzip, chunked"},
        {b"transfer-encoding": b""},
        {b"upgrade": b"websocket"},
        {b"http2-settings": b"x"},
        {b"trailer": b"x"},
        {b"expect": b"200-ok"},
    ],
)
def test_framing_that_could_be_read_twice_is_refused(headers: dict[bytes, bytes]) -> None:
    assert isinstance(judge(headers), Deny)


def test_chunked_only_in_1_1() -> None:
    assert accept({b"transfer-encoding": b"chunked"}).length == CHUNKED
    assert isinstance(judge({b"transfer-encoding": b"chunked"}, minor=b"0"), Deny)
    assert isinstance(judge({b"expect": b"100-continue"}, minor=b"0"), Deny)


def test_an_expectation_without_a_body_expects_nothing() -> None:
    assert accept({b"expect": b"100-Continue", b"content-length": b"1"}).expects
    assert not accept({b"expect": b"100-continue"}).expects


def test_fields_that_end_here_are_gone() -> None:
    accepted = accept(
        {
            b"connection": b"X-Listed , keep-alive",
            b"x-listed": b"1",
            b"keep-alive": b"timeout=5",
            b"te": b"trailers",
            b"proxy-authorization": b"x",
            b"x-forwarded-proto": b"https",
            b"forwarded": b"for=1.1.1.1",
            b"accept": b"*/*",
            b"content-encoding": b"gzip",
        }
    )
    assert dict(accepted.head.headers) == {b"host": b"gate", b"accept": b"*/*", b"content-encoding": b"gzip"}
    assert accepted.encoding == b"gzip"


def test_forwarded_for_counts_from_listed_peers_only() -> None:
    sent = {b"x-forwarded-for": b"203.0.113.7"}
    trusted = parse_networks(["192.0.2.0/24"])
    assert accept(sent).head.address == "192.0.2.1"
    assert accept(sent, origin=Origin("192.0.2.1", listed=True, trusted=trusted)).head.address == "203.0.113.7"


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE", b"PROPFIND", b"PRI", b"X"])
def test_other_methods_are_refused(method: bytes) -> None:
    assert isinstance(judge_head(method, b"/", b"1", {b"host": b"gate"}, ORIGIN, never, Memo()), Deny)


def test_repeated_fields() -> None:
    headers = {b"accept": b"a", b"cookie": b"a=1", b"narrows-x": b"1", b"host": b"a"}
    assert repeat_field(headers, b"accept", b"b") is None
    assert repeat_field(headers, b"cookie", b"b=2") is None
    assert headers[b"accept"] == b"a, b"
    assert headers[b"cookie"] == b"a=1; b=2"
    for name in (b"host", b"narrows-x"):
        deny = repeat_field(headers, name, b"b")
        assert isinstance(deny, Deny)
        assert deny.param == name.decode()


def test_what_a_connection_repeats_is_remembered_and_what_it_changes_is_judged() -> None:
    memo = Memo()

    def ask(target: bytes, host: bytes | None) -> Accepted | Deny:
        headers = {} if host is None else {b"host": host}
        return judge_head(b"GET", target, b"1", headers, ORIGIN, never, memo)

    first, again, other = ask(b"/a", b"Gate"), ask(b"/a", b"Gate"), ask(b"/b?c", b"other:1")
    assert first == again
    assert isinstance(other, Accepted)
    assert (other.head.path, other.head.query, other.head.host) == ("/b", "c", "other")
    for target, host in (
        (b"/a//", b"other:1"),
        (b"/b?c", b"ot her"),
        (b"/b?c", None),
        (b"/b?c", b""),
        (b"", b"other:1"),
    ):
        assert isinstance(ask(target, host), Deny)
    assert isinstance(ask(b"/b?c", b"other:1"), Accepted)
    fresh = Memo()
    assert isinstance(judge_head(b"GET", b"/", b"1", {}, ORIGIN, never, fresh), Deny)
