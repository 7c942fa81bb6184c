"""Cases run through the controls of a call: one call, conversations, and what the model replies."""

import pytest

from narrows.config.problem import ConfigError
from narrows.controls.access import Access
from narrows.controls.classify_replies import ClassifyReplies
from narrows.controls.new_content import NewContent
from narrows.controls.output_cap import OutputCap
from narrows.controls.parameters import Parameters
from narrows.controls.prompt_rules import PromptRules
from narrows.controls.prompt_size import PromptSize
from narrows.engine.scan import Scan
from narrows.inspection.novelty import Sessions
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Verdict
from narrows.policy.case_runs import Masked, Result, Steps, run_cases
from narrows.policy.cases import read_cases
from narrows.policy.inspect import RuleInspector
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.control import Guard
from unit.policy.world import compiled, denying, limiting, policy

POLICIES = compiled(
    policy(
        "a",
        may={"models": ["gpt*"]},
        limits=limiting(prompt_tokens=100, output_tokens=10, budgets=["5 usd / day / user", "9 calls / week / group"]),
        prompts=[
            denying("(?i)bomb", name="bombs"),
            {"flag": {"name": "sums", "words": ["salary"]}},
            {"flag": {"name": "talk", "labels": ["topic:*"]}},
        ],
    ),
    policy("ci", who={"service_accounts": ["ci"]}, may={"parameters": ["store"]}),
    policy("watch", mode="observe", prompts=[denying("x{3}")]),
    own=limiting(budgets=["1000 usd / month / gateway"]),
)


def digits(call: Call) -> frozenset[str]:
    """Finds a PIN in digits."""
    return frozenset("PIN" for text in call.asked.texts if text.value.isdigit())


class Hushed:
    """A control of the reply that holds it back to its end, puts stars for `secret`, notes `salary`, and stops at
    `bomb`. `hasty`: it looks at each event alone."""

    name = "hushed"

    def __init__(self, *, hasty: bool = False) -> None:
        self._hasty = hasty

    def begin(self, call: Call) -> Guard | None:
        return _Hushing(hasty=self._hasty)


class _Hushing:
    def __init__(self, *, hasty: bool) -> None:
        self._hasty = hasty
        self._held = ""

    def on_request(self, call: Call) -> Verdict:
        return PROCEED

    def on_event(self, event: Event) -> Deny | None:
        for delta in event.deltas:
            self._held += delta.text
            delta.text = ""
        if not event.last and not self._hasty:
            return None
        if "bomb" in self._held:
            return Deny(Code.REPLY_DENIED, "no bombs", policy="a", rule="bombs")
        if "salary" in self._held:
            event.notes.append(Note(Code.REPLY_DENIED, "a", "sums", flagged=True))
        event.before.append((0, "content", self._held.replace("secret", "******")))
        self._held = ""
        return None

    def on_finish(self) -> Deny | None:
        return None

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        pass


def run(text: str, masked: Masked | None = digits, *, hasty: bool = False) -> tuple[Result, ...]:
    inspector, hushed = RuleInspector(), Hushed(hasty=hasty)

    def steps() -> Steps:
        new = NewContent(Sessions(b"k" * 32))
        request = (Access(), Parameters(), PromptSize(), new, Scan(inspector), PromptRules(), hushed, OutputCap())
        return request, (hushed, new)

    cases = read_cases(text.encode(), "cases.yaml", POLICIES)
    return run_cases(cases, POLICIES, steps, EstimatingCounter(), masked)


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


ALL = "a: 5 usd / day / user, a: 9 calls / week / group, the gateway: 1000 usd / month / gateway"


@pytest.mark.parametrize(
    ("who", "budgets", "passed", "got"),
    [
        ("{groups: [research]}", f'["{ALL.replace(", ", chr(34) + ", " + chr(34))}"]', True, f"allow, budgets {ALL}"),
        (
            "{groups: [research]}",
            "[5 usd / day / user, 9 calls / week / group, 1000 usd / month / gateway]",
            True,
            "allow, budgets 1000 usd / month / gateway, 5 usd / day / user, 9 calls / week / group",
        ),
        ("{groups: [research]}", "[]", False, f"allow, budgets {ALL}"),
        ("{service_account: ci}", "[1000 usd / month / gateway]", True, "allow, budgets 1000 usd / month / gateway"),
        (
            "{service_account: ci}",
            "[5 usd / day / user]",
            False,
            "allow, budgets the gateway: 1000 usd / month / gateway",
        ),
    ],
)
def test_which_budgets_count_a_call(who: str, budgets: str, passed: bool, got: str) -> None:
    (result,) = run(f"cases: [{{as: {who}, connection: openai, model: gpt, expect: allow, budgets: {budgets}}}]")
    assert (result.passed, result.got) == (passed, got)


def test_a_refused_call_is_counted_by_no_budget() -> None:
    case = "{as: {groups: [research]}, connection: openai, model: o1, expect: deny, budgets: []}"
    assert run(f"cases: [{case}]")[0].passed


