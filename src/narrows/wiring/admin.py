"""`/healthz`, `/readyz` and `/metrics`, on a port of their own: nothing of the data path is reachable there."""

from collections.abc import Callable
from typing import Final

from narrows.ports.http import Exchange
from narrows.wiring.telemetry import PrometheusTelemetry

_TEXT: Final = ((b"content-type", b"text/plain; charset=utf-8"),)
_METRICS: Final = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)


class Admin:
    """Answers probes and scrapes. `unready` gives the reasons not to send traffic here now."""

    def __init__(self, telemetry: PrometheusTelemetry, unready: Callable[[], list[str]]) -> None:
        self._telemetry = telemetry
        self._unready = unready

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one request."""
        head = exchange.head
        if head.method not in ("GET", "HEAD"):
            exchange.respond(405, [*_TEXT, (b"allow", b"GET, HEAD")], b"only GET and HEAD\n")
        elif head.path == "/healthz":
            exchange.respond(200, _TEXT, b"ok\n")
        elif head.path == "/readyz":
            reasons = self._unready()
            if reasons:
                exchange.respond(503, _TEXT, ("\n".join(reasons) + "\n").encode())
            else:
                exchange.respond(200, _TEXT, b"ready\n")
        elif head.path == "/metrics":
            exchange.respond(200, _METRICS, self._telemetry.exposition())
        else:
            exchange.respond(404, _TEXT, b"here are /healthz, /readyz and /metrics\n")
