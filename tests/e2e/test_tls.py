"""TLS all the way, as `narrows serve` does it: terminated at the gate, begun anew and verified towards the upstream."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
import pytest
import trustme

from e2e.conftest import UPSTREAM_SECRET
from e2e.gate import Gate
from e2e.records import ended, until
from e2e.scripted import Scripted

HELLO = [{"role": "user", "content": "hello over tls"}]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom the callers trust."""
    return trustme.CA()


@pytest.fixture(scope="module")
def inner_authority() -> trustme.CA:
    """Whom the gate trusts, for this upstream."""
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(inner_authority: trustme.CA) -> Iterator[Scripted]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inner_authority.issue_cert("127.0.0.1").configure_cert(context)
    server = Scripted(context).start()
    yield server
    server.stop()


def write_pair(authority: trustme.CA, folder: Path, name: str) -> dict[str, str]:
    issued = authority.issue_cert(name, "127.0.0.1")
    certificate, key = folder / "gate.pem", folder / "gate.key"
    issued.private_key_pem.write_to_path(key)
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return {"certificate": str(certificate), "key": str(key)}


@pytest.fixture(scope="module")
def tls_gate(
    tmp_path_factory: pytest.TempPathFactory,
    settings: dict[str, Any],
    authority: trustme.CA,
    inner_authority: trustme.CA,
    secure: Scripted,
) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("tls")
    bundle = folder / "inner.pem"
    inner_authority.cert_pem.write_to_path(bundle)
    upstream = {"url": secure.url, "dialect": "openai", "credential": {"bearer": UPSTREAM_SECRET}}
    connections = {"verified": {**upstream, "ca_bundle": str(bundle)}, "stranger": upstream}
    pair = write_pair(authority, folder, "first.test")
    gate = Gate(folder, {**settings, "gate": {"tls": pair}, "connections": connections, "policies": EVERYONE})
    yield gate.start()
    assert gate.stop() == 0, gate.output


EVERYONE = [
    {
        "name": "everyone",
        "who": {"groups": ["*"]},
        "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
    }
]


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_over_tls_to_an_upstream_over_tls(
    tls_gate: Gate, authority: trustme.CA, secure: Scripted, ada: str, stream: bool
) -> None:
    http = httpx2.Client(verify=trusting(authority))
    with openai.OpenAI(base_url=f"{tls_gate.url}/verified/v1", api_key=ada, max_retries=0, http_client=http) as client:
        reply = client.chat.completions.create(model="ok", messages=HELLO, stream=stream)
        text = "".join(c.choices[0].delta.content or "" for c in reply) if stream else reply.choices[0].message.content
    assert text == "Hello from upstream."
    assert f"Bearer {UPSTREAM_SECRET}" in secure.seen[-1].head


def test_plain_http_is_not_served_there(tls_gate: Gate, ada: str) -> None:
    plain = tls_gate.url.replace("https://", "http://")
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{plain}/verified/v1/models", headers={"authorization": f"Bearer {ada}"})


def test_an_upstream_that_nobody_vouches_for_is_told_nothing(
    tls_gate: Gate, authority: trustme.CA, secure: Scripted, ada: str
) -> None:
    before = len(secure.seen)
    reply = httpx.post(
        f"{tls_gate.url}/stranger/v1/chat/completions",
        json={"model": "ok", "messages": HELLO},
        headers={"authorization": f"Bearer {ada}"},
        verify=trusting(authority),
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_unreachable")
    assert len(secure.seen) == before
    assert ended(tls_gate, reply.headers["narrows-call-id"]).outcome == "upstream_error"


def shown(gate: Gate) -> str:
    """The certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", gate.port))


def test_a_renewed_certificate_is_in_force_without_a_restart(tls_gate: Gate, authority: trustme.CA, ada: str) -> None:
    first = shown(tls_gate)
    write_pair(authority, tls_gate.directory, "second.test")
    until(lambda: shown(tls_gate) != first, seconds=20)
    reply = httpx.get(
        f"{tls_gate.url}/verified/v1/models",
        headers={"authorization": f"Bearer {ada}"},
        verify=trusting(authority),
    )
    assert reply.status_code == 200
