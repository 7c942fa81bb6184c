"""Admission, membership, refusals and the drain, without a socket."""

import asyncio
from typing import Any

import pytest

from e2e.edge.wire import CountedIds, Witness
from narrows.config.schema import Gate
from narrows.edge.denials import malformed, overloaded, plain_refusal
from narrows.edge.exchange import DRAIN
from narrows.edge.paths import never
from narrows.edge.service import SHED_LEAST, Service
from narrows.model.refusal import Code


class Member:
    """A connection that closes when it is told to."""

    def __init__(self, service: Service, *, closes: bool = True) -> None:
        self.service = service
        self.closes = closes
        self.told: list[str] = []

    def drain(self) -> None:
        self.told.append("drain")
        if self.closes:
            self.service.leave(self)

    def abort(self) -> None:
        self.told.append("abort")
        self.service.leave(self)


def made(**settings: Any) -> Service:
    return Service(
        Gate(**settings),
        Witness(),
        plain_refusal,
        CountedIds(),
        never,
        asyncio.get_running_loop(),
    )


async def test_calls_over_the_cap_are_shed() -> None:
    service = made(max_calls=1)
    assert service.admit(surplus=False) is None
    task = asyncio.create_task(asyncio.sleep(30))
    service.tasks.add(task)
    deny = service.admit(surplus=False)
    assert deny is not None
    assert deny.code is Code.OVERLOADED
    service.ended(task)
    assert service.admit(surplus=False) is None
    task.cancel()


async def test_connections_over_the_cap_are_marked_and_then_turned_away() -> None:
    service = made(max_connections=1)
    answers = [service.join(Member(service)) for _ in range(2 + SHED_LEAST)]
    assert answers == [False] + [True] * SHED_LEAST + [None]
    deny = service.admit(surplus=True)
    assert deny is not None
    assert deny.code is Code.OVERLOADED


async def test_a_refusal_has_an_id_a_type_and_a_time_to_come_back() -> None:
    status, headers, body = made().render(overloaded(), "/x")
    assert status == 503
    assert headers == [(b"content-type", b"application/json"), (b"x-request-id", b"req_1"), (b"retry-after", b"1")]
    assert b"overloaded" in body
    status, headers, _ = made().render(malformed("no"), "/x")
    assert status == 400
    assert [name for name, _ in headers] == [b"content-type", b"x-request-id"]


async def test_a_drain_waits_then_cuts_then_aborts() -> None:
    service = made()
    reasons: list[tuple[object, ...]] = []

    async def call() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as cancelled:
            reasons.append(cancelled.args)

    task = asyncio.create_task(call())
    service.tasks.add(task)
    task.add_done_callback(service.ended)
    willing, unwilling = Member(service), Member(service, closes=False)
    service.join(willing)
    service.join(unwilling)
    await asyncio.sleep(0)

    await service.run_out(0.05, 1.0)

    assert reasons == [(DRAIN,)]
    assert willing.told == ["drain"]
    assert unwilling.told == ["drain", "abort"]
    deny = service.admit(surplus=False)
    assert deny is not None
    assert deny.code is Code.DRAINING


async def test_a_network_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        made(trusted_proxies=("nonsense",))


async def test_calls_that_wait_for_people_keep_nobody_else_out() -> None:
    resting = 1
    service = Service(
        Gate(max_calls=1), Witness(), plain_refusal, CountedIds(), never, asyncio.get_running_loop(), lambda: resting
    )
    tasks = [asyncio.create_task(asyncio.sleep(30)) for _ in range(2)]
    service.tasks.add(tasks[0])
    assert service.admit(surplus=False) is None
    service.tasks.add(tasks[1])
    assert service.admit(surplus=False) is not None
    assert service.admit(surplus=True) is not None
    for task in tasks:
        task.cancel()
