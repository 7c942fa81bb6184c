"""The dialect `anthropic`: operations behind paths, and headers that go along."""

import pytest

from narrows.model.call import Asked
from unit.dialects.payloads import dialect


@pytest.mark.parametrize(
    ("method", "path", "query", "target"),
    [
        ("POST", "/v1/messages", "", "/v1/messages"),
        ("POST", "/v1/messages", "beta=true", "/v1/messages?beta=true"),
        ("POST", "/v1/messages/count_tokens", "beta=true", "/v1/messages/count_tokens?beta=true"),
        ("GET", "/v1/models", "limit=20&after_id=x", "/v1/models?limit=20&after_id=x"),
        ("GET", "/v1/models/claude-x", "", "/v1/models/claude-x"),
    ],
)
def test_routes(method: str, path: str, query: str, target: str) -> None:
    route = dialect("anthropic").route(method, path, query)
    assert route is not None
    assert route.target == target


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/complete", "/v1/files", "/v1/chat/completions"])
def test_what_is_no_route(path: str) -> None:
    speaks = dialect("anthropic")
    assert [speaks.route(method, path, "") for method in ("GET", "POST", "DELETE")] == [None, None, None]


def test_operations_without_a_body() -> None:
    speaks = dialect("anthropic")
    route = speaks.route("GET", "/v1/models", "")
    assert route is not None
    asked = speaks.read(route, {})
    assert isinstance(asked, Asked)
    assert speaks.forward(asked, None, None).body == b""


def test_semantic_headers_go_along() -> None:
    headers = dialect("anthropic").request_headers
    assert {b"anthropic-version", b"anthropic-beta"} <= headers
    assert not {b"authorization", b"x-api-key", b"cookie"} & headers
