"""Cases are read with every mistake told, and run through the controls of a call."""

import pytest

from narrows.config.problem import ConfigError
from narrows.controls.access import Access
from narrows.controls.output_cap import OutputCap
from narrows.controls.parameters import Parameters
from narrows.controls.prompt_rules import PromptRules
from narrows.controls.prompt_size import PromptSize
from narrows.engine.scan import Scan
from narrows.model.call import Call
from narrows.policy.cases import Masked, Result, read_cases, run_cases
from narrows.policy.inspect import RuleInspector
from narrows.policy.tokens import EstimatingCounter
from unit.policy.world import compiled, denying, policy

POLICIES = compiled(
    policy(
        "a",
        may={"models": ["gpt*"]},
        limits={"prompt_tokens": 100, "output_tokens": 10},
        prompts=[denying("(?i)bomb", name="bombs")],
    ),
    policy("ci", who={"service_accounts": ["ci"]}, may={"parameters": ["store"]}),
    policy("watch", mode="observe", prompts=[denying("x{3}")]),
)


def digits(call: Call) -> frozenset[str]:
    """Finds a PIN in digits."""
    return frozenset("PIN" for text in call.asked.texts if text.value.isdigit())


def run(text: str, masked: Masked | None = digits) -> tuple[Result, ...]:
    controls = (Access(), Parameters(), PromptSize(), Scan(RuleInspector()), PromptRules(), OutputCap())
    cases = read_cases(text.encode(), "cases.yaml", POLICIES)
    return run_cases(cases, POLICIES, controls, EstimatingCounter(), masked)


def test_cases_pass_and_fail_with_their_lines() -> None:
    results = run("""\
cases:
  - {as: {groups: [research]}, connection: openai, model: gpt-4, expect: allow}
  - name: other model
    as: {groups: [research]}
    connection: openai
    model: o1
    expect: allow
  - {as: {user: bob}, connection: openai, model: gpt-4, expect: deny}
""")
    assert [(result.line, result.passed) for result in results] == [(2, True), (3, False), (8, True)]
    assert results[1].name == "other model"
    assert results[1].code == "model_not_allowed"
    assert "gpt*" in results[1].got


@pytest.mark.parametrize(
    ("asked", "expect", "passed"),
    [
        ("prompt: hello", "allow", True),
        ("prompt: a Bomb", "{deny: prompt_denied, policy: a, rule: bombs}", True),
        ("prompt: a Bomb", "{deny: prompt_denied, rule: other}", False),
        ("prompt: a Bomb", "{deny: prompt_too_long}", False),
        ("prompt: {system: a bomb}", "{deny: prompt_denied}", True),
        (f"prompt: {'word ' * 100}", "{deny: prompt_too_long, policy: a}", True),
        ("parameters: [store]", "{deny: parameter_not_allowed}", True),
        ("n: 11, max_tokens: 5", "{deny: output_limit}", True),
        ("prompt: hello", "deny", False),
        ('prompt: "${HOME} is text"', "allow", True),
    ],
)
def test_what_a_case_may_ask(asked: str, expect: str, passed: bool) -> None:
    (result,) = run(
        f"cases: [{{as: {{groups: [research]}}, connection: openai, model: gpt-4, {asked}, expect: {expect}}}]"
    )
    assert result.passed is passed, result.got


def test_service_accounts_and_notes() -> None:
    (result,) = run(
        "cases: [{as: {service_account: ci}, connection: openai, model: x, parameters: [store], expect: allow}]"
    )
    assert result.passed
    (noted,) = run("cases: [{as: {groups: [research]}, connection: openai, model: gpt, prompt: xxx, expect: allow}]")
    assert noted.passed
    assert noted.notes == ("watch: prompt_denied",)


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
        ("cases: [{as: {}, connection: openai, expect: allowed}]", "expected one of allow, deny"),
        ("cases: [{as: {}, connection: openai, expect: allow, n: 0}]", "at least 1"),
        ("", "empty"),
        ("cases: [", "not valid YAML"),
    ],
)
def test_broken_files(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "masks", "passed", "got"),
    [
        ('"1234"', "[PIN]", True, "allow, masks PIN"),
        ('"1234"', "[]", False, "allow, masks PIN"),
        ('"1234"', "[PIN, US_SSN]", False, "allow, masks PIN"),
        ("word", "[]", True, "allow, masks nothing"),
        ("a bomb", "[]", False, "deny prompt_denied: The prompt is denied by rule bombs of policy a., masks nothing"),
    ],
)
def test_what_is_masked(prompt: str, masks: str, passed: bool, got: str) -> None:
    who = "as: {groups: [research]}, connection: openai, model: gpt"
    (result,) = run(f"cases: [{{{who}, prompt: {prompt}, expect: allow, masks: {masks}}}]")
    assert (result.passed, result.got) == (passed, got)
    assert result.expected.startswith("allow, masks ")


def test_who_says_nothing_of_masks_need_not_mask() -> None:
    case = "{as: {groups: [research]}, connection: openai, model: gpt, prompt: '1234', expect: allow}"
    (result,) = run(f"cases: [{case}]", None)
    assert (result.passed, result.got, result.masks) == (True, "allow", None)
    with pytest.raises(ValueError, match="what is masked"):
        run(f"cases: [{case.replace('expect', 'masks: [], expect')}]", None)


def test_entities_must_exist() -> None:
    with pytest.raises(ConfigError) as caught:
        run("cases: [{as: {user: a}, connection: openai, expect: allow, masks: [PIN, US_SNS]}]")
    (problem,) = caught.value.problems
    assert (problem.key, problem.hint) == ("cases[0].masks[1]", "did you mean `US_SSN`?")
