import pytest

from narrows.engine import routing
from narrows.engine.routing import Routed, Routes, face, find_route
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead
from unit.engine.world import World

SNAPSHOT = World(
    backup={"dialect": "openai"},
    named={"dialect": "anthropic", "hosts": ["api.anthropic.com"]},
    any={"dialect": "json"},
).snapshots.current


def found(path: str, method: str = "POST", host: str = "gate", **headers: str) -> Routed | Deny:
    """The route of a request."""
    given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return find_route(RequestHead(method, path, "", given, "192.0.2.1", host), SNAPSHOT)


@pytest.mark.parametrize(
    ("path", "names", "operation", "target"),
    [
        ("/openai/v1/chat/completions", ["openai"], "chat", "/v1/chat/completions"),
        ("/anthropic/v1/messages", ["anthropic"], "chat", "/v1/messages"),
        ("/any/whatever/path", ["any"], "json", "/whatever/path"),
        ("/v1/chat/completions", ["openai", "backup"], "chat", "/v1/chat/completions"),
        ("/v1/messages", ["anthropic", "named"], "chat", "/v1/messages"),
    ],
)
def test_a_path_leads_to_its_connections(path: str, names: list[str], operation: str, target: str) -> None:
    routed = found(path)
    assert isinstance(routed, Routed)
    assert [connected.name for connected in routed.candidates] == names
    assert (routed.route.operation, routed.route.target) == (operation, target)


def test_a_host_of_its_own_needs_no_prefix() -> None:
    routed = found("/v1/messages", host="api.anthropic.com")
    assert isinstance(routed, Routed)
    assert [connected.name for connected in routed.candidates] == ["named"]


def test_at_the_root_the_version_header_tells_the_sdks_apart() -> None:
    for headers, dialect in (({}, "openai"), ({"anthropic_version": "2023-06-01"}, "anthropic")):
        routed = found("/v1/models", method="GET", **headers)
        assert isinstance(routed, Routed)
        assert routed.dialect.name == dialect


@pytest.mark.parametrize(
    "path",
    ["/", "/openai", "/openai/", "/openai/v2/chat", "/OpenAI/v1/models", "/v1", "/v1/x", "/x/v1/chat/completions"],
)
def test_what_nobody_knows_is_unknown(path: str) -> None:
    routed = found(path)
    assert isinstance(routed, Deny)
    assert routed.code is Code.ROUTE_UNKNOWN


@pytest.mark.parametrize(
    ("path", "host", "dialect"),
    [
        ("/openai/nowhere", "gate", "openai"),
        ("/anthropic/nowhere", "gate", "anthropic"),
        ("/nowhere", "api.anthropic.com", "anthropic"),
        ("/v1/messages", "gate", "anthropic"),
        ("/nowhere", "gate", "openai"),
    ],
)
def test_every_path_has_an_error_shape(path: str, host: str, dialect: str) -> None:
    found_face = face(path, host, SNAPSHOT)
    assert found_face is not None
    assert found_face.name == dialect


def test_a_known_path_leads_where_it_led_before() -> None:
    world = World(backup={"dialect": "openai"}, any={"dialect": "json"}).snapshots.current
    routes = Routes(world)
    paths = [
        "/openai/v1/chat/completions", "/openai/chat/completions", "/backup/v1/chat/completions", "/any/some/path",
        "/v1/chat/completions", "/v1/messages", "/openai/v1/nothing", "/nobody/v1/chat/completions", "/openai",
    ]  # fmt: skip
    heads = [
        RequestHead(method, path, query, headers, "192.0.2.1", "gate")
        for method in ("POST", "GET")
        for path in paths
        for query in ("", "limit=3", "odd=1")
        for headers in ({}, {b"anthropic-version": b"2023-06-01"})
    ]
    for head in (*heads, *reversed(heads)):
        expected, given = find_route(head, world), routes.find(head)
        assert type(given) is type(expected)
        if isinstance(given, Routed) and isinstance(expected, Routed):
            assert (given.route, given.candidates) == (expected.route, expected.candidates)
        else:
            assert given == expected


def test_paths_that_a_caller_makes_up_do_not_fill_the_memory() -> None:
    routes = Routes(World(any={"dialect": "json"}).snapshots.current)
    for number in range(routing.KNOWN_ROUTES + 10):
        given = routes.find(RequestHead("POST", f"/any/{number}", "", {}, "192.0.2.1", "gate"))
        assert isinstance(given, Routed)
        assert given.route.target == f"/{number}"
    assert len(routes._known) <= routing.KNOWN_ROUTES
