"""Any JSON endpoint: everything is a text by default, and a shape says where the rest is."""

from typing import Any

import pytest

from narrows.config.schema import JsonShape
from narrows.model.call import Asked
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.dialects.payloads import asked, dialect, read, sent

SHAPE = JsonShape(
    operation="rank",
    paths=("/v2/*/rank", "/predict"),
    model="$.config.modelId",
    texts=("$.items[*].body",),
    output_cap="$.config.cap",
    stream="$.stream",
)

NAMED: dict[str, Any] = {"config": {"modelId": "m"}}


def shaped(body: dict[str, Any]) -> Asked | Deny:
    return read("json", body, json=SHAPE)


def test_every_string_and_key_is_a_text_by_default() -> None:
    result = asked("json", {"a": {"b": ["x"]}, "n": 1})
    assert [text.value for text in result.texts] == ["a", "b", "x", "n", "1"]
    assert (result.operation, result.model) == ("json", None)


def test_a_declared_shape() -> None:
    body = {"config": {"modelId": "m-1", "cap": 9}, "stream": True, "items": [{"body": "x", "id": "y"}]}
    result = asked("json", body, json=SHAPE)
    assert (result.operation, result.model, result.stream, result.output_cap) == ("rank", "m-1", True, 9)
    assert [text.value for text in result.texts] == ["x"]


def test_what_is_declared_is_no_text() -> None:
    declared = JsonShape(model="$.m.id", output_cap="$.m.cap", stream="$.go")
    body = {"m": {"id": "m-1", "cap": 123456789, "x": 123456789}, "go": False, "also": "m-1"}
    texts = asked("json", body, json=declared).texts
    assert {text.path for text in texts if not text.path.endswith("~")} == {"$.m.x", "$.also"}


def test_what_is_governed_is_set_in_its_place() -> None:
    body = {"config": {"modelId": "m-1", "x": 1}, "items": []}
    forwarded = sent("json", body, 5, model="m-2", json=SHAPE)
    assert forwarded == {"config": {"modelId": "m-2", "x": 1, "cap": 5}, "items": []}
    assert body["config"] == {"modelId": "m-1", "x": 1}
    smaller = {"config": {"modelId": "m-1", "cap": 3}}
    assert sent("json", smaller, 5, json=SHAPE) == smaller
    assert sent("json", {"a": 1}, 5) == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"config": {"modelId": 5}},
        {"config": {"modelId": "a\nb"}},
        {"config": {"modelId": "m", "cap": "many"}},
        {**NAMED, "stream": "yes"},
        {**NAMED, "stream": 1},
        {**NAMED, "stream": 0},
        {**NAMED, "Config": {}},
        {**NAMED, "STREAM": True},
    ],
)
def test_wrong_types_are_refused(body: dict[str, Any]) -> None:
    assert isinstance(shaped(body), Deny)


@pytest.mark.parametrize("body", [{}, {"config": {}}, {"config": {"modelId": None}}, {"config": "m-1"}])
def test_a_declared_model_must_be_named(body: dict[str, Any]) -> None:
    """Without it the upstream would choose one, and `may.models` would not be asked."""
    deny = shaped(body)
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_INVALID


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/predict", True),
        ("/v2/m-1/rank", True),
        ("/v2/a/b/rank", False),
        ("/v2/a%2F..%2Fb/rank", False),
        ("/predict/x", False),
        ("/", False),
    ],
)
def test_paths(path: str, known: bool) -> None:
    route = dialect("json", json=SHAPE).route("POST", path, "")
    assert (route is not None) == known
    assert route is None or route.target == path


def test_other_methods_and_queries_are_no_route() -> None:
    speaks = dialect("json")
    assert speaks.route("GET", "/predict", "") is None
    assert speaks.route("POST", "/predict", "q=secret") is None
    assert speaks.route("POST", "/any/path", "") is not None


@pytest.mark.parametrize("path", ["model", "$.a[*]", "$[0]", "$"])
def test_a_shape_that_names_no_one_place(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|place|member"):
        dialect("json", json=JsonShape(model=path))


def test_operations() -> None:
    assert dialect("json", json=SHAPE).operations == {"rank"}
    assert dialect("json", json=SHAPE).governed == ("config", "config", "stream")


def test_a_text_is_found_at_its_own_place() -> None:
    shape = JsonShape(texts=("$.items[*].body", "$['a b']"))
    body = {"items": [{"body": "x"}, {"body": ["y"]}], "a b": "z"}
    paths = [(text.path, text.value) for text in asked("json", body, json=shape).texts]
    assert paths == [("$.items[0].body", "x"), ("$.items[1].body[0]", "y"), ("$['a b']", "z")]


@pytest.mark.parametrize(
    ("body", "choices"),
    [
        ({}, 1),
        ({"n": 3}, 3),
        ({"config": {"modelId": "m", "best_of": 4}, "n": 2}, 4),
        ({"n": "3", "best_of": True}, 1),
        ({"n": -3}, 1),
        ({"n": 10**30}, (1 << 53) - 1),
    ],
)
def test_what_asks_for_several_replies_is_reckoned_with(body: dict[str, Any], choices: int) -> None:
    assert asked("json", NAMED | body, json=SHAPE).choices == choices


def test_without_a_place_for_the_cap_nobody_knows_how_long_a_reply_is_and_nothing_is_counted() -> None:
    assert asked("json", {"n": 3}).choices == 1


def test_a_cap_at_the_top_has_what_asks_for_several_replies_beside_it() -> None:
    assert asked("json", {"max_tokens": 5, "n": 3}, json=JsonShape(output_cap="$.max_tokens")).choices == 3
