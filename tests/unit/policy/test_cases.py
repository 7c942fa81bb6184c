"""Cases are read with every mistake told."""

import pytest

from narrows.config.problem import ConfigError
from narrows.policy.cases import Placed, read_cases, say_masks, say_replies
from unit.policy.world import compiled, denying, limiting, policy

POLICIES = compiled(
    policy("a", prompts=[denying("(?i)bomb", name="bombs")], limits=limiting(budgets=["5 usd / day / user"]))
)


def run(text: str) -> tuple[Placed, ...]:
    return read_cases(text.encode(), "cases.yaml", POLICIES)


def test_every_mistake_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        run("""\
cases:
  - {as: {groups: [research]}, connection: opnai, model: gpt-4, expect: allow}
  - {as: {user: a, service_account: b}, connection: openai, expect: {deny: promt_denied, policy: b}}
""")
    found = [(problem.line, problem.key, problem.hint) for problem in caught.value.problems]
    assert found == [
        (2, "cases[0].connection", "did you mean `openai`?"),
        (3, "cases[1].as", None),
        (3, "cases[1].expect.deny", "did you mean `prompt_denied`?"),
        (3, "cases[1].expect.policy", None),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: []", "at least one"),
        ("case: []", "did you mean `cases`"),
        ("cases: [{connection: openai}]", "cases[0].as: is missing"),
        ("cases: [{as: {}, connection: openai, expect: allowed}]", "expected one of allow, approve, deny"),
        ("cases: [{as: {}, connection: openai, expect: allow, n: 0}]", "at least 1"),
        ("", "empty"),
        ("cases: [", "not valid YAML"),
    ],
)
def test_broken_files(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run(text)
    assert said in str(caught.value)


def test_entities_must_exist() -> None:
    with pytest.raises(ConfigError) as caught:
        run("cases: [{as: {user: a}, connection: openai, expect: allow, masks: [PIN, US_SNS]}]")
    (problem,) = caught.value.problems
    assert (problem.key, problem.hint) == ("cases[0].masks[1]", "did you mean `US_SSN`?")


def test_budgets_must_exist() -> None:
    budgets = "[5 usd / day / user, 5 usd / dya / user]"
    with pytest.raises(ConfigError) as caught:
        run(f"cases: [{{as: {{user: a}}, connection: openai, expect: allow, budgets: {budgets}}}]")
    (problem,) = caught.value.problems
    assert (problem.key, problem.hint) == ("cases[0].budgets[1]", "did you mean `5 usd / day / user`?")


WHO = "as: {groups: [research]}, connection: openai, model: gpt"


def test_turns_have_lines_of_their_own() -> None:
    (placed,) = run("""\
cases:
  - as: {groups: [research]}
    connection: openai
    turns:
      - {prompt: {user: [one, two], tool_result: three}, reply: four}
      - prompt: five
        masks: []
""")
    assert placed.line == 2
    assert [(line, turn.prompt) for turn, line in placed.steps()] == [
        (5, {"user": ("one", "two"), "tool_result": "three"}),
        (6, "five"),
    ]
    assert say_masks([placed])
    assert say_replies([placed])
    (plain,) = run(f"cases: [{{{WHO}, prompt: x, expect: allow}}]")
    assert list(plain.steps()) == [(plain.case, 1)]
    assert not say_masks([plain])
    assert not say_replies([plain])


@pytest.mark.parametrize(
    ("said", "key", "message", "hint"),
    [
        ("prompt: x", "expect", "is missing", None),
        ("expect: allow, flags: [bomb]", "flags[0]", "there is no rule `bomb`", "did you mean `bombs`?"),
        ("expect: allow, observes: [zzz]", "observes[0]", "there is no rule `zzz`", None),
        ("expect: allow, receives: x", "receives", "is of a reply, and there is none", "say what the model says"),
        ("expect: allow, labels: [a]", "labels", "are given to a prompt", None),
        ("expect: allow, turns: [{prompt: x}]", "expect", "can't stand beside `turns`", "each turn says it"),
        ("prompt: y, turns: [{prompt: x}]", "prompt", "can't stand beside `turns`", "each turn says it"),
        (
            "turns: [{prompt: x}, {masks: [PIM]}]",
            "turns[1].masks[0]",
            "there is no entity `PIM`",
            "did you mean `PIN`?",
        ),
        ("turns: [{expect: {deny: no}}]", "turns[0].expect.deny", "there is no refusal `no`", None),
    ],
)
def test_what_makes_no_sense(said: str, key: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        run(f"cases: [{{{WHO}, {said}}}]")
    (problem,) = caught.value.problems
    assert problem.key == f"cases[0].{key}"
    assert message in problem.message
    assert (problem.hint or "").startswith(hint or "")
    assert problem.line == 1


def test_shipped_rules_are_named_without_being_policies_own() -> None:
    assert run(f"cases: [{{{WHO}, prompt: x, expect: allow, flags: [pack/rule, probing.echo]}}]")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("turns: []", "at least one"),
        ("turns: [{prompts: x}]", "did you mean `prompt`"),
        ("turns: [{prompt: {users: x}}]", "users"),
        ("turns: [{name: x}]", "no such setting"),
    ],
)
def test_turns_of_the_wrong_form(said: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run(f"cases: [{{{WHO}, {said}}}]")
    assert message in str(caught.value)
    assert str(caught.value).startswith("cases.yaml:1")


ASKING = compiled(
    policy(
        "a",
        prompts=[{"approve": {"words": ["export"], "by": ["security"], "name": "exports"}}],
        approvals=[
            {"outside": {"days": ["mon-fri"]}, "by": ["security"], "name": "late"},
            {"cost": 500_000, "by": ["security"]},
        ],
    )
)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("at: 2026-01-05T10:00Z, cost: 0.10 usd, approvals: [exports, late, 'approvals[1]']", []),
        ("at: 2026-01-05T10:00Z", ["cost"]),
        ("cost: 0.10 usd", ["at"]),
        ("at: monday, cost: 0.10 usd", ["at"]),
        ("at: 2026-01-05T10:00Z, cost: 0.10 usd, approvals: [export]", ["approvals[0]"]),
    ],
)
def test_a_case_says_what_its_outcome_depends_on(more: str, found: list[str]) -> None:
    text = f"cases: [{{as: {{groups: [research]}}, connection: openai, model: gpt, expect: approve, {more}}}]"
    problems: list[str] = []
    try:
        read_cases(text.encode(), "cases.yaml", ASKING)
    except ConfigError as error:
        problems = [problem.key.removeprefix("cases[0].") for problem in error.problems]
    assert problems == found


def test_who_is_not_asked_about_the_time_need_not_say_it() -> None:
    read_cases(b"cases: [{as: {groups: [x]}, connection: openai, model: gpt, expect: deny}]", "cases.yaml", ASKING)
