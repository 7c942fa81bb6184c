"""How an upstream fails a call, in words for the caller.

The messages name no address, path or credential of the upstream: those are the operator's business and stand in the
log, through the exception that is chained as the cause.
"""

from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import UpstreamFailed


def unreachable(reason: str, *, sent: bool) -> UpstreamFailed:
    """The server can't be reached, or went away before it answered."""
    return UpstreamFailed(
        Deny(Code.UPSTREAM_UNREACHABLE, f"The upstream server can't be reached: {reason}."), sent=sent
    )


def timed_out(reason: str, *, sent: bool) -> UpstreamFailed:
    """The server took longer than the connection's timeouts allow."""
    return UpstreamFailed(Deny(Code.UPSTREAM_TIMEOUT, f"The upstream server {reason}."), sent=sent)


def invalid(reason: str, *, refused: bool = False) -> UpstreamFailed:
    """The server answered with something that can't be used; `refused`: which says that it does nothing."""
    return UpstreamFailed(
        Deny(Code.UPSTREAM_INVALID, f"The upstream server's reply can't be used: {reason}."), sent=True, refused=refused
    )


def crowded(reason: str, *, retry_after: int) -> UpstreamFailed:
    """Every connection that the configuration permits is busy. `retry_after` is in seconds."""
    deny = Deny(Code.OVERLOADED, f"The upstream server is busy: {reason}.", retry_after=retry_after)
    return UpstreamFailed(deny, sent=False)


def unsendable(reason: str, param: str | None = None) -> UpstreamFailed:
    """The request itself can't be written as HTTP."""
    return UpstreamFailed(
        Deny(Code.REQUEST_MALFORMED, f"The request can't be forwarded: {reason}.", param=param), sent=False
    )


def seconds(value: float) -> str:
    """A duration for a message: `5 s`, `0.5 s`."""
    return f"{value:g} s"
