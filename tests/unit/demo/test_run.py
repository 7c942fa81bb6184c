"""The demo in this process: it serves, its state is found, and it leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

import warm
from narrows.demo.run import COMPILED, Options, Running, run_demo
from narrows.demo.settings import UPSTREAM_KEY_FILE
from narrows.demo.state import read_state
from narrows.model.secret import Secret


@contextlib.asynccontextmanager
async def demo(options: Options) -> AsyncIterator[Running]:
    ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_demo(options, ready.set_result))
    task.add_done_callback(lambda _: ready.cancel())
    try:
        await asyncio.wait([ready])
        if ready.cancelled():
            await task
    except BaseException:
        task.cancel()
        raise
    try:
        yield await ready
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 20)


async def ask(running: Running, user: str, model: str) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": f"Bearer {running.tokens[user]}"}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{running.gate}/openai/v1/chat/completions", json=body, headers=headers)


async def test_it_serves_by_its_policy_and_cleans_up(tmp_path: Path) -> None:
    state = tmp_path / "state" / "demo.json"
    compiled = warm.lend(tmp_path / "cache")
    async with demo(Options(state, port=0, delay=0, compiled=compiled)) as running:
        assert (await ask(running, "alice", "sample-large")).status_code == 200
        refused = await ask(running, "bob", "sample-large")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
        found = read_state(state)
        assert found is not None
        assert (found.gate, found.data) == (running.gate, running.data)
        async with httpx.AsyncClient() as client:
            assert (await client.get(running.metrics)).status_code == 200
            dave = {"authorization": f"Bearer {running.tokens['dave']}"}
            whoami = await client.get(f"{running.console}/api/v1/whoami", headers=dave)
            assert whoami.json()["roles"] == ["admin", "approver", "user"]
        assert not running.keeps
        assert (Path(running.data) / COMPILED).resolve() == compiled, "compiled patterns outlive the demo"
    assert not Path(running.data).exists()
    assert not state.exists()
    assert list(compiled.iterdir())
    warm.keep(compiled)


async def test_a_data_directory_of_one_s_own_is_kept_without_the_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = Secret("sk-canary-77")
    warm.lend(data / COMPILED)
    options = Options(tmp_path / "demo.json", port=0, data=data, upstream="http://127.0.0.1:9/v1", upstream_key=key)
    async with demo(options) as running:
        assert (data / UPSTREAM_KEY_FILE).stat().st_mode & 0o777 == 0o600
        assert (await ask(running, "alice", "any")).status_code == 502
        assert "sk-canary-77" not in Path(running.config).read_text()
    assert list(data.glob("journal-*.db"))
    files = [path for path in data.rglob("*") if path.is_file()]
    assert all(b"sk-canary-77" not in path.read_bytes() for path in files)


async def test_a_bad_upstream_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    options = Options(
        tmp_path / "demo.json", port=0, data=tmp_path / "data", upstream="ftp://h", upstream_key=Secret("k")
    )
    with pytest.raises(Exception, match="http"):
        async with demo(options):
            pass
    assert not (tmp_path / "demo.json").exists()
    assert not (tmp_path / "data" / UPSTREAM_KEY_FILE).exists()
