"""Idempotency keys of several callers are in test_forwarding."""

import msgspec

from narrows.engine.onward import onward_headers
from unit.engine.test_chain import CALL

PASSED = frozenset({b"openai-beta", b"idempotency-key"})


def test_only_declared_headers_are_passed_on() -> None:
    call = msgspec.structs.replace(CALL, method="POST")
    given = {b"openai-beta": b"v2", b"authorization": b"Bearer mine", b"cookie": b"c", b"accept": b"*/*"}
    headers = dict(onward_headers(call, given, PASSED))
    assert headers == {
        b"accept": b"application/json",
        b"content-type": b"application/json",
        b"openai-beta": b"v2",
        b"x-request-id": call.request_id.encode(),
    }


def test_what_is_accepted_is_what_was_asked_for() -> None:
    asked = msgspec.structs.replace(CALL.asked, stream=True)
    headers = dict(onward_headers(msgspec.structs.replace(CALL, method="GET", asked=asked), {}, PASSED))
    assert headers[b"accept"] == b"text/event-stream"
    assert b"content-type" not in headers


def test_an_idempotency_key_is_hashed_with_the_caller() -> None:
    key = dict(onward_headers(CALL, {b"idempotency-key": b"k"}, PASSED))[b"idempotency-key"]
    assert len(key) == 40
    assert key == dict(onward_headers(CALL, {b"idempotency-key": b"k"}, PASSED))[b"idempotency-key"]
