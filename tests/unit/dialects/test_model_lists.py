"""Lists of models show what the caller may use, and nothing else."""

from typing import Any

import pytest

from narrows.dialects.model_lists import filtered, read_model
from narrows.model.reply import Event
from narrows.ports.dialect import ReplyInvalid


def filter_(tree: dict[str, Any]) -> dict[str, Any]:
    filtered(tree, Event(tree), lambda name: name.startswith("ok"))
    return tree


def test_openai_and_llama_cpp() -> None:
    tree = filter_(
        {
            "object": "list",
            "data": [{"id": "ok-1", "object": "model"}, {"id": "no-1"}, {"x": 1}, "no-2"],
            "models": [{"name": "ok-1", "model": "ok-1"}, {"name": "no-1"}],
        }
    )
    assert [entry["id"] for entry in tree["data"]] == ["ok-1"]
    assert [entry["name"] for entry in tree["models"]] == ["ok-1"]


def test_anthropics_paging_marks_don_t_name_hidden_models() -> None:
    tree = filter_({"data": [{"id": "no"}, {"id": "ok-1"}, {"id": "ok-2"}], "first_id": "no", "last_id": "x"})
    assert (tree["first_id"], tree["last_id"]) == ("ok-1", "ok-2")
    tree = filter_({"data": [{"id": "no"}], "first_id": "no", "last_id": "no"})
    assert (tree["first_id"], tree["last_id"]) == (None, None)


@pytest.mark.parametrize("tree", [{}, {"data": {}}, {"data": None}, {"models": []}])
def test_what_is_no_list_is_not_shown(tree: dict[str, Any]) -> None:
    with pytest.raises(ReplyInvalid, match="no `data`"):
        filter_(tree)


def test_one_model() -> None:
    event = Event(None)
    read_model({"id": "m", "object": "model", "owned_by": "ada", "meta": {"n": 1}}, event)
    assert "ada" in [delta.text for delta in event.deltas]