def test_who_says_nothing_of_masks_need_not_mask() -> None:
    case = "{as: {groups: [research]}, connection: openai, model: gpt, prompt: '1234', expect: allow}"
    (result,) = run(f"cases: [{case}]", None)
    assert (result.passed, result.got, result.masks) == (True, "allow", None)
    with pytest.raises(ValueError, match="what is masked"):
        run(f"cases: [{case.replace('expect', 'masks: [], expect')}]", None)


WHO = "as: {groups: [research]}, connection: openai, model: gpt"


@pytest.mark.parametrize(
    ("said", "passed", "got"),
    [
        ("prompt: a salary, flags: [sums]", True, "allow, flags sums"),
        ("prompt: a salary, flags: []", False, "allow, flags sums"),
        ("prompt: a wage, flags: [sums]", False, "allow, flags nothing"),
        ("prompt: a wage, labels: ['topic:pay'], flags: [talk]", True, "allow, flags talk"),
        ("prompt: xxx, observes: ['prompts[0]'], flags: []", True, "allow, flags nothing, observes prompts[0]"),
        ("prompt: xx, observes: ['prompts[0]']", False, "allow, observes nothing"),
        ("prompt: {user: [a bo, mb]}", True, "allow"),
        ("prompt: hi, reply: a secret, receives: a ******", True, "allow, receives 'a ******'"),
        ("prompt: hi, reply: a secret, receives: a secret", False, "allow, receives 'a ******'"),
        ("prompt: hi, reply: your salary, flags: [sums]", True, "allow, flags sums"),
        ("prompt: hi, reply: a bomb", False, "deny reply_denied: no bombs"),
        ("prompt: hi, reply: a bomb, receives: a bomb", False, "deny reply_denied: no bombs, receives nothing"),
    ],
)
def test_what_a_case_may_expect(said: str, passed: bool, got: str) -> None:
    (result,) = run(f"cases: [{{{WHO}, {said}, expect: allow}}]")
    assert (result.passed, result.got) == (passed, got)


def test_labels_of_a_reply() -> None:
    policies = compiled(
        policy("a", responses=[{"deny": {"name": "care", "labels": ["x"]}}, {"flag": {"name": "pay", "labels": ["y"]}}])
    )
    control = ClassifyReplies(())

    def outcome(said: str) -> str:
        placed = read_cases(f"cases: [{{{WHO}, {said}, expect: allow}}]".encode(), "c", policies)
        (result,) = run_cases(placed, policies, lambda: ((control,), (control,)), EstimatingCounter())
        return result.got

    assert outcome("prompt: hi, reply: hello, reply_labels: [x]").startswith("deny reply_denied")
    assert outcome("prompt: hi, reply: hello, reply_labels: [y], flags: [pay]") == "allow, flags pay"
    assert outcome("prompt: hi, reply: hello, reply_labels: []") == "allow"
    with pytest.raises(ConfigError, match="are given to a reply, and there is none"):
        outcome("prompt: hi, reply_labels: [x]")


def test_a_reply_that_is_refused() -> None:
    (result,) = run(f"cases: [{{{WHO}, prompt: hi, reply: a bomb, expect: {{deny: reply_denied, rule: bombs}}}}]")
    assert (result.passed, result.code, result.rule, result.receives) == (True, "reply_denied", "bombs", None)
    (plain,) = run(f"cases: [{{{WHO}, prompt: hi, reply: a secret, expect: allow}}]")
    assert plain.receives == "a ******"


@pytest.mark.parametrize("reply", ["a long and winding secret of many words, more than 64 of characters", "no bomb"])
def test_what_depends_on_how_a_reply_comes_fails(reply: str) -> None:
    (result,) = run(f"cases: [{{{WHO}, prompt: hi, reply: '{reply}', expect: allow}}]", hasty=True)
    assert not result.passed
    assert "where 1 characters come at a time" in result.got


def test_a_conversation_knows_what_was_said() -> None:
    (result,) = run(f"""\
cases:
  - {{{WHO}, turns: [
      {{prompt: {{system: Be brief., user: salary?}}, flags: [sums], reply: There is a b-o-m-b.}},
      {{prompt: and yours?, flags: []}},
      {{prompt: salary?, flags: []}},
      {{prompt: a bomb, expect: {{deny: prompt_denied, rule: bombs}}}},
      {{prompt: a bomb, expect: deny}},
      {{prompt: your salary?, flags: [sums]}},
    ]}}
""")
    assert result.passed, result.got
    assert result.line == 2


def test_the_models_own_words_are_known_when_they_come_back() -> None:
    words = "prompt: hi, reply: 'your salary', flags: [sums]"
    (same,) = run(f"cases: [{{{WHO}, turns: [{{{words}}}, {{prompt: more, flags: []}}]}}]")
    assert same.passed, same.got
    history = "prompt: {assistant: 'your salary', user: more}, flags: []"
    (forged,) = run(f"cases: [{{{WHO}, turns: [{{prompt: hi, reply: 'ah'}}, {{{history}}}]}}]")
    assert (forged.passed, forged.got) == (False, "turn 2: allow, flags sums")


