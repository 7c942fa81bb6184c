"""Reply heads."""

import pytest

from narrows.edge.replies import BODILESS, CLOSE, SplitReply, chunk, encode_head


def test_a_head() -> None:
    head = encode_head(200, [(b"a", b"b"), (b"c", b"")], b"content-length: 3\r\n" + CLOSE)
    assert head == b"HTTP/1.1 200 OK\r\na: b\r\nc: \r\ncontent-length: 3\r\nconnection: close\r\n\r\n"


def test_statuses_that_no_list_knows() -> None:
    assert encode_head(529, [], b"") == b"HTTP/1.1 529 \r\n\r\n"


def test_framing_is_not_the_handlers() -> None:
    assert encode_head(200, [(b"content-length", b"9"), (b"connection", b"x")], b"") == b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    "field", [(b"a", b"b\r\nc: d"), (b"a", b"b\n"), (b"a", b"b\r"), (b"a\r\nb", b"c"), (b"a", b"\0")]
)
@pytest.mark.parametrize("others", [[], [(b"x", b"y")], [(b"connection", b"\r\n"), (b"x", b"y"), (b"x", b"")]])
def test_a_field_that_splits_the_reply(field: tuple[bytes, bytes], others: list[tuple[bytes, bytes]]) -> None:
    for headers in ([field, *others], [*others, field]):
        with pytest.raises(SplitReply):
            encode_head(200, headers, b"")


def test_a_body_goes_with_its_head() -> None:
    assert encode_head(200, [(b"a", b"b")], CLOSE, b"1\r\n2") == encode_head(200, [(b"a", b"b")], CLOSE) + b"1\r\n2"
    assert encode_head(200, [], b"", b"\0") == b"HTTP/1.1 200 OK\r\n\r\n\0"


def test_chunks() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_bodies() -> None:
    assert [status for status in (100, 200, 204, 304, 404) if status in BODILESS] == [100, 204, 304]
