"""What the gate may rely on, whatever the dialect: the contract of `narrows.ports.dialect.Dialect`."""

import pickle
from typing import Any

import anthropic
import httpx2
import msgspec
import openai
import pytest

from narrows.dialects.strict_json import read as read_json
from narrows.model.call import Asked
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import PATHS, REPLIES, REQUESTS, STREAMS, asked, dialect, reader, replay

NAMES = sorted(PATHS)
KINDS = ["anthropic", "json", "openai"]
UNKNOWN = {"x_new": {"deep": [1, None, {"a": "b"}]}, "x_literal": msgspec.Raw(b"1.50e3")}


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_and_literals_survive(name: str) -> None:
    kind, _ = PATHS[name]
    body: dict[str, Any] = {**REQUESTS[name], **UNKNOWN}
    forward = dialect(kind).forward(asked(name, body), None, None)
    assert b'"x_new":{"deep":[1,null,{"a":"b"}]}' in forward.body
    assert b'"x_literal":1.50e3' in forward.body


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_is_what_is_sent(name: str) -> None:
    kind, _ = PATHS[name]
    forward = dialect(kind).forward(asked(name, REQUESTS[name]), "renamed", 100)
    pieces = {content.label: content.data for content in forward.contents}
    assert len(pieces) == len(forward.contents)
    rebuilt = msgspec.json.decode(pieces.pop("$"))
    for label, data in pieces.items():
        rebuilt.setdefault(label[2:].partition("[")[0], []).append(msgspec.json.decode(data))
    assert rebuilt == msgspec.json.decode(forward.body)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_is_strict_and_asks_the_same(name: str) -> None:
    kind, path = PATHS[name]
    speaks = dialect(kind)
    route = speaks.route("POST", path, "")
    assert route is not None
    first = asked(name, REQUESTS[name])
    body = read_json(speaks.forward(first, None, None).body, speaks.governed)
    assert not isinstance(body, Deny)
    again = speaks.read(route, body)
    assert isinstance(again, Asked)
    assert sorted(text.value for text in again.texts) == sorted(text.value for text in first.texts)
    assert again.opaque == first.opaque


@pytest.mark.parametrize("name", NAMES)
def test_a_buffered_reply_is_one_last_event_and_passes_untouched(name: str) -> None:
    reads = reader(name, stream=False)
    data = msgspec.json.encode(REPLIES[name])
    *hidden, event = replay(reads, data, size=7)
    assert event.last
    assert all(other.hidden and reads.write(other) == b"" for other in hidden)
    assert msgspec.json.decode(reads.write(event)) == REPLIES[name]
    assert reads.content_type == b"application/json"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"", b"<html>502</html>", b'{"half":', b"\x00\xff"])
def test_a_reply_that_is_none_raises_reply_invalid(name: str, data: bytes) -> None:
    with pytest.raises(ReplyInvalid):
        replay(reader(name, stream=False), data)


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_exactly_the_end_of_a_stream_is_last(name: str) -> None:
    events = replay(reader(name, stream=True), STREAMS[name])
    assert [event.last for event in events] == [False] * (len(events) - 1) + [True]


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_failed_stream_never_looks_complete(name: str) -> None:
    reads = reader(name, stream=True)
    reads.feed(STREAMS[name][: len(STREAMS[name]) // 2])
    failed = reads.fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    assert failed.endswith(b"\n\n")
    assert b"too much" in failed
    for ending in (b"[DONE]", b"message_stop", b"response.completed"):
        assert ending not in failed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_can_be_told(kind: str, code: Code) -> None:
    body = dialect(kind).refuse(Deny(code, 'why "quoted" 🙂', param="$.x"), "req_1")
    assert 'why \\"quoted\\" 🙂'.encode() in body
    msgspec.json.decode(body)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 10_000, b'{"error":{"message":"sad"}}', b"<b>sad</b>"])
def test_an_upstreams_error_is_always_json_of_ours(kind: str, body: bytes) -> None:
    rendered = dialect(kind).upstream_error(500, body, "req_1")
    assert isinstance(msgspec.json.decode(rendered), dict)
    assert b"<b>" not in rendered


@pytest.mark.parametrize("kind", KINDS)
def test_a_dialect_pickles(kind: str) -> None:
    speaks = dialect(kind)
    again = pickle.loads(pickle.dumps(speaks))
    assert again.name == speaks.name
    assert again.operations == speaks.operations
    assert again.governed == speaks.governed
    path = next(path for other, path in PATHS.values() if other == kind)
    assert again.route("POST", path, "") == speaks.route("POST", path, "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path"), [("TRACE", "/v1/models"), ("GET", "/unknown"), ("POST", ""), ("PUT", "/v1/x")]
)
def test_what_no_dialect_knows_is_no_route(kind: str, method: str, path: str) -> None:
    assert dialect(kind).route(method, path, "") is None


@pytest.mark.parametrize("name", [name for name in NAMES if name != "json"])
@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": ["m"]}, {"model": "m" * 257}])
def test_a_body_without_a_model_is_refused_by_name(name: str, body: dict[str, Any]) -> None:
    kind, path = PATHS[name]
    speaks = dialect(kind)
    route = speaks.route("POST", path, "")
    assert route is not None
    deny = speaks.read(route, {**REQUESTS[name], "model": None, **body})
    assert isinstance(deny, Deny)
    assert (deny.code, deny.param) == (Code.BODY_INVALID, "$.model")


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_list_of_models_shows_only_what_is_usable(kind: str) -> None:
    speaks = dialect(kind)
    route = speaks.route("GET", "/v1/models", "")
    assert route is not None
    listing = speaks.read(route, {})
    assert isinstance(listing, Asked)
    reads = speaks.reply(listing, stream=False, usable=lambda name: name == "mine")
    (event,) = replay(reads, b'{"object":"list","data":[{"id":"mine"},{"id":"secret-model"}]}')
    written = reads.write(event)
    assert b"mine" in written
    assert b"secret-model" not in written


def call_chat(client: Any) -> Any:
    return client.chat.completions.create(model="m", messages=[], stream=True)


def call_responses(client: Any) -> Any:
    return client.responses.create(model="m", input="x", stream=True)


def call_messages(client: Any) -> Any:
    return client.messages.create(model="m", max_tokens=5, messages=[], stream=True)


SDKS = [("chat", openai, call_chat), ("responses", openai, call_responses), ("messages", anthropic, call_messages)]


def official(sdk: Any, stream: bytes) -> Any:
    """The official client, with `stream` as what any server answers."""
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=stream))
    make = sdk.OpenAI if sdk is openai else sdk.Anthropic
    return make(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))


@pytest.mark.parametrize(("name", "sdk", "call"), SDKS)
def test_the_official_sdk_reads_what_is_written(name: str, sdk: Any, call: Any) -> None:
    reads = reader(name, stream=True)
    events = replay(reads, STREAMS[name])
    shown = [event for event in events if not event.hidden and isinstance(event.data, dict)]
    received = list(call(official(sdk, b"".join(reads.write(event) for event in events))))
    assert len(received) == len(shown) - sum(event.name == "ping" for event in shown)


@pytest.mark.parametrize(("name", "sdk", "call"), SDKS)
def test_the_official_sdk_raises_on_a_refusal_in_mid_stream(name: str, sdk: Any, call: Any) -> None:
    reads = reader(name, stream=True)
    begun = b"".join(reads.write(event) for event in reads.feed(STREAMS[name][:800]))
    failed = begun + reads.fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    with pytest.raises(sdk.APIError, match="too much"):
        list(call(official(sdk, failed)))
