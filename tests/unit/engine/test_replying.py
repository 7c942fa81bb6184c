import json

import pytest

from narrows.engine.replying import explained, passed_headers, refuse
from narrows.model.refusal import REGISTRY, Code
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead
from unit.engine.world import MemoryExchange, ScriptedUpstream, World


def exchange() -> MemoryExchange:
    """A client that waits for an answer."""
    return MemoryExchange(RequestHead("POST", "/", "", {}, "192.0.2.1", "gate"), b"")


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_its_status_and_its_ids_in_every_dialect(code: Code) -> None:
    for dialect in (None, *(c.dialect for c in World().snapshots.current.connections.values())):
        client = exchange()
        assert refuse(client, dialect, Deny(code, "because"), "req_1", "call_1") == REGISTRY[code].status
        assert client.status == REGISTRY[code].status
        assert client.headers[b"x-request-id"] == b"req_1"
        assert client.headers[b"narrows-call-id"] == b"call_1"
        assert "because" in json.dumps(client.json)


def test_sdks_are_told_not_to_repeat_what_can_not_succeed() -> None:
    final, passing = exchange(), exchange()
    refuse(final, None, Deny(Code.UPSTREAM_CREDENTIAL, "x"), "req_1")
    refuse(passing, None, Deny(Code.OVERLOADED, "x", retry_after=1), "req_1")
    assert final.headers[b"x-should-retry"] == b"false"
    assert b"x-should-retry" not in passing.headers
    assert passing.headers[b"retry-after"] == b"1"


def test_only_listed_headers_pass_and_none_with_the_credential() -> None:
    upstream = ScriptedUpstream()
    given = {b"retry-after": b"3", b"set-cookie": b"a=b", b"openai-model": b"upstream-secret", b"server": b"x"}
    assert passed_headers(given, upstream) == [(b"retry-after", b"3")]


def test_a_refusal_by_policy_says_how_it_can_be_explained() -> None:
    deny = Deny(Code.PROMPT_DENIED, "No.", policy="a", rule="r")
    assert explained(deny, "call_1").message == "No. (`narrows why call_1` explains it)"
    assert explained(deny, None) is deny
    unavailable = Deny(Code.JOURNAL_UNAVAILABLE, "Later.")
    assert explained(unavailable, "call_1") is unavailable


@pytest.mark.parametrize(("seconds", "told"), [(60, None), (61, b"false")])
def test_sdks_are_not_to_wait_for_longer_than_they_do(seconds: int, told: bytes | None) -> None:
    client = exchange()
    refuse(client, None, Deny(Code.PROBING_SUSPECTED, "x", retry_after=seconds), "req_1")
    assert client.headers[b"retry-after"] == str(seconds).encode()
    assert client.headers.get(b"x-should-retry") == told


@pytest.mark.parametrize(
    ("code", "seconds", "told"),
    [
        (Code.BUDGET_EXCEEDED, 5, b"false"),
        (Code.BUDGET_EXCEEDED, None, b"false"),
        (Code.RATE_LIMITED, 5, None),
        (Code.RATE_LIMITED, 61, b"false"),
        (Code.CONCURRENCY_EXCEEDED, None, None),
        (Code.AGENTS_EXCEEDED, 60, None),
        (Code.AGENTS_EXCEEDED, 300, b"false"),
        (Code.LEDGER_UNAVAILABLE, None, None),
        (Code.COST_EXCEEDED, None, None),
        (Code.APPROVAL_PENDING, 30, b"true"),
        (Code.APPROVAL_PENDING, 61, b"false"),
        (Code.APPROVALS_EXCEEDED, 5, None),
        (Code.APPROVALS_UNAVAILABLE, None, None),
        (Code.APPROVAL_REJECTED, None, None),
        (Code.JUSTIFICATION_REQUIRED, None, None),
    ],
)
def test_what_waiting_mends_is_tried_again_and_a_budget_is_not(
    code: Code, seconds: int | None, told: bytes | None
) -> None:
    client = exchange()
    refuse(client, None, Deny(code, "x", retry_after=seconds), "req_1")
    assert client.headers.get(b"retry-after") == (None if seconds is None else str(seconds).encode())
    # SDKs try 403 never and 429 and 503 always again, unless they are told.
    assert client.headers.get(b"x-should-retry") == told


def test_a_refusal_says_what_is_left() -> None:
    client = exchange()
    left = (b"x-ratelimit-remaining-tokens", b"12")
    refuse(client, None, Deny(Code.RATE_LIMITED, "x", headers=(left,)), "req_1")
    assert client.headers[left[0]] == left[1]
