"""Rates, calls at once and agents before a real gate, asked by the official SDK, which waits and tries again."""

import time

import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import Asks, ask, code, raw, recorded


def test_a_client_that_is_too_fast_is_told_when_to_come_again_and_does(gate: Gate, client: Asks) -> None:
    asks, before = client("patiently", user="pia"), time.monotonic()
    for _ in range(5):
        assert ask(asks).choices[0].message.content
    assert time.monotonic() - before > 0.9
    calls = recorded(gate, "pia", 6)
    refusals = [call for call in calls if call.refusal]
    assert {call.refusal for call in refusals} == {"rate_limited"}
    assert sum(call.outcome == "done" for call in calls) == 5


def test_a_rate_holds_in_any_second(gate: Gate, issuer: Issuer) -> None:
    token, passed = issuer.token("ria", ("patiently",)), []
    over = time.monotonic() + 2.5
    while time.monotonic() < over:
        reply = raw(gate, token)
        if reply.status_code == 200:
            passed.append(time.monotonic())
        else:
            assert reply.json()["error"]["code"] == "rate_limited"
            # A second moves on in steps of its sixtieth part: from the first of them it takes a little more than one.
            assert 0 < int(reply.headers["retry-after"]) <= 2
    assert len(passed) >= 4
    # Times here are those of the answers: a few milliseconds more or less than those that were judged.
    assert all(later - earlier > 0.9 for earlier, later in zip(passed, passed[2:], strict=False))


def test_more_calls_at_once_wait_for_others_to_end(gate: Gate, client: Asks) -> None:
    impatient, patient = client("few", user="fay", max_retries=0), client("few", user="fay", max_retries=5)
    running = [ask(impatient, "drips:few", stream=True) for _ in range(2)]
    for stream in running:
        next(iter(stream))
    with pytest.raises(openai.RateLimitError) as refused:
        ask(impatient)
    assert code(refused.value) == "concurrency_exceeded"
    assert "x-should-retry" not in refused.value.response.headers
    running[0].close()
    assert ask(patient).choices[0].message.content
    running[1].close()
    recorded(gate, "fay", 4)


def test_the_fourth_agent_is_refused_with_the_names_of_the_other_three(client: Asks) -> None:
    asks = client("crew", user="cam", max_retries=0)
    for name in ("planner", "coder", "tester", "coder"):
        ask(asks, extra_headers={"narrows-agent": name})
    with pytest.raises(openai.RateLimitError) as refused:
        ask(asks, extra_headers={"narrows-agent": "reviewer"})
    assert code(refused.value) == "agents_exceeded"
    assert all(name in refused.value.message for name in ("planner", "coder", "tester"))
    assert refused.value.response.headers["x-should-retry"] == "false"
    ask(asks, extra_headers={"narrows-agent": "tester"})


def test_containers_behind_one_token_are_as_many_agents(client: Asks) -> None:
    asks = client("crew", user="cho", max_retries=0)
    for number in (1, 2, 3, 1):
        ask(asks, extra_headers={"x-forwarded-for": f"10.0.0.{number}"})
    with pytest.raises(openai.RateLimitError) as refused:
        ask(asks, extra_headers={"x-forwarded-for": "10.0.0.4"})
    assert code(refused.value) == "agents_exceeded"
    assert all(f"10.0.0.{number}" in refused.value.message for number in (1, 2, 3))


def test_who_must_name_its_agent_does(client: Asks) -> None:
    asks = client("named", max_retries=0)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        ask(asks)
    assert code(refused.value) == "agent_undeclared"
    ask(asks, extra_headers={"narrows-agent": "planner"})


@pytest.mark.parametrize("words", [1, 80_000])
def test_prompts_that_are_refused_for_what_they_say_use_up_the_rate_however_large(
    gate: Gate, issuer: Issuer, words: int
) -> None:
    token = issuer.token(f"sol-{words}", ("shouting",))
    messages = [{"role": "user", "content": "word " * words + "drop table"}]
    answers = [raw(gate, token, messages=messages) for _ in range(5)]
    codes = [answer.json()["error"]["code"] for answer in answers]
    assert codes == ["prompt_denied"] * 3 + ["rate_limited"] * 2
    assert all(int(answer.headers["retry-after"]) > 60 for answer in answers[3:])
    assert raw(gate, token).status_code == 429
    refusals = [call.refusal for call in recorded(gate, f"sol-{words}", 6)]
    assert refusals == ["prompt_denied"] * 3 + ["rate_limited"] * 3
