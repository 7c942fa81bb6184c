"""Completions and embeddings: prompts in every form."""

from typing import Any

import pytest

from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.dialects.payloads import asked, read, sent


def completion(prompt: Any, **more: Any) -> dict[str, Any]:
    return {"model": "davinci-002", "prompt": prompt, **more}


@pytest.mark.parametrize(
    ("prompt", "texts", "parameters", "choices"),
    [
        ("one", ["one"], set(), 1),
        (["one", "two"], ["one", "two"], set(), 2),
        ([1, 2, 3], [], {"token_ids"}, 1),
        ([[1, 2], [3]], [], {"token_ids"}, 2),
        ([12, "mixed", 34], ["mixed"], {"token_ids"}, 1),
        (["one", [7, "two"]], ["one", "two"], {"token_ids"}, 2),
        ({"prompt_string": "one", "multimodal_data": ["aGk="]}, ["one"], set(), 1),
        ({"prompt_string": [1, 2, 3]}, [], {"token_ids"}, 1),
        ([], [], set(), 1),
    ],
)
def test_prompts(prompt: Any, texts: list[str], parameters: set[str], choices: int) -> None:
    result = asked("completions", completion(prompt))
    assert [text.value for text in result.texts] == texts
    assert result.parameters == parameters
    assert result.choices == choices


def test_what_widens_a_completion() -> None:
    result = asked("completions", completion(["a", "b"], echo=True, n=2, best_of=3))
    assert result.parameters == {"echo", "n"}
    assert result.choices == 6
    assert asked("completions", completion("a", prompt_embeds="aGk=")).opaque


@pytest.mark.parametrize(
    "body", [{"model": "m"}, completion(None), completion(5), completion("x", echo=1), completion("x", max_tokens=-1)]
)
def test_what_is_no_completion(body: dict[str, Any]) -> None:
    deny = read("completions", body)
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_INVALID


def test_the_cap_and_usage() -> None:
    body = completion("x", stream=True, max_completion_tokens=7)
    assert sent("completions", body, 9) == {
        **completion("x", stream=True),
        "max_tokens": 7,
        "stream_options": {"include_usage": True},
    }
    assert sent("completions", completion("x", max_tokens=0), 9)["max_tokens"] == 0


def embedding(given: Any) -> dict[str, Any]:
    return {"model": "e", "input": given}


@pytest.mark.parametrize(
    ("given", "texts", "parameters"),
    [
        ("one", ["one"], set()),
        (["one", "two"], ["one", "two"], set()),
        ([1, 2], [], {"token_ids"}),
        ([[1], [2]], [], {"token_ids"}),
    ],
)
def test_embeddings(given: Any, texts: list[str], parameters: set[str]) -> None:
    result = asked("embeddings", embedding(given))
    assert [text.value for text in result.texts] == texts
    assert result.parameters == parameters
    assert sent("embeddings", embedding(given), 5, model="f") == {"model": "f", "input": given}


def test_embeddings_of_messages() -> None:
    assert asked("embeddings", {"model": "e", "messages": [{"role": "user", "content": "hi"}]}).texts[0].value == "hi"
    assert isinstance(read("embeddings", {"model": "e"}), Deny)


def test_embeddings_of_both_are_read_whole() -> None:
    result = asked("embeddings", {"model": "e", "input": "one", "messages": [{"role": "user", "content": "two"}]})
    assert [text.value for text in result.texts] == ["one", "two"]


def test_what_widens_embeddings() -> None:
    assert asked("embeddings", {"model": "e", "input": "one", "models": ["f"]}).parameters == {"models"}
