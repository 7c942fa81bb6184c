"""Reading untyped JSON for the sample model."""

from typing import Any

import pytest

from narrows.demo.sample.wire import (
    Message,
    Refused,
    chat_model,
    embedding_model,
    flat_text,
    last_user,
    objects,
    prompt_tokens,
    strings,
    whole,
)


def test_models_are_known_by_what_they_can_do() -> None:
    assert chat_model({"model": "sample-large"}) == "sample-large"
    assert embedding_model({"model": "sample-embed"}) == "sample-embed"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"model": ""}, 400), ({"model": 3}, 400), ({"model": "gpt"}, 404), ({"model": "sample-embed"}, 404)],
)
def test_other_models_are_refused(body: dict[str, Any], status: int) -> None:
    with pytest.raises(Refused) as caught:
        chat_model(body)
    assert caught.value.status == status
    assert caught.value.param == "model"


@pytest.mark.parametrize("value", [0, -1, "5", 1.5, True, []])
def test_a_cap_must_be_a_positive_integer(value: object) -> None:
    with pytest.raises(Refused, match="max_tokens"):
        whole({"max_tokens": value}, "max_tokens")


def test_the_first_name_that_is_set_wins() -> None:
    assert whole({"a": None, "b": 2, "c": 3}, "a", "b", "c") == 2
    assert whole({}, "a") is None


def test_texts_are_flattened() -> None:
    assert flat_text("plain") == "plain"
    assert flat_text([{"type": "text", "text": "one"}, {"type": "image"}, "stray", {"text": "two"}]) == "one\ntwo"
    assert flat_text(None) == ""


def test_odd_values_are_empty() -> None:
    assert list(objects({"not": "a list"})) == []
    assert strings(7) == ()
    assert strings(["a", 1]) == ("a",)


def test_the_newest_user_message_counts() -> None:
    messages = [Message("user", "one"), Message("assistant", "x"), Message("user", "two"), Message("user", "")]
    assert last_user(messages) == "two"
    assert prompt_tokens(messages) == 1 + 1 + 1 + 0 + 4 * 3
