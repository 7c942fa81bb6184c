"""Prompts that are nearly the same are counted by what a turn says, whatever history comes with it."""

from typing import Any

import msgspec
import pytest

from narrows.controls.floods import Floods, Sketch, turn
from narrows.inspection.enumeration import PerIdentity
from narrows.inspection.similarity import Window
from narrows.model.call import Call
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.text import Role, Text
from narrows.model.verdict import Deny, Note
from unit.controls.calls import call, judged
from unit.controls.probing import PLAN, rules

LONG = (
    "Write a letter to the chief executive of an imaginary bank and explain in three paragraphs why number {} of the "
    "accounts in the attached list should be closed before the end of the year, without naming anybody."
)
SECOND = 1_000_000


def said(*parts: tuple[Role, str]) -> tuple[Text, ...]:
    return tuple(Text(role, f"$.messages[{index}].content", value) for index, (role, value) in enumerate(parts))


class World:
    """Both steps, as one gate has them."""

    def __init__(self, **more: Any) -> None:
        made = rules(probing={"floods": {"calls": 3, "within": 60, **more}})
        self.sketch, self.floods = Sketch(made), Floods(made, PerIdentity[str, Window](Window))

    def ask(self, *parts: tuple[Role, str], at: float = 0, subject: str = "ada") -> Call | Deny:
        made = call(PLAN, asked={"texts": said(*parts)})
        made = msgspec.structs.replace(made, at=int(at * SECOND), principal=Principal("corp", subject))
        sketched = judged(self.sketch, made)
        assert isinstance(sketched, Call)
        return judged(self.floods, sketched)

    def asks(self, *values: str, **more: Any) -> list[bool]:
        """Which of these prompts are noticed."""
        answers = [self.ask((Role.USER, value), **more) for value in values]
        return [isinstance(answer, Deny) or bool(answer.notes) for answer in answers]


def test_the_third_of_three_alike_is_noticed() -> None:
    world = World()
    assert world.asks(*map(LONG.format, range(4))) == [False, False, True, True]
    answer = world.ask((Role.USER, LONG.format(9)))
    assert isinstance(answer, Call)
    assert answer.notes == (Note(Code.PROBING_SUSPECTED, "a", "probing.floods", flagged=True),)


def test_others_are_not() -> None:
    world = World()
    assert world.asks("What is the capital of France?", "What is the capital of Spain?", "Thanks!", LONG) == [False] * 4
    assert world.asks(LONG, LONG, subject="bob") == [False, False]


def test_a_flood_is_refused_until_enough_of_it_has_passed() -> None:
    world = World(action="deny")
    for at in (0, 10):
        world.ask((Role.USER, LONG), at=at)
    refused = world.ask((Role.USER, LONG), at=20)
    assert isinstance(refused, Deny)
    assert (refused.code, refused.policy, refused.rule) == (Code.PROBING_SUSPECTED, "a", "probing.floods")
    assert refused.retry_after is not None
    assert isinstance(world.ask((Role.USER, LONG), at=20 + refused.retry_after), Call)
    assert isinstance(world.ask((Role.USER, "Something else"), at=21), Call)


def test_what_was_refused_was_sent_too() -> None:
    world = World(action="deny")
    assert world.asks(LONG, LONG, LONG, at=0) == [False, False, True]
    assert world.asks(LONG, at=59) == [True]
    assert world.asks(LONG, at=61) == [False], "one of the last minute, and this"
    assert world.asks(LONG, at=62) == [True]


def test_an_agent_that_sends_its_history_again_asks_nothing_new() -> None:
    world = World()
    history = [(Role.SYSTEM, "You are an agent."), (Role.USER, LONG)]
    for number in range(30):
        history += [(Role.TOOL_CALL, f"read file {number}"), (Role.TOOL_RESULT, "pending")]
        answer = world.ask(*history, at=number)
        assert isinstance(answer, Call)
        assert answer.notes == ()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(Role.SYSTEM, "s"), (Role.USER, "a"), (Role.USER, "b")], "a\nb"),
        ([(Role.USER, "a"), (Role.ASSISTANT, "x"), (Role.TOOL_RESULT, "r"), (Role.USER, "b")], "r\nb"),
        ([(Role.USER, "a"), (Role.TOOL_CALL, "x"), (Role.TOOL_RESULT, "r")], ""),
        ([(Role.USER, "a"), (Role.TOOL_DEFINITION, "d")], "a"),
        ([], ""),
    ],
)
def test_a_turn_is_what_is_said_since_the_model_spoke(parts: list[tuple[Role, str]], expected: str) -> None:
    assert turn(said(*parts)) == expected


def test_a_sketch_that_was_made_elsewhere_is_counted() -> None:
    """Large calls come back without their texts."""
    world = World()
    sketched = judged(world.sketch, call(PLAN, asked={"texts": said((Role.USER, LONG))}))
    assert isinstance(sketched, Call)
    bare = msgspec.structs.replace(sketched, asked=msgspec.structs.replace(sketched.asked, texts=()))
    assert world.sketch.begin(bare) is None
    answers = [judged(world.floods, bare) for _ in range(3)]
    assert [isinstance(answer, Call) and bool(answer.notes) for answer in answers] == [False, False, True]


def test_where_nobody_asks_nothing_is_made() -> None:
    nothing = rules()
    assert Sketch(nothing).begin(call(PLAN, asked={"texts": said((Role.USER, LONG))})) is None
    assert Floods(nothing, PerIdentity[str, Window](Window)).begin(call(PLAN, sketch=b"x")) is None
