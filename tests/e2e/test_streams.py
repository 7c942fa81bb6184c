"""Streams that do not run to their end: the client goes away, or the gate does."""

import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.processes import answers
from e2e.records import calls, ended, until
from e2e.scripted import Scripted


def body(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": True}


def test_a_client_that_goes_away_cancels_the_upstream(
    http: httpx.Client, gate: Gate, scripted: Scripted, pat: str
) -> None:
    headers = {"authorization": f"Bearer {pat}"}
    with http.stream("POST", "/patient/v1/chat/completions", json=body("drips:gone"), headers=headers) as reply:
        assert b"word0" in next(reply.iter_raw())
        call = reply.headers["narrows-call-id"]
    until(lambda: "drips:gone" in scripted.cut)
    record = ended(gate, call)
    assert record.outcome == "client_gone"


def test_a_client_that_goes_away_before_the_reply(http: httpx.Client, gate: Gate, scripted: Scripted, pat: str) -> None:
    headers = {"authorization": f"Bearer {pat}"}
    with pytest.raises(httpx.ReadTimeout):
        http.post("/patient/v1/chat/completions", json=body("silent:gone"), headers=headers, timeout=0.5)
    until(lambda: "silent:gone" in scripted.cut)
    assert ended(gate, until(lambda: calls(gate, "silent:gone"))[0].id).outcome == "client_gone"


class Caller(threading.Thread):
    """Reads one stream to its end, in a thread; keeps what it got and how it ended."""

    def __init__(self, gate: Gate, token: str, model: str) -> None:
        super().__init__(daemon=True)
        self.gate, self.token, self.model = gate, token, model
        self.text, self.call, self.failure = "", "", ""
        self.begun = threading.Event()

    def run(self) -> None:
        headers = {"authorization": f"Bearer {self.token}"}
        url = f"{self.gate.url}/patient/v1/chat/completions"
        try:
            with httpx.stream("POST", url, json=body(self.model), headers=headers, timeout=30) as reply:
                self.call = reply.headers["narrows-call-id"]
                for piece in reply.iter_text():
                    self.text += piece
                    self.begun.set()
        except httpx.HTTPError as error:
            self.failure = type(error).__name__
        self.begun.set()


def test_sigterm_drains(tmp_path: Path, settings: dict[str, Any], pat: str) -> None:
    """Readiness goes false at once, a short call finishes, a long one is cut and recorded, and the exit is clean."""
    gate = Gate(tmp_path, {**settings, "gate": {"drain": "2s"}}).start()
    long, short = Caller(gate, pat, "drips:drain"), Caller(gate, pat, "finishes:drain")
    long.start()
    short.start()
    assert long.begun.wait(10)
    assert short.begun.wait(10)
    began = time.monotonic()
    gate.server.signal(signal.SIGTERM)
    until(lambda: not answers(f"{gate.admin}/readyz"), seconds=1)
    long.join(10)
    short.join(10)
    assert gate.stop() == 0, gate.output
    assert time.monotonic() - began < 8
    assert "[DONE]" in short.text
    assert not short.failure
    assert "[DONE]" not in long.text
    events = [line for line in long.text.splitlines() if line.startswith("data: ")]
    assert long.failure or "error" in json.loads(events[-1].removeprefix("data: "))
    assert ended(gate, long.call).outcome == "cut"
    assert ended(gate, short.call).outcome == "done"
    assert "Traceback" not in gate.output