def test_a_turn_that_fails_is_told_with_its_line() -> None:
    (result,) = run("""\
cases:
  - name: talk
    as: {groups: [research]}
    connection: openai
    model: gpt
    turns:
      - prompt: hi
      - prompt: a bomb
      - prompt: bye
""")
    assert (result.passed, result.line, result.name) == (False, 8, "talk")
    assert result.expected == "turn 2: allow"
    assert result.got.startswith("turn 2: deny prompt_denied")


def test_no_case_knows_what_another_said() -> None:
    case = f"{{{WHO}, prompt: salary, reply: salary, expect: allow, flags: [sums]}}"
    assert all(result.passed for result in run(f"cases: [{case}, {case}]"))


ASKING = compiled(
    policy(
        "a",
        may={"models": ["gpt*"]},
        prompts=[
            {"approve": {"words": ["export"], "by": ["security"], "name": "exports"}},
            {"approve": {"words": ["why"], "by": ["security"], "name": "reasons", "justification": "required"}},
            {"approve": {"words": ["watch"], "by": ["security"], "name": "watched", "mode": "observe"}},
            denying("bomb", name="bombs"),
        ],
        approvals=[
            {"outside": {"days": ["mon-fri"], "hours": "09:00-18:00"}, "by": ["security"], "name": "late"},
            {"models": ["gpt-5*"], "cost": 500_000, "by": ["security"], "name": "dear"},
            {"models": ["gpt-5*"], "first_use": True, "by": ["security"], "name": "new"},
            {"models": ["gpt-4*"], "networks": ["10.0.0.0/8"], "by": ["security"], "name": "far", "mode": "observe"},
        ],
    ),
    policy("strict", may={"models": ["gpt-4-strict"], "justification": "required"}),
)


def asked(more: str, model: str = "gpt-4") -> Result:
    """One case about a call at noon of a Monday that costs ten cents, unless it says otherwise."""
    usual = "" if "at:" in more else "at: 2026-01-05T12:00Z, "
    usual += "" if "cost:" in more else "cost: 0.10 usd, "
    text = f"cases: [{{as: {{groups: [research]}}, connection: openai, model: {model}, {usual}{more}}}]"
    placed = read_cases(text.encode(), "cases.yaml", ASKING)
    (result,) = run_cases(placed, ASKING, asking_steps, EstimatingCounter())
    return result


def asking_steps() -> Steps:
    new = NewContent(Sessions(b"key"))
    return (Access(), new, Scan(RuleInspector()), PromptRules()), (new,)


@pytest.mark.parametrize(
    ("more", "model", "asks"),
    [
        ("prompt: hello", "gpt-4", ()),
        ("prompt: export it", "gpt-4", ("exports",)),
        ("prompt: export it, at: 2026-01-04T12:00Z", "gpt-4", ("exports", "late")),
        ("prompt: hello, at: 2026-01-05T08:59Z", "gpt-4", ("late",)),
        ("prompt: hello, cost: 0.51 usd", "gpt-4", ()),
        ("prompt: hello, cost: 0.51 usd", "gpt-5", ("dear",)),
        ("prompt: hello, first_use: true", "gpt-5", ("new",)),
        ("prompt: tell why, justification: ticket 12", "gpt-4", ("reasons",)),
        ("prompt: hello, justification: ticket 12", "gpt-4-strict", ()),
    ],
)
def test_whom_a_call_asks(more: str, model: str, asks: tuple[str, ...]) -> None:
    expect = "approve" if asks else "allow"
    result = asked(f"{more}, expect: {expect}, approvals: [{', '.join(asks)}]", model)
    assert result.passed, result.got
    assert result.approvals == asks
    other = "allow" if asks else "approve"
    wrong = asked(f"{more}, expect: {other}", model)
    assert not wrong.passed
    assert wrong.got == (f"approve: {', '.join(asks)}" if asks else "allow")
    assert not asked(f"{more}, expect: deny", model).passed
    assert not asked(f"{more}, expect: {expect}, approvals: [watched]", model).passed


def test_what_is_refused_asks_nobody() -> None:
    assert asked("prompt: export the bomb, expect: {deny: prompt_denied}, approvals: []").passed
    assert asked("prompt: tell why, expect: {deny: justification_required, rule: reasons}").passed
    assert asked("prompt: hello, expect: {deny: justification_required, policy: strict}", "gpt-4-strict").passed


def test_what_is_only_observed_asks_nobody() -> None:
    more = "prompt: watch it, address: 10.1.2.3, expect: allow, approvals: [], observes: [watched, far]"
    assert asked(more).passed
    assert asked("prompt: hello, address: 11.1.2.3, expect: allow, observes: []").passed


def test_what_was_approved_is_not_asked_again() -> None:
    turns = "[{prompt: export it, expect: approve, reply: ok}, {prompt: hi}, {prompt: export more, expect: approve}]"
    assert asked(f"turns: {turns}").passed
    turns = "[{prompt: export it, expect: approve, reply: done}, {prompt: thanks, expect: approve}]"
    result = asked(f"turns: {turns}")
    assert (result.passed, result.got) == (False, "turn 2: allow")
