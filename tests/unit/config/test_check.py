"""Cross-checks of the gate, issuers and connections."""

from typing import Any

import msgspec
import pytest

from narrows.config.check import RESERVED, check
from narrows.config.problem import Problem
from narrows.config.schema import Config
from narrows.model.secret import Secret

ISSUER = {"name": "corp", "issuer": "https://idp.example.com", "audience": "narrows"}
CONNECTION = {"url": "https://api.openai.com", "dialect": "openai", "credential": {"none": True}}
POLICY = {
    "name": "all",
    "who": {"users": ["*"]},
    "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
}


def config(**changes: Any) -> Config:
    plain = {
        "identity": {"issuers": [ISSUER]},
        "connections": {"openai": CONNECTION},
        "policies": [POLICY],
        **changes,
    }
    return msgspec.convert(plain, Config)


def connection(**changes: Any) -> Config:
    return config(connections={"openai": {**CONNECTION, **changes}})


def problems(settings: Config) -> list[Problem]:
    return check(settings)[0]


def only(settings: Config) -> Problem:
    (problem,) = problems(settings)
    return problem


def test_a_good_configuration_has_neither_problems_nor_warnings() -> None:
    assert check(config()) == ([], [])


@pytest.mark.parametrize("key", ["listen", "admin"])
def test_listen_addresses(key: str) -> None:
    assert only(config(gate={key: "8080"})).key == f"gate.{key}"


def test_the_two_ports_differ() -> None:
    assert only(config(gate={"listen": "127.0.0.1:1", "admin": "127.0.0.1:1"})).key == "gate.admin"
    assert problems(config(gate={"listen": "127.0.0.1:0", "admin": "127.0.0.1:0"})) == []


def test_trusted_proxies_are_networks() -> None:
    assert only(config(gate={"trusted_proxies": ["10.0.0.0/8", "proxy"]})).key == "gate.trusted_proxies[1]"


def test_the_store_has_a_name() -> None:
    assert only(config(store=" ")).key == "store"


def issuers(*changes: dict[str, Any]) -> Config:
    return config(
        identity={"issuers": [{**ISSUER, **change} for change in changes]},
        policies=[{**POLICY, "who": {"service_accounts": ["*"]}}],
    )


def test_issuers_have_their_own_names() -> None:
    assert only(issuers({}, {"issuer": "https://other.example.com"})).key == "identity.issuers[1].name"
    assert "service accounts" in only(issuers({"name": "narrows"})).message


def test_an_audience_is_needed() -> None:
    assert only(issuers({"audience": ""})).key == "identity.issuers[0].audience"


@pytest.mark.parametrize("key", ["issuer", "jwks_uri"])
def test_issuer_urls(key: str) -> None:
    assert only(issuers({key: "idp.example.com"})).key == f"identity.issuers[0].{key}"


def test_introspection_urls() -> None:
    introspection = {"endpoint": "x", "client_id": "c", "client_secret": Secret("s")}
    assert only(issuers({"introspection": introspection})).key == "identity.issuers[0].introspection.endpoint"


@pytest.mark.parametrize("name", sorted(RESERVED - {"favicon.ico", "robots.txt"}))
def test_the_gates_own_paths_are_no_connections(name: str) -> None:
    assert "path of the gate itself" in only(config(connections={name: CONNECTION})).message


def test_a_url_with_a_password_is_refused_without_repeating_it() -> None:
    problem = only(connection(url="https://u:canary@api.openai.com"))
    assert problem.key == "connections.openai.url"
    assert "canary" not in str(problem)


def test_plain_http_to_another_host_is_a_warning() -> None:
    assert [problem.key for problem in check(connection(url="http://10.0.0.9:8000"))[1]] == ["connections.openai.url"]
    for near in ("http://127.0.0.1:8000", "http://localhost/x", "http://[::1]:8000", "http://localhost"):
        assert check(connection(url=near))[1] == []
    assert check(connection(url="http://127.0.0.1.evil.example"))[1] != []


S = Secret("x")


@pytest.mark.parametrize(
    "credential",
    [
        {"bearer": S},
        {"x_api_key": S},
        {"header": "api-key", "value": S},
        {"username": "u", "password": S},
        {"none": True},
    ],
)
def test_each_way_of_a_credential(credential: dict[str, Any]) -> None:
    assert problems(connection(credential=credential)) == []


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        ({}, "no way"),
        ({"bearer": S, "x_api_key": S}, "bearer as well as x_api_key"),
        ({"bearer": S, "none": True}, "bearer as well as none"),
        ({"header": "api-key"}, "belong together"),
        ({"value": S}, "belong together"),
        ({"username": "u"}, "belong together"),
        ({"header": "api key", "value": S}, "header name"),
        ({"username": "u:v", "password": S}, "no colon"),
    ],
)
def test_credentials_that_are_none(credential: dict[str, Any], said: str) -> None:
    assert said in only(connection(credential=credential)).message


def test_a_json_shape_is_for_the_json_dialect() -> None:
    assert only(connection(json={})).key == "connections.openai.json"
    assert problems(connection(dialect="json", json={"model": "$.model", "texts": ["$.input"]})) == []
    assert only(connection(dialect="json", json={"model": "model"})).key == "connections.openai.json.model"
    assert only(connection(dialect="json", json={"texts": ["$.a", "b"]})).key == "connections.openai.json.texts[1]"
    assert only(connection(dialect="json", json={"paths": ["v1"]})).key == "connections.openai.json.paths[0]"


def test_aliases() -> None:
    assert problems(connection(aliases={"fast": "gpt-4o-mini"})) == []
    assert "itself an alias" in only(connection(aliases={"a": "b", "b": "c"})).message
    assert "without `*`" in only(connection(aliases={"a*": "b"})).message
    assert "without `*`" in only(connection(aliases={"a": ""})).message


def test_hosts() -> None:
    assert only(connection(hosts=["https://x"])).key == "connections.openai.hosts[0]"
    both = {"a": {**CONNECTION, "hosts": ["api.x"]}, "b": {**CONNECTION, "hosts": ["API.x"]}}
    assert "already reaches connection a" in only(config(connections=both)).message


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "Host", "transfer-encoding", "Narrows-Session"])
def test_headers_that_are_never_forwarded(header: str) -> None:
    assert "never forwarded" in only(connection(forward_headers=["x-fine", header])).message


def test_headers_have_a_headers_name() -> None:
    assert "header name" in only(connection(forward_headers=["a b"])).message
