"""Known methods, paths and queries, one canonical target; everything else is no route."""

import pytest

from narrows.dialects.routes import Routes

QUERIES = frozenset({"limit", "after", "beta"})


def routes(url: str = "https://api.example.com") -> Routes:
    return Routes(url, {"/chat/completions": "chat"}, QUERIES, {"fast": "org/llama:8b"})


@pytest.mark.parametrize("url", ["https://h", "https://h/", "https://h/prefix"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
def test_the_version_is_sent_once(url: str, path: str) -> None:
    route = routes(url).find("POST", path, "")
    assert route is not None
    assert (route.operation, route.target, route.body) == ("chat", "/v1/chat/completions", True)


@pytest.mark.parametrize("url", ["https://h/v1", "https://h/v1/", "https://h/api/v1"])
def test_an_url_that_has_the_version(url: str) -> None:
    route = routes(url).find("POST", "/v1/chat/completions", "")
    assert route is not None
    assert route.target == "/chat/completions"


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/v1/chat/completions", ""),
        ("PUT", "/v1/chat/completions", ""),
        ("POST", "/v1/chat/completions/", ""),
        ("POST", "/v1/chat/completions/x", ""),
        ("POST", "/v1/v1/chat/completions", ""),
        ("POST", "/v1/models", ""),
        ("DELETE", "/v1/models/x", ""),
        ("GET", "/v1/responses/resp_1", ""),
        ("POST", "/v1/responses/resp_1/cancel", ""),
        ("GET", "/v1/files", ""),
        ("POST", "", ""),
        ("POST", "/", ""),
        ("POST", "/v1/chat/completions", "debug=1"),
        ("POST", "/v1/chat/completions", "beta"),
        ("POST", "/v1/chat/completions", "beta=true&beta=false"),
        ("POST", "/v1/chat/completions", "beta=a%20b"),
        ("POST", "/v1/chat/completions", "&"),
        ("GET", "/v1/models/", ""),
        ("GET", "/v1/models/a/b", ""),
        ("GET", "/v1/models/..", ""),
        ("GET", "/v1/models/a%2F..%2Fb", ""),
        ("GET", "/v1/models/%2Fa", ""),
        ("GET", "/v1/models/%ff", ""),
        ("GET", "/v1/models/a%00", ""),
        ("GET", "/v1/models/a%0D%0A", ""),
        ("GET", "/v1/models/a%", ""),
        ("GET", "/v1/models/" + "a" * 257, ""),
    ],
)
def test_what_is_no_route(method: str, path: str, query: str) -> None:
    assert routes().find(method, path, query) is None


@pytest.mark.parametrize(
    ("path", "model", "target"),
    [
        ("/v1/models/gpt-4o", "gpt-4o", "/v1/models/gpt-4o"),
        ("/models/org%2Fllama", "org/llama", "/v1/models/org%2Fllama"),
        ("/v1/models/org%2fllama:8b", "org/llama:8b", "/v1/models/org%2Fllama:8b"),
        ("/v1/models/a%252Fb", "a%2Fb", "/v1/models/a%252Fb"),
        ("/v1/models/fast", "fast", "/v1/models/org%2Fllama:8b"),
    ],
)
def test_a_named_model(path: str, model: str, target: str) -> None:
    route = routes().find("GET", path, "")
    assert route is not None
    assert (route.operation, route.model, route.target, route.body) == ("models", model, target, False)


def test_known_queries_are_kept() -> None:
    route = routes().find("GET", "/v1/models", "limit=5&after=m-1")
    assert route is not None
    assert route.target == "/v1/models?limit=5&after=m-1"
