import json

import msgspec
import pytest

from narrows.dialects.strict_json import read as read_json
from narrows.dialects.weight import MOST
from narrows.engine.bodies import (
    LARGE,
    MANY_TEXTS,
    Prepared,
    check_content_type,
    forwarded,
    forwarded_here,
    holds,
    is_large,
    read_large_request,
    read_request,
    recorded_contents,
)
from narrows.model.call import Asked
from narrows.model.record import Content
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.dialect import Forward, Route
from unit.engine.world import World, chat

DIALECT = World().snapshots.current.connections["openai"].dialect
CHAT = Route("chat", "/v1/chat/completions")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/vnd.x+json",
    ],
)
def test_json_in_utf8_is_read(kind: str) -> None:
    assert check_content_type({b"content-type": kind.encode()}) is None


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "text/jsonx"],
)
def test_anything_else_is_refused(kind: str | None) -> None:
    deny = check_content_type({} if kind is None else {b"content-type": kind.encode()})
    assert deny is not None
    assert deny.code is Code.ENCODING_UNSUPPORTED


def test_a_large_body_is_read_like_a_small_one() -> None:
    data = json.dumps(chat("a")).encode()
    assert read_request(DIALECT, CHAT, data) == read_large_request(DIALECT, CHAT, data)


@pytest.mark.parametrize("data", [b'{"model": "m", "model": "n", "x": ""}', b'{"x":[%b0]}' % (b'"",' * MOST)])
def test_a_large_body_is_refused_like_a_small_one(data: bytes) -> None:
    deny = read_large_request(DIALECT, CHAT, data)
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_MALFORMED


def test_what_is_large_depends_on_whether_it_is_masked() -> None:
    prose = json.dumps(chat("word " * 6_000)).encode()
    assert [is_large(prose, masked=masked) for masked in (False, True)] == [False, True]
    assert is_large(b'{"x":"%b"}' % (b"y" * LARGE), masked=False)
    assert is_large(json.dumps(["x"] * 5_000).encode(), masked=False)
    assert not is_large(json.dumps(chat()).encode(), masked=True)


async def test_what_was_put_together_apart_is_sent_as_it_is_and_for_nothing_else() -> None:
    forward = Forward(b"{}", (Content("$", b"{}"),))
    asked = Asked("chat", "m", Prepared(forward, "m", 5))
    assert await forwarded(DIALECT, asked, "m", 5) is forward
    assert await recorded_contents(DIALECT, asked, "m") == forward.contents
    for model, cap in (("n", 5), ("m", 6), ("m", None)):
        with pytest.raises(ValueError, match="changed"):
            await forwarded(DIALECT, asked, model, cap)


async def test_what_is_recorded_of_a_refused_request_is_its_body_if_it_was_read() -> None:
    tree = read_json(json.dumps(chat("a")).encode(), DIALECT.governed)
    assert not isinstance(tree, Deny)
    asked = DIALECT.read(CHAT, tree)
    assert isinstance(asked, Asked)
    assert [one.label for one in await recorded_contents(DIALECT, asked, None)] == ["$", "$.messages[0]"]
    assert await recorded_contents(DIALECT, Asked("chat", None, {}), None) == ()


@pytest.mark.parametrize("at", [0, LARGE - 3, LARGE, 2 * LARGE - 1, 3 * LARGE])
async def test_what_stands_anywhere_in_a_large_text_is_found(at: int) -> None:
    data = bytearray(3 * LARGE + 100)
    data[at : at + 6] = b"secret"
    assert await holds(bytes(data), lambda piece: b"secret" in piece)
    assert not await holds(bytes(3 * LARGE), lambda piece: b"secret" in piece)
    assert await holds(b"a secret", lambda piece: b"secret" in piece)


async def test_a_request_is_put_together_here_as_it_is_elsewhere_unless_that_takes_long() -> None:
    message = {"role": "user", "content": "x"}
    small, many = (
        read_request(DIALECT, CHAT, json.dumps({"model": "m", "messages": [message] * count}).encode())
        for count in (3, MANY_TEXTS + 1)
    )
    assert isinstance(small, Asked)
    assert isinstance(many, Asked)
    assert forwarded_here(DIALECT, small, "m", 9) == await forwarded(DIALECT, small, "m", 9)
    assert forwarded_here(DIALECT, many, "m", 9) is None
    prepared = Prepared(await forwarded(DIALECT, small, "m", 9), "m", 9)
    assert forwarded_here(DIALECT, msgspec.structs.replace(small, body=prepared), "m", 9) is None
