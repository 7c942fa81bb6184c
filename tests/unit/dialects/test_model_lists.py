"""Lists of models show what the caller may use, under every name it may use, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from narrows.dialects.model_lists import ModelLists, anthropic_entry, openai_entry
from narrows.model.call import Asked
from narrows.model.reply import Event
from narrows.ports.dialect import ReplyInvalid, Route

ALIASES = {"ok-fast": "ok-1", "ok-lost": "unlisted", "no-alias": "ok-1"}


def usable(name: str) -> bool:
    return name.startswith("ok")


def listed(
    tree: dict[str, Any], aliases: Mapping[str, str] | None = None, query: str = "", may: Callable[[str], bool] = usable
) -> dict[str, Any]:
    lists = ModelLists(aliases or {}, openai_entry)
    asked = lists.asked(Route("models", f"/v1/models{query}", body=False))
    lists.read(asked, tree, Event(tree), may)
    return tree


def ids(tree: dict[str, Any]) -> list[Any]:
    return [entry["id"] for entry in tree["data"]]


def test_openai_and_llama_cpp() -> None:
    tree = listed(
        {
            "object": "list",
            "data": [{"id": "ok-1", "object": "model"}, {"id": "no-1"}, {"x": 1}, "no-2"],
            "models": [{"name": "ok-1", "model": "ok-1"}, {"name": "no-1"}],
        }
    )
    assert ids(tree) == ["ok-1"]
    assert [entry["name"] for entry in tree["models"]] == ["ok-1"]


def test_an_alias_stands_beside_its_model_and_says_the_same() -> None:
    tree = listed(
        {
            "data": [{"id": "ok-1", "object": "model", "owned_by": "acme"}, {"id": "ok-2"}],
            "models": [{"name": "ok-1", "model": "ok-1"}],
        },
        ALIASES,
    )
    assert ids(tree) == ["ok-1", "ok-2", "ok-fast", "ok-lost"]
    assert tree["data"][2] == {"id": "ok-fast", "object": "model", "owned_by": "acme"}
    assert tree["data"][3] == openai_entry("ok-lost")
    assert tree["models"] == [{"name": "ok-1", "model": "ok-1"}, {"name": "ok-fast", "model": "ok-fast"}]


def test_an_alias_is_shown_to_who_may_use_it_whatever_becomes_of_its_model() -> None:
    tree = {"data": [{"id": "ok-1"}, {"id": "ok-2"}]}
    assert ids(listed(tree, ALIASES, may=lambda name: name == "ok-fast")) == ["ok-fast"]
    tree = {"data": [{"id": "ok-1"}, {"id": "ok-2"}]}
    assert ids(listed(tree, ALIASES, may=lambda name: name == "ok-2")) == ["ok-2"]


def test_an_alias_hides_the_model_whose_name_it_takes() -> None:
    tree = listed({"data": [{"id": "ok-a", "n": 1}, {"id": "ok-b", "n": 2}]}, {"ok-a": "ok-b"})
    assert tree["data"] == [{"id": "ok-b", "n": 2}, {"id": "ok-a", "n": 2}]


@pytest.mark.parametrize("query", ["?after_id=ok-1", "?limit=5&before_id=x", "?after=ok-1"])
def test_aliases_stand_on_the_first_page_only(query: str) -> None:
    assert ids(listed({"data": [{"id": "ok-2"}], "has_more": False}, ALIASES, query)) == ["ok-2"]
    assert ids(listed({"data": [{"id": "ok-2"}], "has_more": True}, ALIASES, "?limit=1"))[0] == "ok-2"


def test_anthropics_paging_marks_name_models_of_the_upstream_that_are_shown() -> None:
    tree = listed({"data": [{"id": "no"}, {"id": "ok-1"}, {"id": "ok-2"}], "first_id": "no", "last_id": "x"}, ALIASES)
    assert (tree["first_id"], tree["last_id"]) == ("ok-1", "ok-2")
    tree = listed({"data": [{"id": "no"}], "first_id": "no", "last_id": "no"})
    assert (tree["first_id"], tree["last_id"]) == (None, None)


@pytest.mark.parametrize("tree", [{}, {"data": {}}, {"data": None}, {"models": []}])
def test_what_is_no_list_is_not_shown(tree: dict[str, Any]) -> None:
    with pytest.raises(ReplyInvalid, match="no `data`"):
        listed(tree)


def one(name: str, tree: dict[str, Any]) -> Event:
    lists = ModelLists(ALIASES, anthropic_entry)
    event = Event(tree)
    lists.read(lists.asked(Route("models", "/v1/models/x", body=False, model=name)), tree, event, usable)
    return event


def test_one_model() -> None:
    event = one("m", {"id": "m-2025", "object": "model", "owned_by": "ada", "meta": {"n": 1}})
    assert "ada" in [delta.text for delta in event.deltas]
    assert event.data["id"] == "m-2025"


def test_one_model_is_answered_under_the_name_it_was_asked_for() -> None:
    assert one("ok-fast", {"id": "ok-1", "display_name": "One"}).data == {"id": "ok-fast", "display_name": "One"}


def test_a_request_for_a_list_asks_no_model() -> None:
    lists = ModelLists({}, openai_entry)
    assert lists.asked(Route("models", "/v1/models?limit=3", body=False)) == Asked("models", None, {})
