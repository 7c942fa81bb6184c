"""However a call ends, it settles: at what it came to, and never at more than it held."""

import contextlib

import openai
import pytest

from e2e.gate import Gate
from e2e.limits.conftest import Asks, ask, recorded, reserved, settled
from e2e.records import until
from e2e.scripted import Scripted


def test_a_client_that_goes_in_mid_stream_pays_for_what_came_and_frees_the_rest(
    gate: Gate, client: Asks, scripted: Scripted
) -> None:
    asks = client("left", user="lea", max_retries=5)
    stream = ask(asks, "drips:left", stream=True, max_tokens=1_000)
    for _, _ in zip(range(5), stream, strict=False):
        pass
    stream.close()
    until(lambda: "drips:left" in scripted.cut)
    # One call at once: it has ended, or this one would not pass.
    ask(asks, "ok:left")
    gone, after = [call for call in recorded(gate, "lea", 2) if call.forwarded]
    assert gone.outcome == "client_gone"
    assert 5 <= settled(gone) < reserved(gone)
    assert gone.usage is None
    assert gone.counted is not None
    assert (gone.counted.prompt or 0) + (gone.counted.completion or 0) == settled(gone)
    (listed,) = [row for row in gate.rows("usage", "--user", "lea", "--by", "outcome") if row["id"] == "client_gone"]
    assert (listed["prompt"], listed["output"]) == (gone.counted.prompt, gone.counted.completion)
    assert (listed["counted"], listed["unreported"]) == (1, 0)
    assert settled(after) == 12


@pytest.mark.parametrize("model", ["500", "503", "429", "404", "redirects"])
def test_what_the_upstream_refuses_costs_nothing(gate: Gate, client: Asks, model: str) -> None:
    asks = client("once", user=f"otto-{model}", max_retries=0)
    with pytest.raises(openai.APIStatusError):
        ask(asks, model)
    assert ask(asks).choices[0].message.content
    refused, passed = recorded(gate, f"otto-{model}", 2)
    assert (settled(refused), settled(passed)) == (0, 1)


def test_a_call_that_is_never_answered_goes_on_holding_what_it_held(gate: Gate, client: Asks) -> None:
    asks = client("once", user="nia", connection="hasty", max_retries=0)
    with pytest.raises(openai.APIStatusError) as late:
        ask(asks, "silent")
    assert late.value.status_code == 504
    with pytest.raises(openai.RateLimitError):
        ask(asks)
    silent, _ = recorded(gate, "nia", 2)
    assert (silent.settled, reserved(silent)) == (None, 1)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ("7:1", 8),
        ("-5:-7", None),
        ("7:-1", None),
        ("0:0", None),
        ("999999999999:999999999999", None),
        ("null:null", None),
        ("1e400:2.5", None),
    ],
)
def test_an_upstream_that_lies_of_its_usage_moves_a_budget_by_no_more_than_was_held(
    gate: Gate, client: Asks, usage: str, tokens: int | None, stream: bool
) -> None:
    user = f"liv-{usage.replace(':', '-')}-{stream}"
    asks = client("lied-to", user=user, max_retries=0)
    with contextlib.suppress(openai.APIError):
        answer = ask(asks, f"lies:{usage}", stream=stream)
        if stream:
            list(answer)
    (call,) = recorded(gate, user, 1)
    assert call.settled is not None
    assert call.reserved is not None
    assert call.settled.keys() == call.reserved.keys()
    assert all(1 <= amount <= call.reserved[name] for name, amount in call.settled.items())
    if tokens is not None:
        assert tokens in call.settled.values()


def test_a_reply_that_ignores_its_cap_is_cut_when_what_was_held_is_used_up(
    gate: Gate, client: Asks, scripted: Scripted
) -> None:
    asks = client("cut", user="cyd", max_retries=0)
    with pytest.raises(openai.APIError) as cut:
        list(ask(asks, "never-ends:cut", stream=True, max_tokens=20))
    assert cut.value.code == "budget_exceeded"
    until(lambda: "never-ends:cut" in scripted.cut)
    (call,) = recorded(gate, "cyd", 1)
    assert (call.outcome, call.refusal) == ("stopped", "budget_exceeded")
    assert settled(call) <= reserved(call)
