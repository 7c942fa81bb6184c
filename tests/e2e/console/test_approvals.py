"""People approve over real HTTP, with tokens of a real issuer, what a gate asks; the gate learns of it at once."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from e2e.console.console import Console
from e2e.issuer import Issuer
from narrows.model.approval import Answered, TicketState
from narrows.model.audit import ActOutcome
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.audit import SqliteAudit
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.wiring.clock import SystemClock
from unit.stores.sqlite.tickets import BODY, HOUR, prepared, requirement, ticket

CLOCK = SystemClock()


@pytest.fixture
def console(tmp_path: Path, issuer: Issuer) -> Iterator[Console]:
    console = Console.alone(tmp_path / "console", issuer)
    prepared(console.store)
    yield console.start()
    assert console.server.stop() == 0, console.server.output
    assert "Traceback" not in console.server.output, console.server.output


@pytest.fixture
async def gate(console: Console) -> AsyncIterator[SqliteApprovals]:
    """The side of a gate that asks, on the same data directory."""
    approvals = SqliteApprovals(console.store, CLOCK)
    await approvals.start()
    yield approvals
    await approvals.stop()


async def asked(gate: SqliteApprovals, number: int = 1, **changes: object) -> str:
    now = CLOCK.now()
    review = await gate.ask(ticket(number, requirement(), at=now, expires=now + HOUR, **changes), BODY)
    return review.ticket.id


async def fetch(client: httpx.Client, method: str, path: str, **request: object) -> httpx.Response:
    return await asyncio.to_thread(client.request, method, path, **request)  # type: ignore[arg-type]


async def test_a_held_call_is_listed_read_and_approved_and_goes_on(console: Console, gate: SqliteApprovals) -> None:
    one = await asked(gate)
    waiting = asyncio.ensure_future(gate.wait(one))
    with console.client("sam", "security") as sam:
        listed = await fetch(sam, "GET", "/api/v1/approvals?state=pending")
        assert [item["id"] for item in listed.json()["items"]] == [one]
        shown = await fetch(sam, "GET", f"/api/v1/approvals/{one}")
        assert shown.json()["content"] == BODY.decode()
        assert not waiting.done()
        loop = asyncio.get_running_loop()
        done = await fetch(sam, "POST", f"/api/v1/approvals/{one}/approve", json={"reason": "fine", "output_cap": 64})
        answered = loop.time()
        assert (done.status_code, done.json()["approval"]["state"]) == (200, "approved")
        review = await asyncio.wait_for(waiting, 5)
        assert loop.time() - answered < 0.5
    assert review.state is TicketState.APPROVED
    (decision,) = review.decisions
    assert (decision.who, decision.reason, decision.output_cap) == ("corp:sam", "fine", 64)
    assert decision.groups == ("corp:security",)
    assert await gate.consume(one, "call_1")


async def test_a_rejection_reaches_the_gate_with_its_reason(console: Console, gate: SqliteApprovals) -> None:
    one = await asked(gate)
    with console.client("sam", "security") as sam:
        await fetch(sam, "POST", f"/api/v1/approvals/{one}/reject", json={"reason": "not this list"})
        late = await fetch(sam, "POST", f"/api/v1/approvals/{one}/approve")
        assert (late.status_code, late.json()["code"]) == (409, "decided_otherwise")
    review = await asyncio.wait_for(gate.wait(one), 5)
    assert (review.state, review.decisions[0].reason) == (TicketState.REJECTED, "not this list")


async def test_requesters_in_every_group_decide_nothing_about_themselves(
    console: Console, gate: SqliteApprovals
) -> None:
    one = await asked(gate, requester="corp:sam")
    two = await asked(gate, 2, requester="narrows:nightly", owner="sam")
    with console.client("sam", "security", "platform", "audit") as sam:
        for held in (one, two):
            for verb, body in (("approve", {}), ("reject", {"reason": "x"})):
                reply = await fetch(sam, "POST", f"/api/v1/approvals/{held}/{verb}", json=body)
                assert (reply.status_code, reply.json()["code"]) == (403, "own_call")
                assert reply.headers["content-type"] == "application/problem+json"
    people = SqliteDecisions(console.store, CLOCK)
    assert [review.state for review in people.list()] == [TicketState.PENDING] * 2
    people.close()


async def test_many_who_decide_at_once_make_one_outcome(console: Console, gate: SqliteApprovals) -> None:
    one = await asked(gate)
    clients = [console.client(f"sam{number}", "security") for number in range(12)]

    def answer(number: int) -> httpx.Response:
        verb, body = ("approve", {}) if number % 2 else ("reject", {"reason": "no"})
        return clients[number].post(f"/api/v1/approvals/{one}/{verb}", json=body)

    with ThreadPoolExecutor(12) as threads:
        replies = await asyncio.gather(
            *(asyncio.get_running_loop().run_in_executor(threads, answer, number) for number in range(12))
        )
    for client in clients:
        client.close()
    states = {reply.json()["approval"]["state"] for reply in replies if reply.status_code == 200}
    assert len(states) == 1
    assert {reply.status_code for reply in replies} == {200, 409}
    assert sum(reply.status_code == 200 and reply.json()["recorded"] for reply in replies) == 1
    review = await asyncio.wait_for(gate.wait(one), 5)
    assert ({review.state}, len(review.decisions)) == ({TicketState(states.pop())}, 1)
    assert review.decisions[0].answer in (Answered.APPROVE, Answered.REJECT)


async def test_every_act_stands_in_a_trail_that_only_grows(console: Console, gate: SqliteApprovals) -> None:
    one = await asked(gate)
    with console.client("sam", "security") as sam, console.client("alice", "research") as alice:
        await fetch(alice, "POST", f"/api/v1/approvals/{one}/approve")
        await fetch(sam, "GET", f"/api/v1/approvals/{one}")
        done = await fetch(sam, "POST", f"/api/v1/approvals/{one}/approve")
    trail = SqliteAudit(console.store, CLOCK)
    acts = trail.newest(10)[::-1]
    trail.close()
    assert [(act.who, act.action, act.outcome, act.code) for act in acts] == [
        ("corp:alice", "approval.approve", ActOutcome.REFUSED, "role_missing"),
        ("corp:sam", "approval.show", ActOutcome.DONE, None),
        ("corp:sam", "approval.approve", ActOutcome.BEGUN, None),
        ("corp:sam", "approval.approve", ActOutcome.DONE, None),
    ]
    assert {act.target for act in acts} == {one}
    assert {act.address for act in acts} == {"127.0.0.1"}
    assert acts[-1].request_id == done.headers["x-request-id"]
    with sqlite3.connect(console.store / "control.db") as other, pytest.raises(sqlite3.IntegrityError):
        other.execute("DELETE FROM audit")


async def test_killed_at_any_moment_it_has_decided_or_not(console: Console, gate: SqliteApprovals) -> None:
    held = [await asked(gate, number) for number in range(1, 6)]
    with console.client("sam", "security") as sam:
        for one in held:
            answering = asyncio.ensure_future(fetch(sam, "POST", f"/api/v1/approvals/{one}/approve"))
            await asyncio.sleep(0.002 * held.index(one))
            console.server.kill()
            told = (await asyncio.gather(answering, return_exceptions=True))[0]
            console.start()
            stands = await fetch(sam, "GET", f"/api/v1/approvals/{one}")
            state = stands.json()["approval"]["state"]
            assert state in ("pending", "approved")
            if isinstance(told, httpx.Response) and told.status_code == 200:
                assert state == "approved"
            again = await fetch(sam, "POST", f"/api/v1/approvals/{one}/approve")
            assert (again.status_code, again.json()["recorded"]) == (200, state == "pending")
            assert len(again.json()["approval"]["decisions"]) == 1


async def test_a_role_that_is_taken_away_is_gone_within_a_second(console: Console, gate: SqliteApprovals) -> None:
    one = await asked(gate)
    with console.client("sam", "security") as sam:
        assert (await fetch(sam, "GET", f"/api/v1/approvals/{one}")).status_code == 200
        console.write({**console.settings, "console": {**console.settings["console"], "roles": {"user": ["*"]}}})
        for _ in range(60):
            reply = await fetch(sam, "POST", f"/api/v1/approvals/{one}/reject", json={"reason": ""})
            if reply.status_code == 403:
                break
            await asyncio.sleep(0.05)
        assert (reply.status_code, reply.json()["code"]) == (403, "role_missing")


async def test_a_token_of_another_audience_or_issuer_is_nobodys(console: Console, gate: SqliteApprovals) -> None:
    one = await asked(gate)
    tokens = [
        console.issuer.token("sam", ("security",), aud="elsewhere"),
        console.issuer.token("sam", ("security",), lifetime=-3600),
        console.issuer.token("sam", ("security",), iss="https://evil.example"),
        console.issuer.token("sam", ("security",))[:-4] + "AAAA",
    ]
    with httpx.Client(base_url=console.url) as client:
        for token in tokens:
            headers = {"authorization": f"Bearer {token}"}
            reply = await fetch(client, "POST", f"/api/v1/approvals/{one}/approve", headers=headers)
            assert reply.status_code == 401
            assert token not in reply.text
    assert all(token not in console.server.output for token in tokens)
