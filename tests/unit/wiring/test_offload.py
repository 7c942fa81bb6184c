"""The real process: what it answers, and what becomes of callers when it does not."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from narrows.engine.apart import Errand, Settled, judge
from narrows.engine.judging import Caller
from narrows.model.call import Source
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.verdict import Deny
from narrows.ports.dialect import Route
from narrows.ports.offload import WorkerFailed
from narrows.wiring import offload
from narrows.wiring.blueprint import Blueprint, build
from narrows.wiring.offload import QUICK, Bound, Lane, Workers, _Line
from narrows.wiring.worker import DONE, header
from unit.wiring.test_blueprint import CONFIG, drawn

IDENTITY = Identity(Principal("corp", "alice", groups=frozenset({"x"})), Credential("oidc", "c", 2e9))
ERRAND = Errand(Caller(IDENTITY, Source(""), "req_1", 5, "POST"), Route("chat", "/c"), ("one",), ("/c",))
BODY = b'{"model":"m","messages":[{"role":"user","content":"%b"}]}'


@pytest.fixture
def plan(tmp_path: Path) -> Blueprint:
    made: Blueprint = drawn(CONFIG, tmp_path)
    return made


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers()
    yield made
    await made.close()


async def judged(bound: Bound, plan: Blueprint, size: int) -> Settled | Deny:
    snapshot, _ = build(plan)
    return await judge(bound, snapshot, ERRAND, BODY % (b"x" * size))


async def pid_of(lane: Lane, name: bytes, plan: Blueprint) -> int:
    await lane.ask(name, plan)
    assert lane.pid is not None
    return lane.pid


async def at_work(lane: Lane) -> None:
    """Returns once the process has a question to answer."""
    async with asyncio.timeout(20):
        while lane._line is None or not lane._line.owing:
            await asyncio.sleep(0.001)


async def test_a_large_call_is_judged_in_another_process(workers: Workers, plan: Blueprint) -> None:
    bound = workers.bound(plan)
    assert bound.takes(QUICK + 1)
    settled = await judged(bound, plan, 3_000_000)
    assert isinstance(settled, Settled)
    assert settled.call.output_cap == 9
    assert len(settled.contents[1].data) > 3_000_000
    lane = workers.lane(3_000_000)
    assert lane.pid not in (None, os.getpid())
    assert workers.lane(QUICK).pid is None, "quick calls have a process of their own, which nobody needed"


async def test_quick_calls_do_not_wait_for_a_process_to_start(workers: Workers, plan: Blueprint) -> None:
    bound = workers.bound(plan)
    assert not bound.takes(QUICK)
    async with asyncio.timeout(20):
        while not bound.takes(QUICK):
            await asyncio.sleep(0.02)
    assert isinstance(await judged(bound, plan, 1_000), Settled)


async def test_one_killed_in_its_work_refuses_and_is_replaced(workers: Workers, plan: Blueprint) -> None:
    lane = workers.lane(QUICK + 1)
    first = await pid_of(lane, b"1", plan)
    os.kill(first, signal.SIGSTOP)
    waiting = asyncio.create_task(lane.ask(b"1", plan, b"question", b"data"))
    await at_work(lane)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerFailed, match="ended"):
        await waiting
    assert await pid_of(lane, b"1", plan) != first


async def test_one_killed_at_rest_is_replaced_without_a_refusal(workers: Workers, plan: Blueprint) -> None:
    lane = workers.lane(QUICK + 1)
    first = await pid_of(lane, b"1", plan)
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(20):
        while lane.knows(b"1"):
            await asyncio.sleep(0.01)
    assert await pid_of(lane, b"1", plan) != first


async def test_one_that_hangs_is_ended_and_refuses(
    workers: Workers, plan: Blueprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offload, "FIRST", 0.1)
    lane = workers.lane(QUICK + 1)
    first = await pid_of(lane, b"1", plan)
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(WorkerFailed, match="too long"):
        await lane.ask(b"1", plan, b"question", b"data")
    assert await pid_of(lane, b"1", plan) != first


async def test_a_snapshot_that_can_t_be_built_refuses(workers: Workers, tmp_path: Path) -> None:
    other: Blueprint = drawn(CONFIG, tmp_path, "0123456789abcdef")
    with pytest.raises(WorkerFailed, match="policies"):
        await workers.bound(other).ask(b"question", b"x" * (QUICK + 1))


async def test_who_gave_up_is_not_asked_for(workers: Workers, plan: Blueprint) -> None:
    lane = workers.lane(QUICK + 1)
    pid = await pid_of(lane, b"1", plan)
    os.kill(pid, signal.SIGSTOP)
    tasks = [asyncio.create_task(lane.ask(b"1", plan, b"question", b"data")) for _ in range(3)]
    await at_work(lane)
    tasks[1].cancel()
    os.kill(pid, signal.SIGCONT)
    for task in (tasks[0], tasks[2]):
        with pytest.raises(WorkerFailed, match="Error"):
            await task
    assert lane.pid == pid


async def test_an_idle_one_ends_and_comes_back(plan: Blueprint) -> None:
    lane = Lane("test", idle=0.05)
    first = await pid_of(lane, b"1", plan)
    async with asyncio.timeout(20):
        while lane.pid is not None:
            await asyncio.sleep(0.01)
    assert await pid_of(lane, b"1", plan) != first
    await lane.close()


async def test_shutting_down_refuses_who_waits(plan: Blueprint) -> None:
    lane = Lane("test")
    pid = await pid_of(lane, b"1", plan)
    os.kill(pid, signal.SIGSTOP)
    tasks = [asyncio.create_task(lane.ask(b"1", plan, b"question", b"data")) for _ in range(2)]
    await at_work(lane)
    await lane.close()
    for task in tasks:
        with pytest.raises(WorkerFailed):
            await task


@pytest.mark.parametrize("cut", [1, 3, 7, 1_000])
async def test_an_answer_is_put_together_however_it_comes(cut: int) -> None:
    parts = [DONE, b"", b"x" * 50, b"", b"yz", b""]
    stream = header(parts) + b"".join(parts)
    line = _Line()
    line.transport = _Sink()
    answer = asyncio.create_task(line.exchange((b"q",), 5))
    await asyncio.sleep(0)
    for at in range(0, len(stream), cut):
        piece = stream[at : at + cut]
        line.get_buffer(-1)[: len(piece)] = piece
        line.buffer_updated(len(piece))
    assert await answer == parts
    assert not line.owing


class _Sink(asyncio.Transport):
    def write(self, data: object) -> None:
        """Nobody is there."""
