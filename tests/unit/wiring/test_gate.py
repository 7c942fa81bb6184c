import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from narrows.stores.sqlite.gatefile import GateView
from narrows.wiring.configuration import read_checked
from narrows.wiring.gate import Gate
from narrows.wiring.revisions import restored

TEXT = """
gate: {{listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 200ms}}
store: {store}
connections:
  one: {{url: "http://127.0.0.1:9", dialect: openai, credential: {{none: true}}}}
policies:
  - name: all
    who: {{service_accounts: ["*"]}}
    may: {{connections: [one], models: ["{models}"], operations: ["*"]}}
"""


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """A gate calms the collector of its process; the tests' process gets its own back."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration file."""
    file = tmp_path / "narrows.yaml"
    file.write_text(TEXT.format(store=tmp_path / "data", models="*"))
    return file


@pytest.fixture
async def gate(path: Path) -> AsyncIterator[Gate]:
    """A gate that has been started."""
    running = Gate(read_checked(path, {}).config, path, {})
    await running.start()
    yield running
    await running.stop()


async def get(port: int, target: str) -> bytes:
    """A raw reply to a GET."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n".encode())
    data = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return data


async def test_a_started_gate_is_ready_and_knows_no_strangers(gate: Gate) -> None:
    assert b" 200 " in await get(gate.admin_port, "/readyz")
    assert b" 401 " in await get(gate.port, "/one/v1/models")


async def test_a_new_version_takes_force_and_a_broken_one_does_not(gate: Gate, path: Path) -> None:
    before = await get(gate.admin_port, "/metrics")
    assert b'narrows_snapshots_total{result="accepted"}' not in before
    path.write_text(path.read_text().replace('["*"], operations', '["m"], operations'))
    await gate.reload()
    path.write_text("polices: []")
    await gate.reload()
    after = await get(gate.admin_port, "/metrics")
    assert b'narrows_snapshots_total{result="accepted"} 1.0' in after
    assert b'narrows_snapshots_total{result="refused"} 1.0' in after


async def test_two_gates_do_not_share_a_store(gate: Gate, path: Path) -> None:
    with pytest.raises(Exception, match="another gate"):
        await Gate(read_checked(path, {}).config, path, {}).start()


async def test_before_the_start_there_is_no_port(path: Path) -> None:
    idle = Gate(read_checked(path, {}).config, path, {})
    with pytest.raises(RuntimeError, match="started"):
        _ = idle.port
    with pytest.raises(RuntimeError, match="started"):
        _ = idle.admin_port


async def test_what_the_policies_say_is_kept_whenever_they_come_into_force(gate: Gate, path: Path) -> None:
    path.write_text(path.read_text().replace('["*"], operations', '["m"], operations'))
    await gate.reload()
    await gate.stop()
    view = GateView(path.parent / "data")
    last = view.in_force(2**62)
    assert last is not None
    first = view.in_force(last.at - 1)
    assert first is not None
    models = [
        [policy.models.texts for policy in restored(one).policies.policies if policy.models] for one in (first, last)
    ]
    assert models == [[("*",)], [("m",)]]
