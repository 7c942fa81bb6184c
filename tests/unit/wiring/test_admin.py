import pytest

from narrows.ports.http import RequestHead
from narrows.wiring.admin import Admin
from narrows.wiring.telemetry import PrometheusTelemetry
from unit.engine.world import MemoryExchange


async def ask(path: str, *reasons: str, method: str = "GET") -> MemoryExchange:
    """One request to an admin port that has these reasons not to be ready."""
    client = MemoryExchange(RequestHead(method, path, "", {}, "127.0.0.1", "gate"), b"")
    await Admin(PrometheusTelemetry(), lambda: list(reasons))(client)
    return client


async def test_alive_is_not_ready() -> None:
    assert (await ask("/healthz", "draining")).status == 200
    assert (await ask("/readyz")).status == 200
    unready = await ask("/readyz", "draining", "the journal can't be written")
    assert unready.status == 503
    assert unready.data == b"draining\nthe journal can't be written\n"


async def test_metrics_are_in_prometheus_form() -> None:
    scraped = await ask("/metrics")
    assert scraped.headers[b"content-type"].startswith(b"text/plain; version=")
    assert b"# TYPE narrows_calls_total counter" in scraped.data


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/", "GET", 404), ("/openai/v1/models", "GET", 404), ("/metrics", "POST", 405)]
)
async def test_nothing_else_is_there(path: str, method: str, status: int) -> None:
    assert (await ask(path, method=method)).status == status
