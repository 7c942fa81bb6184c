"""Prompts that are nearly the same."""

import random
import re

import pytest

from narrows.inspection.similarity import BINS, SHINGLE, WHOLE, Window, similarity, sketch

WORDS = [f"word{number}" for number in range(2_000)]


def prompt(seed: int, words: int = 200) -> list[str]:
    return random.Random(seed).sample(WORDS, words)


def changed(words: list[str], share: float, seed: int = 0) -> list[str]:
    generator = random.Random(seed)
    return [f"other{at}" if generator.random() < share else word for at, word in enumerate(words)]


def jaccard(one: list[str], other: list[str]) -> float:
    first, second = ({tuple(text[at : at + SHINGLE]) for at in range(len(text) - 2)} for text in (one, other))
    return len(first & second) / len(first | second)


def alike(one: str, other: str) -> float:
    return similarity(sketch(one), sketch(other))


@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.15, 0.4, 1.0])
def test_the_estimate_is_near_the_truth(share: float) -> None:
    """Thirty pairs: no estimate is off by more than four of its standard errors, nor their mean by 0.03."""
    errors = []
    for seed in range(30):
        one = prompt(seed)
        other = changed(one, share, seed)
        errors.append(alike(" ".join(one), " ".join(other)) - jaccard(one, other))
    assert max(map(abs, errors)) <= 0.25
    assert abs(sum(errors) / len(errors)) <= 0.03


def test_case_punctuation_and_white_space_make_no_difference() -> None:
    words = prompt(1)
    assert alike(" ".join(words), ",\n ".join(words).upper()) == 1.0


@pytest.mark.parametrize(("one", "other"), [("", ""), ("", "a b c"), ("!?", "!?")])
def test_what_has_no_words_is_like_nothing(one: str, other: str) -> None:
    assert alike(one, other) == 0.0


def test_short_prompts_are_like_themselves_only() -> None:
    assert alike("What is 2 + 2?", "what is 2 2") == 1.0
    assert alike("What is 2 + 2?", "What is 2 + 3?") < 0.2


def test_scripts_without_spaces() -> None:
    one = "请把这封信翻译成英文，并且说明每一个句子的意思，谢谢你的帮助，我明天还会再来的。"  # noqa: RUF001
    assert alike(one, one.replace("明天", "后天")) > 0.6
    assert alike(one, "人工智能网关负责检查每一个请求，记录所有的调用，用户可以通过策略来限制模型。") < 0.3  # noqa: RUF001


def test_long_prompts_are_sampled() -> None:
    words = " ".join(re.sub("word", "w", word) for word in WORDS) * 5
    assert len(words) > 10 * WHOLE
    assert alike(words, words + " and one thing more") > 0.6
    assert alike(words, words[::-1]) < 0.2


def test_a_sketch_is_small_and_the_same_in_every_process() -> None:
    value = sketch("the quick brown fox jumps over the lazy dog and runs away from it")
    assert 0 < value < 1 << (8 * BINS)
    assert value == sketch("the quick brown fox jumps over the lazy dog and runs away from it")
    assert f"{value % (1 << 64):016x}" == "0000000000000000"


def test_a_window_finds_what_is_nearly_the_same() -> None:
    window, words = Window(), prompt(3)
    for seed in range(4):
        window.add(sketch(" ".join(changed(words, 0.02, seed))), seed)
    window.add(sketch(" ".join(prompt(4))), 4)
    same = sketch(" ".join(words))
    assert window.alike(same, 4, 60, 0.7) == [0, 1, 2, 3]
    assert window.alike(same, 4, 60, 1.0) == [at for at in range(4) if changed(words, 0.02, at) == words]


def test_a_window_looks_back_as_far_as_it_is_asked_to_and_forgets_by_number() -> None:
    window = Window(capacity=3)
    same = sketch(" ".join(prompt(5)))
    for now in range(5):
        window.add(same, now)
    assert window.alike(same, 4, 60, 0.7) == [2, 3, 4]
    assert window.alike(same, 4, 2, 0.7) == [3, 4]
    assert window.alike(same, 1_000, 60, 0.7) == []
    window.add(0, 5)
    assert len(window) == 3
    assert window.alike(0, 5, 60, 0.1) == []
