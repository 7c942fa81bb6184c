"""Which classifiers rules ask, and whether a call is refused where one fails."""

from collections.abc import Sequence
from typing import Any

import pytest

from narrows.model.plan import Action, ReplyRule, Rule
from narrows.policy.labels import Given, covers, needs, recalled


class Known:
    """A classification that remembers a few texts."""

    timeout = 1.0

    def __init__(self, name: str, *labels: str, required: bool = True, **known: tuple[str, ...]) -> None:
        self.name, self.labels, self.required, self.known = name, frozenset(labels), required, known

    def recall(self, text: str) -> tuple[str, ...] | None:
        return self.known.get(text)

    async def classify(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        return [self.known[text] for text in texts]

    def enter(self) -> None: ...
    def leave(self) -> None: ...


def prompt(*labels: str, **more: Any) -> Rule:
    return Rule(**{"name": "r", "policy": "p", "matchers": (), "message": "no", "labels": labels} | more)


def reply(*labels: str, **more: Any) -> ReplyRule:
    said = {"name": "r", "policy": "q", "action": Action.DENY, "message": "no", "labels": labels}
    return ReplyRule(**said | more)


def test_those_are_asked_that_give_what_a_rule_names() -> None:
    tone, topics = Known("tone", "tone:rude"), Known("topics", "topic:health", "topic:pay")
    assert [need.rule for need in needs([tone, topics], [prompt("topic:*"), reply("topic:pay")])] == [
        "classifier.topics"
    ]
    assert needs([tone], [prompt("topic:*"), prompt()]) == ()
    assert covers(reply("topic:*", "x"), ["tone:rude", "topic:pay"])
    assert not covers(reply("topic"), ["topic:pay"])


@pytest.mark.parametrize("rule", [prompt, reply])
def test_one_rule_that_refuses_makes_a_failure_refuse(rule: Any) -> None:
    tone = Known("tone", "tone:rude")
    quiet = [rule("tone:*", observe=True, policy="a"), rule("tone:*", action=Action.FLAG, policy="b")]
    assert [(need.strict, need.policy) for need in needs([tone], quiet)] == [(False, "a")]
    assert [(need.strict, need.policy) for need in needs([tone], [*quiet, rule("*", policy="c")])] == [(True, "c")]
    spare = Known("tone", "tone:rude", required=False)
    assert [need.strict for need in needs([spare], [rule("*")])] == [False]


def test_what_is_known_is_joined_and_one_that_knows_nothing_is_enough_to_ask() -> None:
    asked = needs([Known("a", "x", hello=("x",)), Known("b", "y", hello=("y",), bye=())], [prompt("*")])
    given: Given = {}
    assert recalled(asked, ["hello"], given)
    assert given == {"hello": ("x", "y")}
    assert not recalled(asked, ["hello", "bye"], {})
