"""What lasts from call to call: a replay, a conversation, a response that is continued, a key until its end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended, until
from e2e.scripted import Scripted

HELLO = [{"role": "user", "content": "hello records"}]


def test_a_replay_is_what_was_streamed(gate: Gate, openai_client: Callable[..., openai.OpenAI], ada: str) -> None:
    stream = openai_client(ada).chat.completions.create(
        model="tiny", messages=HELLO, max_tokens=24, temperature=0, stream=True
    )
    call = stream.response.headers["narrows-call-id"]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    ended(gate, call)
    deltas = gate.rows("sessions", "replay", "--fast", call)
    assert "".join(row.get("text", "") for row in deltas) == text


def test_a_long_stream_is_recorded_in_parts_and_replayed_whole(gate: Gate, pat: str) -> None:
    body = {"model": "tells-at-length", "messages": HELLO, "stream": True}
    url, headers = f"{gate.url}/patient/v1/chat/completions", {"authorization": f"Bearer {pat}"}
    reply = httpx.post(url, json=body, headers=headers, timeout=30)
    call = reply.headers["narrows-call-id"]
    ended(gate, call)
    deltas = gate.rows("sessions", "replay", "--fast", call)
    assert "".join(row["text"] for row in deltas) == "".join(f"word{number} " for number in range(2_000))
    times = [row["at"] for row in deltas]
    assert times == sorted(times)


def test_a_streamed_response_is_on_record_once_however_often_it_says_a_thing(
    gate: Gate, openai_client: Callable[..., openai.OpenAI], ada: str
) -> None:
    stream = openai_client(ada).responses.create(
        model="tiny", input="hello", max_output_tokens=24, temperature=0, store=False, stream=True
    )
    call = stream.response.headers["narrows-call-id"]
    events = list(stream)
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text
    assert events[-1].response.output_text == text
    ended(gate, call)
    deltas = gate.rows("sessions", "replay", "--fast", call)
    assert "".join(row["text"] for row in deltas if row["field"] == "content") == text
    assert not any(text in row["text"] for row in deltas if row["field"] != "content")


def test_a_previous_response_of_ones_own_may_be_continued(
    openai_client: Callable[..., openai.OpenAI], pat: str, issuer: Issuer
) -> None:
    """llama.cpp itself can't continue one; what counts is that the gate passes the owner on and stops the others."""
    mine = openai_client(pat).responses.create(
        model="tiny", input="hello", max_output_tokens=16, temperature=0, store=True
    )
    asked = {"model": "tiny", "input": "go on", "previous_response_id": mine.id, "store": False}
    with pytest.raises(openai.APIStatusError) as own:
        openai_client(pat).responses.create(**asked)
    assert own.value.code != "reference_not_allowed"
    with pytest.raises(openai.PermissionDeniedError) as other:
        openai_client(issuer.token("pam", ("platform",))).responses.create(**asked)
    assert other.value.code == "reference_not_allowed"


def test_an_item_of_ones_own_may_be_referred_to(
    openai_client: Callable[..., openai.OpenAI], pat: str, issuer: Issuer
) -> None:
    """As the agents' SDKs do with stored responses; of a whole reply and of a stream."""
    asked: dict[str, Any] = {"model": "tiny", "max_output_tokens": 16, "temperature": 0}
    client = openai_client(pat)
    whole = client.responses.create(input="hello", store=True, **asked)
    streamed = [
        event.item.id
        for event in client.responses.create(input="hello again", store=True, stream=True, **asked)
        if event.type == "response.output_item.done"
    ]
    unstored = client.responses.create(input="hello once more", store=False, **asked)
    for name in (whole.output[0].id, streamed[0]):
        again = [{"type": "item_reference", "id": name}, {"role": "user", "content": "go on"}]
        with pytest.raises(openai.APIStatusError) as own:
            client.responses.create(input=again, store=False, **asked)
        assert own.value.code != "reference_not_allowed"
        with pytest.raises(openai.PermissionDeniedError) as other:
            openai_client(issuer.token("pam", ("platform",))).responses.create(input=again, store=False, **asked)
        assert other.value.code == "reference_not_allowed"
    with pytest.raises(openai.PermissionDeniedError):
        client.responses.create(input=[{"type": "item_reference", "id": unstored.output[0].id}], store=False, **asked)


def test_a_conversation_is_one_session(
    gate: Gate, anthropic_client: Callable[..., anthropic.Anthropic], ada: str
) -> None:
    client = anthropic_client(ada)
    turns: list[dict[str, str]] = [{"role": "user", "content": "first words of a conversation"}]
    sessions = set()
    for _ in range(3):
        reply = client.messages.with_raw_response.create(
            model="tiny", max_tokens=4, extra_body={"temperature": 0}, messages=turns
        )
        turns += [{"role": "assistant", "content": "…"}, {"role": "user", "content": "and then?"}]
        sessions.add(ended(gate, reply.headers["narrows-call-id"]).session)
    assert len(sessions) == 1


def test_a_service_accounts_key_works_until_it_is_revoked(
    tmp_path: Path, settings: dict[str, Any], scripted: Scripted
) -> None:
    """Made and ended beside the running gate; a revocation is in force within a second, for cached keys, too."""
    policy = {
        "name": "automation",
        "who": {"service_accounts": ["robot"]},
        "may": {"connections": ["scripted"], "models": ["ok"], "operations": ["chat"]},
    }
    gate = Gate(tmp_path, {**settings, "policies": [policy]}).start()
    key = gate.rows("keys", "create", "robot", "--owner", "ada@example.com")[0]["key"]
    other = gate.rows("keys", "create", "stranger", "--owner", "ada@example.com")[0]["key"]

    def status(token: str) -> int:
        body = {"model": "ok", "messages": HELLO}
        return httpx.post(
            f"{gate.url}/scripted/v1/chat/completions", json=body, headers={"x-api-key": token}
        ).status_code

    until(lambda: status(key) == 200, seconds=3)
    until(lambda: status(other) == 403, seconds=3)
    assert gate.run("keys", "revoke", "robot").returncode == 0
    began = time.monotonic()
    until(lambda: status(key) == 401, seconds=3)
    assert time.monotonic() - began < 1.5  # a second for the gate, the rest for this machine
    assert gate.stop() == 0
