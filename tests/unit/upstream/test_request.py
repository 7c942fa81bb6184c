"""Heads of requests: what is always there, what is never forwarded, what can't be injected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.model.refusal import Code
from narrows.ports.http import UpstreamFailed
from narrows.upstream.request import RequestHeads
from narrows.upstream.target import parse_target

HEADS = RequestHeads(parse_target("https://api.example.com/base/"), [(b"x-secret", b"hush")])


def lines(head: bytes) -> list[bytes]:
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def test_a_head() -> None:
    assert lines(HEADS.head("POST", "/v1/chat?x=%20", [(b"accept", b"*/*")], 12)) == [
        b"POST /base/v1/chat?x=%20 HTTP/1.1",
        b"host: api.example.com",
        b"connection: keep-alive",
        b"accept-encoding: identity",
        b"user-agent: narrows",
        b"x-secret: hush",
        b"accept: */*",
        b"content-length: 12",
    ]


def test_a_body_goes_with_its_head() -> None:
    with_body = HEADS.head("POST", "/", [(b"accept", b"*/*")], 5, b"a\r\nb\0")
    assert with_body == HEADS.head("POST", "/", [(b"accept", b"*/*")], 5) + b"a\r\nb\0"


def test_the_length_is_left_out_where_there_is_no_body() -> None:
    assert b"content-length" not in HEADS.head("GET", "/", [], 0)
    assert b"content-length: 0\r\n" in HEADS.head("POST", "/", [], 0)


def test_the_agent_is_the_callers_own_where_that_is_wanted() -> None:
    heads = RequestHeads(parse_target("http://gate"), agent=None)
    assert b"user-agent" not in heads.head("GET", "/", [], 0)
    assert heads.head("GET", "/", [(b"user-agent", b"tool/1")], 0).count(b"user-agent: tool/1\r\n") == 1


@pytest.mark.parametrize(
    "name",
    (
        b"host content-length transfer-encoding connection accept-encoding expect upgrade te trailer "
        b"authorization Authorization x-api-key proxy-authorization X-Secret"
    ).split(),
)
def test_headers_that_are_the_gates_own_are_dropped(name: bytes) -> None:
    for _ in range(2):
        assert HEADS.head("GET", "/", [(name, b"smuggled")], 0).count(b"smuggled") == 0


def test_a_pool_without_a_credential_still_drops_the_callers() -> None:
    heads = RequestHeads(parse_target("http://h"))
    assert b"token" not in heads.head("GET", "/", [(b"authorization", b"token"), (b"x-api-key", b"token")], 0)


def test_a_fetcher_may_send_its_own_authorization() -> None:
    heads = RequestHeads(parse_target("http://h"), dropped=())
    assert b"\r\nauthorization: Basic x\r\n" in heads.head("GET", "/", [(b"authorization", b"Basic x")], 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"a", b"x\r\nevil: 1"),
        (b"accept", b"x\r\nevil: 1"),
        (b"accept", b"x\n"),
        (b"accept", b"x\r"),
        (b"a", b"x\nevil: 1"),
        (b"a", b"x\rb"),
        (b"a", b"x\0"),
        (b"a: b\r\nevil", b"x"),
        (b"a b", b"x"),
        (b"", b"x"),
        (b"a:", b"x"),
    ],
)
def test_a_header_can_not_bring_lines_of_its_own(name: bytes, value: bytes) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        HEADS.head("GET", "/", [(name, value)], 0)
    assert (caught.value.deny.code, caught.value.sent) == (Code.REQUEST_MALFORMED, False)


@pytest.mark.parametrize("target", ["", "v1", "/a b", "/a\r\nb", "/ä", "/a\0", "http://evil/", "/a\x7f"])
def test_a_target_that_can_not_be_written_is_refused(target: str) -> None:
    with pytest.raises(UpstreamFailed):
        HEADS.head("GET", target, [], 0)


@pytest.mark.parametrize("method", ["HEAD", "CONNECT", "TRACE", "get", "", "GET / HTTP/1.1\r\n"])
def test_a_method_that_is_not_forwarded_is_refused(method: str) -> None:
    with pytest.raises(UpstreamFailed):
        HEADS.head(method, "/", [], 0)


def test_names_are_remembered_only_so_far() -> None:
    heads = RequestHeads(parse_target("http://h"))
    for number in range(1000):
        assert b"\r\nx-%d: v\r\n" % number in heads.head("GET", "/", [(b"x-%d" % number, b"v")], 0)
    assert len(heads._names) <= 256


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4))
def test_whatever_is_given_a_head_has_as_many_lines_as_it_should(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        head = HEADS.head("GET", "/", headers, 0)
    except UpstreamFailed:
        return
    assert len(lines(head)) <= 6 + len(headers)
    assert head.count(b"\r\n\r\n") == 1
