"""Budgets before a real gate, asked by the official SDK: what would pass one is refused before anything is sent."""

import anthropic
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import HELLO, Asks, ask, code, raw, recorded, reserved, settled
from e2e.scripted import Scripted


def test_what_a_budget_has_no_room_for_is_refused_at_once_and_not_tried_again(
    gate: Gate, client: Asks, scripted: Scripted
) -> None:
    dear, passed, refused = client("dear", user="ann"), 0, None
    while refused is None:
        try:
            ask(dear, "ok:dear")
            passed += 1
        except openai.RateLimitError as error:
            refused = error
    assert code(refused) == "budget_exceeded"
    assert "usd" in refused.message
    assert refused.response.headers["x-should-retry"] == "false"
    assert len(scripted.bodies("ok:dear")) == passed
    # A call comes to 7 + 5 * 10, and holds more while it runs.
    *calls, last = recorded(gate, "ann", passed + 1)
    assert len(calls) == passed
    assert [settled(call) for call in calls] == [57] * passed
    assert [call.cost for call in calls] == [57] * passed
    assert all(reserved(call) > 57 for call in calls)
    assert (last.refusal, last.policy, last.reserved) == ("budget_exceeded", "dear", None)
    assert 57 * passed + reserved(calls[-1]) > 800
    # Another's budget is its own.
    ask(client("dear", user="zoe"))


def test_a_caller_without_a_cap_gets_the_connections_own(client: Asks, scripted: Scripted) -> None:
    reply = client("lied-to", user="uncapped").chat.completions.create(model="ok:uncapped", messages=HELLO)
    assert reply.choices[0].message.content
    (body,) = scripted.bodies("ok:uncapped")
    assert b'"max_tokens":100' in body or b'"max_completion_tokens":100' in body


def test_the_anthropic_sdk_is_refused_alike(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("cleo", ("once",))
    assert raw(gate, token).status_code == 200
    with (
        anthropic.Anthropic(base_url=f"{gate.url}/claude", auth_token=token, api_key=None, timeout=30) as asks,
        pytest.raises(anthropic.RateLimitError) as refused,
    ):
        asks.messages.create(model="tiny", max_tokens=8, messages=[{"role": "user", "content": "hello"}])
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert refused.value.response.json()["error"]["type"] == "rate_limit_error"
    assert [call.refusal for call in recorded(gate, "cleo", 2)] == [None, "budget_exceeded"]


def test_a_call_that_could_cost_too_much_is_refused(client: Asks, scripted: Scripted) -> None:
    capped = client("capped")
    ask(capped, "ok:cheap", max_tokens=10)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        ask(capped, "ok:dear-call", max_tokens=1_000)
    assert code(refused.value) == "cost_exceeded"
    with pytest.raises(openai.PermissionDeniedError):
        ask(capped, "ok:dear-call", max_tokens=50, n=3)
    assert scripted.bodies("ok:dear-call") == []


def test_a_model_without_a_price_is_refused_where_money_is_counted_unless_the_budget_allows_it(client: Asks) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        ask(client("dear", user="unpriced", connection="unpriced"))
    assert code(refused.value) == "price_unknown"
    ask(client("lenient", connection="unpriced"))
    ask(client("once", user="no-money", connection="unpriced"))


def test_a_group_shares_its_budget_and_who_is_in_two_is_counted_in_both(client: Asks) -> None:
    one, two = client("shared", user="one"), client("shared", user="two", max_retries=0)
    both = client("shared", "also-shared", user="both", max_retries=0)
    ask(one)
    ask(both)
    ask(two)
    for member in (two, both):
        with pytest.raises(openai.RateLimitError) as refused:
            ask(member)
        assert "shared" in refused.value.message
    other = client("also-shared", user="other", max_retries=0)
    for _ in range(4):
        ask(other)
    with pytest.raises(openai.RateLimitError):
        ask(other)


def test_each_person_that_a_caller_asks_for_has_a_budget(gate: Gate, client: Asks) -> None:
    portal = client("on-behalf", user="portal", max_retries=0)
    for person in ("carol", "dave"):
        ask(portal, user=person)
        ask(portal, user=person)
        with pytest.raises(openai.RateLimitError) as refused:
            # Nobody else's header is believed.
            ask(portal, user=person, extra_headers={"x-end-user": "erin"})
        assert code(refused.value) == "budget_exceeded"
    ask(portal)


def test_the_header_of_a_trusted_service_names_the_person_and_stays_here(gate: Gate, scripted: Scripted) -> None:
    for service, passes in (("portal", [200, 200, 200, 200, 429]), ("batch", [200, 200, 429, 429, 429])):
        made = gate.run("keys", "create", service, "--owner", "ana@example.com")
        assert made.returncode == 0, made.stderr
        key, people, statuses = made.stdout.strip(), ("carol", "carol", "dave", "dave", "carol"), []
        for person in people:
            reply = raw(gate, key, headers={"x-end-user": person}, model=f"ok:{service}")
            statuses.append(reply.status_code)
        assert statuses == passes, service
    assert all("x-end-user" not in seen.head.lower() for seen in scripted.seen if b"ok:portal" in seen.body)


def test_a_policy_that_observes_notes_what_it_would_refuse(gate: Gate, client: Asks) -> None:
    watched = client("watched", user="wes")
    for _ in range(3):
        ask(watched)
    calls = recorded(gate, "wes", 3)
    assert [call.outcome for call in calls] == ["done"] * 3
    assert [[note.code for note in call.notes] for call in calls] == [[], ["budget_exceeded"], ["budget_exceeded"]]


def test_a_limit_that_observes_reckons_as_if_enforced_and_changes_nothing(
    gate: Gate, client: Asks, scripted: Scripted
) -> None:
    client("looked-at", user="una").chat.completions.create(model="ok:looked-at", messages=HELLO)
    (call,) = recorded(gate, "una", 1)
    assert (call.notes, settled(call), call.output_cap) == ((), 57, None)
    assert reserved(call) > 100 * 10
    assert b"max_" not in scripted.bodies("ok:looked-at")[0]


@pytest.mark.parametrize("stream", [False, True])
def test_a_large_prompt_that_is_judged_apart_is_counted_as_any_other(
    gate: Gate, client: Asks, scripted: Scripted, stream: bool
) -> None:
    user, model = f"lars-{stream}", f"ok:large-{stream}"
    large = client("large", user=user, max_retries=0)
    messages = [{"role": "user", "content": "word " * 80_000}]
    for _ in range(2):
        answer = large.chat.completions.create(model=model, messages=messages, stream=stream)  # type: ignore[call-overload]
        assert not stream or list(answer)
    with pytest.raises(openai.RateLimitError) as refused:
        large.chat.completions.create(model=model, messages=messages)  # type: ignore[arg-type]
    assert code(refused.value) == "budget_exceeded"
    sent = scripted.bodies(model)
    assert len(sent) == 2
    assert all(b'"max_tokens":100' in body or b'"max_completion_tokens":100' in body for body in sent)
    first, *_ = recorded(gate, user, 3)
    assert first.reserved is not None
    assert max(first.reserved.values()) >= 400_000
