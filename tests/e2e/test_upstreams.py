"""Upstreams that are slow, dead, lying, broken or endless: the caller gets a proper error, the record says what
happened, and the gate goes on."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from e2e.conftest import UPSTREAM_SECRET
from e2e.gate import Gate
from e2e.records import ended
from e2e.scripted import Scripted

COUNT = itertools.count()
PATH = "/scripted/v1/chat/completions"


def ask(http: httpx.Client, token: str, behaviour: str, *, stream: bool = False, path: str = PATH) -> httpx.Response:
    model = f"{behaviour}:{next(COUNT)}"
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    return http.post(path, json=body, headers={"authorization": f"Bearer {token}"})


@pytest.fixture(autouse=True)
def _still_healthy(gate: Gate, http: httpx.Client, ada: str) -> Any:
    """Whatever an upstream did, the next call goes well."""
    yield
    assert ask(http, ada, "ok").status_code == 200
    assert httpx.get(f"{gate.admin}/readyz").status_code == 200


@pytest.mark.parametrize(
    ("behaviour", "status", "codes"),
    [
        ("silent", 504, {"upstream_timeout"}),
        ("hangs-up", 502, {"upstream_invalid", "upstream_unreachable"}),
        ("short", 502, {"upstream_invalid"}),
        ("long", 502, {"upstream_invalid"}),
        ("garbage", 502, {"upstream_invalid"}),
        ("garbage-head", 502, {"upstream_invalid"}),
        ("not-an-object", 502, {"upstream_invalid"}),
        ("redirects", 502, {"upstream_invalid"}),
        ("endless-head", 502, {"upstream_invalid"}),
        ("huge", 502, {"upstream_invalid"}),
        ("401", 502, {"upstream_credential"}),
    ],
)
def test_a_broken_reply(http: httpx.Client, gate: Gate, ada: str, behaviour: str, status: int, codes: set[str]) -> None:
    reply = ask(http, ada, behaviour)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"] in codes) == (status, True), error
    assert "stolen" not in reply.text
    record = ended(gate, reply.headers["narrows-call-id"])
    assert record.outcome == "upstream_error"
    assert record.refusal == error["code"]
    assert record.status == status


@pytest.mark.parametrize(
    ("behaviour", "codes"),
    [
        ("stops", {"upstream_invalid"}),
        ("ends-early", {"upstream_invalid"}),
        ("garbage-event", {"upstream_invalid"}),
        ("bad-chunk", {"upstream_invalid"}),
        ("stalls", {"upstream_timeout"}),
        ("trickles", {"upstream_timeout"}),
    ],
)
def test_a_stream_that_breaks(http: httpx.Client, gate: Gate, ada: str, behaviour: str, codes: set[str]) -> None:
    reply = ask(http, ada, behaviour, stream=True)
    assert reply.status_code == 200
    events = [line.removeprefix("data: ") for line in reply.text.splitlines() if line.startswith("data: ")]
    assert "[DONE]" not in events
    assert json.loads(events[0])["choices"][0]["delta"]["content"]
    assert json.loads(events[-1])["error"]["code"] in codes
    record = ended(gate, reply.headers["narrows-call-id"])
    assert record.outcome == "upstream_error"
    assert record.refusal in codes


@pytest.mark.parametrize(("behaviour", "stream"), [("broken-utf8", False), ("broken-utf8-event", True)])
def test_broken_text_is_mended(http: httpx.Client, gate: Gate, ada: str, behaviour: str, stream: bool) -> None:
    """Models that emit bytes cut characters in two: the caller gets valid UTF-8 with a replacement character."""
    reply = ask(http, ada, behaviour, stream=stream)
    assert reply.status_code == 200
    assert "\ufffd" in reply.content.decode("utf-8", "strict")
    assert ended(gate, reply.headers["narrows-call-id"]).outcome == "done"


def test_the_sdk_sees_a_broken_stream_as_an_error(openai_client: Callable[..., openai.OpenAI], ada: str) -> None:
    stream = openai_client(ada, "scripted").chat.completions.create(
        model="stops", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    with pytest.raises(openai.APIError):
        list(stream)


def test_a_stream_without_end_is_stopped_at_the_cap(http: httpx.Client, gate: Gate, ada: str) -> None:
    reply = ask(http, ada, "never-ends", stream=True)
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert events[-1]["error"]["code"] == "output_limit"
    assert len(events) < 200
    record = ended(gate, reply.headers["narrows-call-id"])
    assert (record.outcome, record.refusal) == ("stopped", "output_limit")


def resident(gate: Gate) -> int:
    """The gate's memory in MB."""
    status = Path(f"/proc/{gate.server.pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) // 1024


def test_a_client_that_does_not_read_grows_nothing(
    http: httpx.Client, gate: Gate, scripted: Scripted, pat: str
) -> None:
    """Backpressure reaches the upstream: it stops sending, instead of the gate keeping it all."""
    before = resident(gate)
    body = {"model": "never-ends:slow", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    headers = {"authorization": f"Bearer {pat}"}
    with http.stream("POST", "/patient/v1/chat/completions", json=body, headers=headers) as reply:
        assert reply.status_code == 200
        next(reply.iter_raw())
        for _ in range(20):
            ask(http, pat, "ok")  # meanwhile the gate does other work, and the stream has time to grow
    assert resident(gate) - before < 40


@pytest.mark.parametrize(("behaviour", "status"), [("404", 404), ("429", 429), ("500", 500), ("503", 503)])
def test_an_upstreams_own_error_keeps_its_status(
    http: httpx.Client, gate: Gate, ada: str, behaviour: str, status: int
) -> None:
    reply = ask(http, ada, behaviour)
    assert reply.status_code == status
    assert "upstream says no" in reply.json()["error"]["message"]
    record = ended(gate, reply.headers["narrows-call-id"])
    assert record.outcome == "upstream_error"
    assert record.upstream_status == status


def test_an_error_that_quotes_the_credential_is_not_passed_on(http: httpx.Client, ada: str, scripted: Scripted) -> None:
    reply = ask(http, ada, "repeats-credential")
    assert reply.status_code >= 500
    assert f"Bearer {UPSTREAM_SECRET}" in scripted.seen[-1].head.replace("bearer", "Bearer")
    assert UPSTREAM_SECRET not in reply.text
    assert UPSTREAM_SECRET not in str(reply.headers)


def test_a_dead_upstream(http: httpx.Client, gate: Gate, ada: str) -> None:
    reply = ask(http, ada, "any", path="/dead/v1/chat/completions")
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_unreachable")
    assert ended(gate, reply.headers["narrows-call-id"]).outcome == "upstream_error"
