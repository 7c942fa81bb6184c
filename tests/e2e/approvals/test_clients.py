"""The official clients, with their own timeouts and retries, while people decide about their calls."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest

from e2e.approvals.conftest import RISKY, Desk, Running, claude, gpt, token
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended
from narrows.model.approval import Answered, TicketState

Asks = Callable[[Gate, str], str]

COLD = {"temperature": 0}
"""The tiny model says the same each time (tiny_model.py)."""


def of_openai(gate: Gate, key: str) -> str:
    with gpt(gate, key) as client:
        return client.chat.completions.create(model="ok", messages=RISKY).choices[0].message.content or ""


def of_openai_streamed(gate: Gate, key: str) -> str:
    with gpt(gate, key) as client:
        events = client.chat.completions.create(model="ok", messages=RISKY, stream=True)
        return "".join(event.choices[0].delta.content or "" for event in events if event.choices)


def of_anthropic(gate: Gate, key: str) -> str:
    with claude(gate, key) as client:
        reply = client.messages.create(model="tiny", max_tokens=8, extra_body=COLD, messages=RISKY)
        return f"stopped: {reply.stop_reason}"


def of_anthropic_streamed(gate: Gate, key: str) -> str:
    with (
        claude(gate, key) as client,
        client.messages.stream(model="tiny", max_tokens=8, extra_body=COLD, messages=RISKY) as stream,
    ):
        return f"stopped: {stream.get_final_message().stop_reason}"


CLIENTS: list[Any] = [of_openai, of_openai_streamed, of_anthropic, of_anthropic_streamed]


@pytest.fixture(params=CLIENTS, ids=lambda asks: asks.__name__)
def asks(request: pytest.FixtureRequest) -> Asks:
    given: Asks = request.param
    return given


def test_an_approved_call_just_works(gate: Gate, issuer: Issuer, desk: Desk, asks: Asks) -> None:
    user = f"approved-{asks.__name__}"
    running = Running(lambda: asks(gate, token(issuer, "held", user)))
    ticket = desk.asked(user)
    assert not running.done
    desk.say(ticket)
    assert running.result()
    (review,) = desk.tickets(user)
    assert (review.state, review.used) == (TicketState.CONSUMED, 1)


def test_a_rejected_call_raises_with_the_reason(gate: Gate, issuer: Issuer, desk: Desk, asks: Asks) -> None:
    user = f"rejected-{asks.__name__}"
    running = Running(lambda: asks(gate, token(issuer, "held", user)))
    desk.say(desk.asked(user), Answered.REJECT, reason="not on a Friday")
    with pytest.raises((openai.PermissionDeniedError, anthropic.PermissionDeniedError), match="not on a Friday"):
        running.result()


def test_a_late_approval_works_on_the_client_s_own_retry(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    """Held for one second each time, and told to come again after fourteen."""

    def begin(asks: Asks, user: str) -> Running[str]:
        return Running(lambda: asks(gate, token(issuer, "brief", user)))

    users = {f"late-{asks.__name__}": asks for asks in CLIENTS}
    running = {user: begin(asks, user) for user, asks in users.items()}
    tickets = {user: desk.asked(user) for user in users}
    time.sleep(2)
    for user, ticket in tickets.items():
        assert not running[user].done
        desk.say(ticket)
    for user in users:
        assert running[user].result()
        (review,) = desk.tickets(user)
        assert review.state is TicketState.CONSUMED


def test_a_client_that_gave_up_comes_back_and_passes(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    key = token(issuer, "held", "gave-up")
    with gpt(gate, key, timeout=1.0, max_retries=0) as hasty, pytest.raises(openai.APITimeoutError):
        hasty.chat.completions.create(model="ok", messages=RISKY)
    desk.say(desk.asked("gave-up"))
    assert of_openai(gate, key)
    assert len(desk.tickets("gave-up")) == 1


def test_a_client_that_tries_no_more_is_told_to_come_again(gate: Gate, issuer: Issuer) -> None:
    with (
        gpt(gate, token(issuer, "brief", "once"), max_retries=0) as client,
        pytest.raises(openai.ConflictError) as told,
    ):
        client.chat.completions.create(model="ok", messages=RISKY)
    assert told.value.code == "approval_pending"
    headers = told.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 30
    assert headers["x-should-retry"] == "true"
    assert "corp:security" in told.value.message


KEPT = {"Narrows-Keep-Alive": "1s"}
"""By which a call under a rule that holds for one second is held for as long as its question stands."""


def kept_openai(gate: Gate, key: str) -> Iterator[Iterator[str]]:
    """The stream once its head is there, and nothing else."""
    with gpt(gate, key) as client:
        events = client.chat.completions.create(model="ok", messages=RISKY, stream=True, extra_headers=KEPT)
        yield (event.choices[0].delta.content or "" for event in events if event.choices)


def kept_anthropic(gate: Gate, key: str) -> Iterator[Iterator[str]]:
    with (
        claude(gate, key) as client,
        client.messages.create(
            model="tiny", max_tokens=8, extra_body=COLD, messages=RISKY, stream=True, extra_headers=KEPT
        ) as events,
    ):
        yield (event.type for event in events)


@pytest.mark.parametrize("asks", [kept_openai, kept_anthropic])
@pytest.mark.parametrize("answer", [Answered.APPROVE, Answered.REJECT])
def test_a_stream_that_is_kept_alive_outlasts_the_hold(
    gate: Gate, issuer: Issuer, desk: Desk, asks: Any, answer: Answered
) -> None:
    user = f"{answer}-{asks.__name__}"
    with contextlib.contextmanager(asks)(gate, token(issuer, "brief", user)) as stream:
        # The reply's head came with the first comment, when the second for which the rule holds was over.
        (review,) = desk.tickets(user)
        assert review.state is TicketState.PENDING
        time.sleep(1.2)
        desk.say(review.ticket, answer, reason="not on a Friday")
        if answer is Answered.APPROVE:
            assert "".join(stream)
        else:
            with pytest.raises((openai.APIError, anthropic.APIError), match="not on a Friday"):
                "".join(stream)
    call = ended(gate, review.ticket.call)
    assert call.status == 200
    assert call.forwarded is (answer is Answered.APPROVE)
    assert call.refusal == (None if answer is Answered.APPROVE else "approval_rejected")
