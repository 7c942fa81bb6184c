"""The way from the proxy to its gate: pooled connections over verified TLS, or plain HTTP on this machine alone."""

from typing import Final

from narrows.client.failure import SignInFailed
from narrows.config.schema import ConnectionCredential, Timeouts
from narrows.upstream.address import is_remote, only_here, resolve
from narrows.upstream.credential import UpstreamCredential
from narrows.upstream.dial import Dialer
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.request import RequestHeads
from narrows.upstream.target import TargetInvalid, parse_target
from narrows.upstream.tls import TlsUnusable, client_context

_TIMEOUTS: Final = Timeouts(connect=10.0, first_byte=3600.0, idle=3600.0, total=86_400.0)
"""The gate has timeouts of its own, and a call may wait there for a person: this side only gives up what is dead."""

_CONNECTIONS: Final = 64


def way(url: str, ca_bundle: str | None = None) -> ConnectionPool:
    """Connections to the gate at `url`. Raises SignInFailed."""
    try:
        target = parse_target(url)
        context = client_context(ca_bundle) if target.tls else None
    except (TargetInvalid, TlsUnusable) as problem:
        raise SignInFailed(f"the gate at {url} can't be used: {problem}") from None
    if not target.tls and is_remote(target.host):
        raise SignInFailed(f"{url} is not https, and plain HTTP is for this machine only")
    dialer = Dialer(target, _TIMEOUTS, context, resolver=resolve if target.tls else only_here(resolve))
    # The credential changes with time, so the proxy adds it to each call; the caller's user agent goes on as it is.
    heads = RequestHeads(target, dropped=(), agent=None)
    nothing = UpstreamCredential(ConnectionCredential(none=True))
    return ConnectionPool(dialer, heads, nothing, max_connections=_CONNECTIONS)
