"""From a request's path and host to a connection and the operation behind it.

`/<connection>/…native path…`, a host name of the connection's own, or `/v1/…` at the root, which is routed by model
once the body is read. Knows nothing of identity: what a caller may use is decided later.
"""

from typing import Final

import msgspec

from narrows.engine.snapshot import Connected, Snapshot
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect, Route
from narrows.ports.http import RequestHead

ROOT: Final = "/v1/"

KNOWN_ROUTES: Final = 1_024
"""Paths whose routes are known. There are no more but where a connection takes any path; then all are found again."""


class Routed(msgspec.Struct, frozen=True):
    """Where a request leads. More than one candidate: the model decides among them."""

    route: Route
    candidates: tuple[Connected, ...]

    @property
    def dialect(self) -> Dialect:
        """The wire API of the request; the same for every candidate."""
        return self.candidates[0].dialect

    def target(self, chosen: Connected, head: RequestHead) -> str:
        """The path and query that `chosen`, one of the candidates, is sent: each URL has its own idea of versions."""
        route = None if chosen is self.candidates[0] else chosen.dialect.route(head.method, head.path, head.query)
        return self.route.target if route is None else route.target


class Routes:
    """The routes of one snapshot. Those that requests take again and again are known by their path."""

    __slots__ = ("_known", "snapshot")

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._known: dict[str, Routed] = {}

    def find(self, head: RequestHead) -> Routed | Deny:
        """The same as `find_route`."""
        if head.method != "POST" or head.query or self.snapshot.hosts:
            return find_route(head, self.snapshot)
        routed = self._known.get(head.path)
        if routed is not None:
            return routed
        found = find_route(head, self.snapshot)
        if type(found) is Routed and not head.path.startswith(ROOT):
            # At the root a header has its say, too.
            if len(self._known) >= KNOWN_ROUTES:
                self._known.clear()
            self._known[head.path] = found
        return found


def face(path: str, host: str, snapshot: Snapshot) -> Dialect | None:
    """The dialect whose error shape a request at this path expects, known route or not."""
    connected = snapshot.hosts.get(host) or snapshot.connections.get(path[1:].partition("/")[0])
    if connected is not None:
        return connected.dialect
    name = "anthropic" if path.startswith("/v1/messages") else "openai"
    return next((c.dialect for c in snapshot.connections.values() if c.dialect.name == name), None)


def find_route(head: RequestHead, snapshot: Snapshot) -> Routed | Deny:
    """The route of a request, or Deny(`route_unknown`)."""
    connected = snapshot.hosts.get(head.host) if snapshot.hosts else None
    if connected is not None:
        return _within(connected, head, head.path)
    name, slash, rest = head.path[1:].partition("/")
    connected = snapshot.connections.get(name)
    if connected is not None:
        return _within(connected, head, slash + rest)
    if head.path.startswith(ROOT):
        return _at_root(head, snapshot)
    known = ", ".join(sorted(snapshot.connections)) if len(snapshot.connections) <= 1 else ""
    hint = f" (such as /{known}/…)" if known else ""
    return Deny(Code.ROUTE_UNKNOWN, f"no connection is named {name!r}; paths are /<connection>/…native path…{hint}")


def _within(connected: Connected, head: RequestHead, path: str) -> Routed | Deny:
    route = connected.dialect.route(head.method, path, head.query)
    if route is None:
        return Deny(
            Code.ROUTE_UNKNOWN,
            f"{head.method} {path or '/'} is not an operation of the {connected.dialect.name} dialect "
            f"that connection {connected.name!r} speaks",
        )
    return Routed(route, (connected,))


def _at_root(head: RequestHead, snapshot: Snapshot) -> Routed | Deny:
    """Candidates of the first dialect that knows the path; the Anthropic SDK is told apart by its version header."""
    preferred = "anthropic" if b"anthropic-version" in head.headers else "openai"
    speaking = sorted(snapshot.connections.values(), key=lambda c: c.dialect.name != preferred)
    for connected in speaking:
        if connected.dialect.name == "json":
            continue
        route = connected.dialect.route(head.method, head.path, head.query)
        if route is not None:
            same = tuple(c for c in speaking if c.dialect.name == connected.dialect.name)
            return Routed(route, same)
    return Deny(Code.ROUTE_UNKNOWN, f"no connection knows {head.method} {head.path}")
