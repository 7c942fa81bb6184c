"""When the gate can't take a call now: 503 in the caller's dialect, nothing forwarded; it recovers by itself."""

import threading
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.processes import free_port
from e2e.records import until
from e2e.scripted import Scripted
from narrows.upstream.pool import WAITING_PER_CONNECTION

HELLO = [{"role": "user", "content": "hello"}]


def test_over_its_limit_of_calls_it_sheds(tmp_path: Path, settings: dict[str, Any], pat: str) -> None:
    gate = Gate(tmp_path, {**settings, "gate": {"drain": "1s", "max_calls": 2}}).start()
    url = f"{gate.url}/patient/v1"
    with (
        openai.OpenAI(base_url=url, api_key=pat, max_retries=0) as client,
        anthropic.Anthropic(base_url=f"{gate.url}/claude", api_key=pat, max_retries=0) as other,
    ):
        held = [client.chat.completions.create(model="drips:held", messages=HELLO, stream=True) for _ in range(2)]
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="ok", messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (503, "overloaded")
        assert caught.value.response.headers.get("x-should-retry") != "false"
        with pytest.raises(anthropic.InternalServerError) as shed:
            other.messages.create(model="tiny", max_tokens=4, messages=HELLO)
        assert shed.value.body["type"] == "error"
        for stream in held:
            stream.close()
        until(lambda: status(gate, pat) == 200)
    assert gate.stop() == 0


def status(gate: Gate, token: str) -> int:
    body = {"model": "ok", "messages": HELLO}
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(f"{gate.url}/patient/v1/chat/completions", json=body, headers=headers).status_code


def test_an_identity_provider_that_is_down(
    tmp_path: Path, settings: dict[str, Any], scripted: Scripted, issuer: Issuer
) -> None:
    """The gate starts all the same, refuses with 503 what it can't verify, and takes calls once the provider is up."""
    late = Issuer(port=free_port())
    token = late.token("ada", ("research",))
    identity = {"issuers": [{**issuer.settings(), "issuer": late.url}]}
    gate = Gate(tmp_path, {**settings, "identity": identity}).start()
    before = len(scripted.seen)
    with openai.OpenAI(base_url=f"{gate.url}/scripted/v1", api_key=token, max_retries=0) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="ok", messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (503, "identity_unavailable")
        assert len(scripted.seen) == before
        with late:
            until(lambda: status(gate, token) == 200, seconds=40)
    assert gate.stop() == 0
    assert "Traceback" not in gate.output


def test_many_callers_at_once(tmp_path: Path, settings: dict[str, Any], pat: str) -> None:
    """More callers than the upstream may have connections, as many as may wait: all are served, one after another."""
    narrow = {**settings["connections"]["patient"], "max_connections": 2}
    gate = Gate(tmp_path, {**settings, "connections": {**settings["connections"], "patient": narrow}}).start()
    results: list[int] = []
    many = 2 + 2 * WAITING_PER_CONNECTION
    callers = [threading.Thread(target=lambda: results.append(status(gate, pat))) for _ in range(many)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert gate.stop() == 0
    assert results == [200] * many
