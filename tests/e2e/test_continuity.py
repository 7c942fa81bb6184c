"""What joins calls: a stream and its replay, a conversation's turns, a response and what continues it."""

from collections.abc import Callable

import anthropic
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended

HELLO = [{"role": "user", "content": "hello records"}]


def test_a_replay_is_what_was_streamed(gate: Gate, openai_client: Callable[..., openai.OpenAI], ada: str) -> None:
    stream = openai_client(ada).chat.completions.create(model="tiny", messages=HELLO, max_tokens=24, stream=True)
    call = stream.response.headers["narrows-call-id"]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    ended(gate, call)
    deltas = gate.rows("sessions", "replay", "--fast", call)
    assert "".join(row.get("text", "") for row in deltas) == text


def test_a_previous_response_of_ones_own_may_be_continued(
    openai_client: Callable[..., openai.OpenAI], pat: str, issuer: Issuer
) -> None:
    """llama.cpp itself can't continue one; what counts is that the gate passes the owner on and stops the others."""
    mine = openai_client(pat).responses.create(model="tiny", input="hello", max_output_tokens=16, store=True)
    asked = {"model": "tiny", "input": "go on", "previous_response_id": mine.id, "store": False}
    with pytest.raises(openai.APIStatusError) as own:
        openai_client(pat).responses.create(**asked)
    assert own.value.code != "reference_not_allowed"
    with pytest.raises(openai.PermissionDeniedError) as other:
        openai_client(issuer.token("pam", ("platform",))).responses.create(**asked)
    assert other.value.code == "reference_not_allowed"


def test_a_conversation_is_one_session(
    gate: Gate, anthropic_client: Callable[..., anthropic.Anthropic], ada: str
) -> None:
    client = anthropic_client(ada)
    turns: list[dict[str, str]] = [{"role": "user", "content": "first words of a conversation"}]
    sessions = set()
    for _ in range(3):
        reply = client.messages.with_raw_response.create(model="tiny", max_tokens=4, messages=turns)
        turns += [{"role": "assistant", "content": "…"}, {"role": "user", "content": "and then?"}]
        sessions.add(ended(gate, reply.headers["narrows-call-id"]).session)
    assert len(sessions) == 1
