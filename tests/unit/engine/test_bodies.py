import json

import pytest

from narrows.dialects.strict_json import read as read_json
from narrows.engine.bodies import check_content_type, digest_reply, read_large_request, read_request, slim
from narrows.model.call import Asked
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid, Route
from unit.engine.world import Inline, World, chat, completion

DIALECT = World().snapshots.current.connections["openai"].dialect
CHAT = Route("chat", "/v1/chat/completions")


def asked(body: object) -> Asked:
    """What a body asks, read in this process."""
    tree = read_json(json.dumps(body).encode(), DIALECT.governed)
    assert not isinstance(tree, Deny)
    read = DIALECT.read(CHAT, tree)
    assert isinstance(read, Asked)
    return read


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


async def test_a_large_body_is_read_like_a_small_one_in_another_process() -> None:
    offload = Inline()
    data = json.dumps(chat("a")).encode()
    here, there = read_request(DIALECT, CHAT, data), await read_large_request(DIALECT, CHAT, data, offload)
    assert offload.runs == 1
    assert isinstance(here, Asked)
    assert isinstance(there, Asked)
    assert here.texts == there.texts


async def test_a_large_body_is_refused_like_a_small_one() -> None:
    data = b'{"model": "m", "model": "n", "x": ""}'
    for deny in (read_request(DIALECT, CHAT, data), await read_large_request(DIALECT, CHAT, data, Inline())):
        assert isinstance(deny, Deny)
        assert deny.code is Code.BODY_MALFORMED


def test_a_reply_digested_elsewhere_carries_its_texts_and_takes_others() -> None:
    data = json.dumps(completion("Hello")).encode()
    first = digest_reply(DIALECT, slim(asked(chat())), data, None)
    (event,) = first.events
    assert event.data is None
    assert json.loads(first.body)["choices"][0]["message"]["content"] == "Hello"
    texts = [delta.text for delta in event.deltas]
    changed = ["[x]" if text == "Hello" else text for text in texts]
    second = digest_reply(DIALECT, slim(asked(chat())), data, [changed])
    assert json.loads(second.body)["choices"][0]["message"]["content"] == "[x]"


def test_garbage_digested_elsewhere_is_invalid() -> None:
    with pytest.raises(ReplyInvalid):
        digest_reply(DIALECT, slim(asked(chat())), b"<html>", None)


def test_a_list_of_models_read_elsewhere_shows_none() -> None:
    listing = json.dumps({"object": "list", "data": [{"id": "secret-model", "object": "model"}]}).encode()
    assert b"secret-model" not in digest_reply(DIALECT, Asked("models", None, {}), listing, None).body
