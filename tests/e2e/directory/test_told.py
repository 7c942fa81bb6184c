"""Security events as Shared Signals pushes them: the gate refuses tokens that are still valid."""

import time
from typing import Any

import httpx

from e2e.console.console import Console
from e2e.directory.conftest import AUDIENCE, Provider, person, research
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.revocation.conftest import Caller

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"


def push(console: Console, issuer: Issuer, kind: str, subject: dict[str, Any], message: str, **event: Any) -> int:
    header = {"typ": "secevent+jwt"}
    token = issuer.token("", header=header, aud=AUDIENCE, jti=message, sub_id=subject, events={kind: event})
    reply = httpx.post(
        f"{console.url}/ssf/corp/events",
        content=token,
        headers={"content-type": "application/secevent+jwt"},
        timeout=10,
    )
    return reply.status_code


def test_events_end_sessions_and_contain_people(
    gate: Gate, console: Console, issuer: Issuer, provider: Provider, callers: list[Caller]
) -> None:
    research(provider, "ivy@corp.example")
    ivy = person(gate, issuer, callers, "ivy@corp.example", iat=int(time.time()) - 60)
    until(lambda: ivy.ask() is None)
    subject = {"format": "email", "email": "ivy@corp.example"}
    assert push(console, issuer, f"{CAEP}session-revoked", subject, "m1", event_timestamp=int(time.time()) - 30) == 202
    until(lambda: ivy.ask() == "credential_revoked")
    later = person(gate, issuer, callers, "ivy@corp.example")
    assert later.ask() is None
    assert push(console, issuer, f"{RISC}account-disabled", subject, "m2", reason="hijacking") == 202
    until(lambda: later.ask() == "identity_contained")
    assert push(console, issuer, f"{RISC}account-enabled", subject, "m3") == 202
    until(lambda: later.ask() is None)
    assert push(console, issuer, f"{RISC}account-disabled", subject, "m2", reason="hijacking") == 202
    assert later.ask() is None  # it was heard before
