"""Messages are signed as Standard Webhooks says, and answers are believed only where they are what was asked for."""

import asyncio
import base64
from typing import Any

import msgspec
import pytest

from narrows.model.span import Span
from narrows.plugins.kinds import analyzing, classifying
from narrows.plugins.webhook import Service, TextService, signed
from narrows.ports.http import HeaderList
from narrows.ports.plugin import PluginFailed
from unit.engine.world import Ticking

KEY = b"k" * 32


class Posted:
    """The way to a service that answers with what it is told to."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.sent: list[tuple[dict[bytes, bytes], Any]] = []
        self.closed = False

    async def send(self, headers: HeaderList, body: bytes) -> bytes:
        self.sent.append((dict(headers), msgspec.json.decode(body)))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            await asyncio.sleep(60)
        return self.answer if isinstance(self.answer, bytes) else msgspec.json.encode(self.answer)

    def close(self) -> None:
        self.closed = True

    def retire(self) -> None:
        self.closed = True


def names(post: Posted) -> TextService[tuple[Span, ...]]:
    facts = {"name": "names", "entities": ["PERSON"]}
    return TextService(Service(post, KEY, Ticking()), analyzing("names", {"PERSON"}), facts)


def topics(post: Posted) -> TextService[tuple[str, ...]]:
    return TextService(Service(post, KEY, Ticking()), classifying({"a", "b"}, 0.5), {"name": "topics"})


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification's libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = dict(signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'))
    assert headers[b"webhook-signature"] == b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers[b"webhook-id"] == b"msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers[b"webhook-timestamp"] == b"1614265330"


async def test_spans_come_back_in_the_order_of_the_texts() -> None:
    post = Posted({"spans": [[], [{"start": 4, "end": 7, "entity": "PERSON", "score": 0.9}]]})
    assert await names(post).ask(["none", "ask Ada"], 5.0) == [(), (Span(4, 7, "PERSON", 0.9, "names"),)]
    ((headers, told),) = post.sent
    assert told["type"] == "narrows.analyze"
    assert told["timestamp"] == "2027-01-15T08:00:00+00:00"
    assert told["data"] == {"name": "names", "entities": ["PERSON"], "texts": ["none", "ask Ada"]}
    assert headers[b"webhook-timestamp"] == b"1800000000"


async def test_labels_come_back_where_they_are_sure_enough() -> None:
    post = Posted({"labels": [{"a": 0.9, "b": 0.1}, {}]})
    assert await topics(post).ask(["x", "y \udc00"], 5.0) == [("a",), ()]
    assert post.sent[0][1]["data"]["texts"] == ["x", "y ?"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json",
        b"\xff",
        {},
        [],
        {"labels": [{"a": 1.0}], "more": 1},
        {"labels": [{"a": "1.0"}]},
        {"labels": [{"a": None}]},
        {"labels": []},
        {"labels": [{}, {}]},
        {"labels": [{"z": 1.0}]},
        {"labels": [{"a": 7}]},
        {"spans": [[]]},
    ],
)
async def test_any_other_answer_is_a_failure(answer: Any) -> None:
    with pytest.raises(PluginFailed):
        await topics(Posted(answer)).ask(["x"], 5.0)


async def test_a_service_that_hangs_or_fails_is_a_failure() -> None:
    with pytest.raises(PluginFailed, match="in time"):
        await topics(Posted()).ask(["x"], 0.01)
    with pytest.raises(PluginFailed, match="status 302"):
        await topics(Posted(PluginFailed("answered with status 302"))).ask(["x"], 5.0)


async def test_its_connections_are_let_go() -> None:
    post = Posted()
    await topics(post).end()
    assert post.closed
