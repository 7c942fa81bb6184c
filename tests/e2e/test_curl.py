"""curl, as in the README: the call is the upstream's own, and nothing but the URL differs."""

import json
import shutil
import subprocess

import pytest

from e2e.gate import Gate

CURL = shutil.which("curl") or ""
BODY = json.dumps(
    {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 8, "temperature": 0}
)

pytestmark = pytest.mark.skipif(not CURL, reason="curl is not installed")


def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CURL, "-sS", *arguments], capture_output=True, text=True, timeout=30, check=False)


def test_a_call(gate: Gate, ada: str) -> None:
    run = curl("-H", f"Authorization: Bearer {ada}", "--json", BODY, f"{gate.url}/llama/v1/chat/completions")
    assert json.loads(run.stdout)["choices"][0]["message"]["role"] == "assistant", run.stdout + run.stderr


def test_a_stream(gate: Gate, ada: str) -> None:
    body = BODY[:-1] + ', "stream": true}'
    run = curl("-N", "-H", f"x-api-key: {ada}", "--json", body, f"{gate.url}/llama/v1/chat/completions")
    lines = [line for line in run.stdout.splitlines() if line]
    assert lines[-1] == "data: [DONE]"
    assert len(lines) > 2


def test_the_root_routes_by_model(gate: Gate, ada: str) -> None:
    run = curl("-H", f"Authorization: Bearer {ada}", "--json", BODY, f"{gate.url}/v1/chat/completions")
    assert json.loads(run.stdout)["model"] == "tiny", run.stdout


def test_expect_100_continue(gate: Gate, ada: str) -> None:
    """curl asks first before it sends more than a megabyte; it must not wait in vain."""
    run = curl(
        "-H", f"Authorization: Bearer {ada}", "-H", "Expect: 100-continue", "--expect100-timeout", "20", "-w",
        "%{time_total}", "-o", "/dev/null", "--json", BODY, f"{gate.url}/llama/v1/chat/completions",
    )  # fmt: skip
    assert float(run.stdout) < 10


def test_without_a_credential(gate: Gate) -> None:
    run = curl("-i", "--json", BODY, f"{gate.url}/llama/v1/chat/completions")
    head, _, body = run.stdout.partition("\n\n") if "\n\n" in run.stdout else run.stdout.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 401")
    assert "www-authenticate: Bearer" in head
    assert json.loads(body)["error"]["code"] == "credential_missing"


def test_the_probes(gate: Gate) -> None:
    assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{gate.admin}/healthz").stdout == "200"
    assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{gate.admin}/readyz").stdout == "200"
    assert "narrows_calls_total" in curl(f"{gate.admin}/metrics").stdout
    assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{gate.url}/metrics").stdout in ("401", "403")
