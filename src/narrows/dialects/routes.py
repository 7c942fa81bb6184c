"""From a method, a path below the connection and a query to a route, and to the one target that is sent upstream.

A connection's URL may already end in `/v1`; clients may write the version or leave it out. Either way the upstream
sees one version. What a table doesn't name is no route.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from narrows.dialects.governed import MAX_MODEL
from narrows.ports.dialect import Route

_VALUE: Final = re.compile(r"[A-Za-z0-9._~-]{0,256}")
_SEGMENT: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}){1,1024}")


class Routes:
    """The routes of one connection. `bodies` maps paths of POST to operations, `aliases` the callers' names of models
    to the upstream's."""

    __slots__ = ("_aliases", "_posts", "_prefix", "_queries", "_version")

    def __init__(
        self,
        url: str,
        bodies: Mapping[str, str],
        queries: frozenset[str],
        aliases: Mapping[str, str],
        version: str = "/v1",
    ) -> None:
        self._queries = queries
        self._aliases = dict(aliases)
        self._version = version
        self._prefix = "" if urlsplit(url).path.rstrip("/").endswith(version) else version
        self._posts: dict[str, Route] = {}
        for path, operation in bodies.items():
            self._posts[path] = self._posts[version + path] = Route(operation, self._prefix + path)

    def find(self, method: str, path: str, query: str) -> Route | None:
        """The route, or None."""
        canonical = self._query(query) if query else ""
        if canonical is None:
            return None
        if method == "POST":
            route = self._posts.get(path)
            if route is not None and canonical:
                return Route(route.operation, route.target + canonical)
            return route
        path = path.removeprefix(self._version)
        if method == "GET":
            if path == "/models":
                return Route("models", self._prefix + path + canonical, body=False)
            model = _named_model(path)
            if model is not None:
                known = self._aliases.get(model, model)
                target = f"{self._prefix}/models/{quote(known, safe=':@')}{canonical}"
                return Route("models", target, body=False, model=model)
        return None

    def _query(self, query: str) -> str | None:
        """The query if it is made of known names, each once, and plain values; else None."""
        names: set[str] = set()
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            if name not in self._queries or name in names or not equals or _VALUE.fullmatch(value) is None:
                return None
            names.add(name)
        return "?" + query


def _named_model(path: str) -> str | None:
    """The model of `/models/{model}`: one segment, in which `%2F` may stand for a slash."""
    head, _, segment = path.partition("/models/")
    if head or _SEGMENT.fullmatch(segment) is None:
        return None
    try:
        name = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None
    if len(name) > MAX_MODEL or not name.isprintable() or {".", "..", ""} & set(name.split("/")):
        return None
    return name
