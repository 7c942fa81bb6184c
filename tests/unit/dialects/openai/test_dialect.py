"""The dialect `openai`: operations behind paths, and headers that go along."""

import pytest

from narrows.model.call import Asked
from unit.dialects.payloads import dialect


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/chat/completions", "chat"),
        ("POST", "/v1/responses", "responses"),
        ("POST", "/v1/completions", "completions"),
        ("POST", "/v1/embeddings", "embeddings"),
        ("POST", "/v1/moderations", "moderations"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/gpt-4o", "models"),
    ],
)
def test_routes(method: str, path: str, operation: str) -> None:
    route = dialect("openai").route(method, path, "")
    assert route is not None
    assert route.operation == operation


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/batches", "/v1/responses/resp_1", "/v1/audio/speech", "/v1/messages"]
)
def test_what_is_no_route(path: str) -> None:
    speaks = dialect("openai")
    assert [speaks.route(method, path, "") for method in ("GET", "POST", "DELETE")] == [None, None, None]


def test_operations_without_a_body() -> None:
    speaks = dialect("openai")
    route = speaks.route("GET", "/v1/models/gpt-4o", "")
    assert route is not None
    asked = speaks.read(route, {})
    assert isinstance(asked, Asked)
    assert asked.model == "gpt-4o"
    assert speaks.forward(asked, None, None).body == b""


def test_identity_never_travels_in_headers() -> None:
    assert (
        not {b"authorization", b"openai-organization", b"openai-project", b"cookie"} & dialect("openai").request_headers
    )
