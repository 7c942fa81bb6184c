"""The official Node clients, with their own timeouts and retries, while people decide about their calls."""

import time
from typing import Any

import pytest

from e2e.approvals.conftest import Desk, Running, token
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.node_clients.install import ask, install
from narrows.model.approval import Answered, TicketState

TARGETS = {"openai": ("openai/v1", "ok"), "anthropic": ("claude", "tiny")}
CLIENTS = [(vendor, mode) for vendor in TARGETS for mode in ("whole", "streamed")]


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    install()


def begin(gate: Gate, key: str, vendor: str, mode: str) -> Running[dict[str, Any]]:
    """A call in a process of its own."""
    path, model = TARGETS[vendor]
    return Running(lambda: ask(vendor, mode, f"{gate.url}/{path}", key, model))


@pytest.mark.parametrize(("vendor", "mode"), CLIENTS)
def test_an_approved_call_just_works(gate: Gate, issuer: Issuer, desk: Desk, vendor: str, mode: str) -> None:
    user = f"node-approved-{vendor}-{mode}"
    running = begin(gate, token(issuer, "held", user), vendor, mode)
    ticket = desk.asked(user)
    assert not running.done
    desk.say(ticket)
    given = running.result()
    assert given.get("text"), given
    (review,) = desk.tickets(user)
    assert (review.state, review.used) == (TicketState.CONSUMED, 1)


@pytest.mark.parametrize(("vendor", "mode"), CLIENTS)
def test_a_rejected_call_throws_with_the_reason(gate: Gate, issuer: Issuer, desk: Desk, vendor: str, mode: str) -> None:
    user = f"node-rejected-{vendor}-{mode}"
    running = begin(gate, token(issuer, "held", user), vendor, mode)
    desk.say(desk.asked(user), Answered.REJECT, reason="not on a Friday")
    given = running.result()
    assert (given.get("error"), given.get("status")) == ("PermissionDeniedError", 403), given
    assert "not on a Friday" in given["message"]


def test_a_late_approval_works_on_the_client_s_own_retry(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    """Held for one second each time, and told to come again after fourteen."""
    users = {f"node-late-{vendor}-{mode}": (vendor, mode) for vendor, mode in CLIENTS}
    running = {user: begin(gate, token(issuer, "brief", user), *client) for user, client in users.items()}
    tickets = {user: desk.asked(user) for user in users}
    time.sleep(2)
    for user, ticket in tickets.items():
        assert not running[user].done
        desk.say(ticket)
    for user in users:
        given = running[user].result()
        assert given.get("text"), given
        (review,) = desk.tickets(user)
        assert review.state is TicketState.CONSUMED
