"""A finding of a rule refuses with the rule's message and the place; an observed rule notes, once."""

from typing import Any

from narrows.controls.prompt_rules import PromptRules
from narrows.model.call import Call
from narrows.model.plan import Action, Plan, Rule
from narrows.model.refusal import Code
from narrows.model.text import Finding
from narrows.model.verdict import Deny, Note
from narrows.policy.inspect import UNREAD
from unit.controls.calls import call, judged


class _Nothing:
    def find(self, text: str) -> tuple[int, int] | None:
        raise AssertionError("the texts are not searched again")


def rule(name: str, policy: str = "a", **more: Any) -> Rule:
    return Rule(name, policy, (_Nothing(),), f"{name} says no", **more)


def outcome(rules: tuple[Rule, ...], *findings: Finding) -> Call | Deny:
    return judged(PromptRules(), call(Plan("r", rules=rules), findings=findings))


def found(name: str, policy: str = "a", path: str = "$.messages[0].content") -> Finding:
    return Finding(name, policy, path, 0, 1)


def test_without_findings_there_is_no_guard() -> None:
    assert PromptRules().begin(call(Plan("r", rules=(rule("x"),)))) is None


def test_a_finding_refuses() -> None:
    verdict = outcome((rule("x"),), found("x"))
    assert verdict == Deny(Code.PROMPT_DENIED, "x says no", policy="a", rule="x", param="$.messages[0].content")


def test_an_observed_rule_notes_once() -> None:
    after = outcome((rule("x", observe=True),), found("x", path="$.a"), found("x", path="$.b"))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.PROMPT_DENIED, "a", "x", "$.a"),)


def test_an_observed_finding_does_not_hide_an_enforced_one() -> None:
    rules = (rule("w", observe=True), rule("x", "b"))
    assert isinstance(outcome(rules, found("w"), found("x", "b")), Deny)


def test_the_same_name_in_another_policy_is_another_rule() -> None:
    rules = (rule("x", "a", observe=True), rule("x", "b"))
    assert isinstance(outcome(rules, found("x", "a")), Call)
    assert isinstance(outcome(rules, found("x", "b")), Deny)


def test_a_finding_of_something_else_is_not_its_business() -> None:
    assert isinstance(outcome((rule("x"),), found("CREDIT_CARD", "")), Call)


def test_a_flag_lets_pass_and_is_noted() -> None:
    after = outcome((rule("x", action=Action.FLAG),), found("x", path="$.a"))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.PROMPT_DENIED, "a", "x", "$.a", flagged=True),)


def test_what_no_allow_rule_covers_is_refused_after_what_a_deny_rule_finds() -> None:
    rules = (rule("only", action=Action.ALLOW), rule("x", action=Action.DENY))
    verdict = outcome(rules, found("only"))
    assert isinstance(verdict, Deny)
    assert (verdict.code, verdict.rule) == (Code.PROMPT_NOT_ALLOWED, "only")
    verdict = outcome(rules, found("only"), found("x"))
    assert isinstance(verdict, Deny)
    assert (verdict.code, verdict.rule) == (Code.PROMPT_DENIED, "x")


def test_an_observed_allow_rule_notes_what_it_does_not_cover() -> None:
    after = outcome((rule("only", action=Action.ALLOW, observe=True),), found("only"))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.PROMPT_NOT_ALLOWED, "a", "only", "$.messages[0].content"),)


def test_a_refusal_says_how_what_it_found_was_hidden() -> None:
    verdict = outcome((rule("x"),), Finding("x", "a", "$.a", 0, 1, "base64"))
    assert isinstance(verdict, Deny)
    assert verdict.message == "x says no It was found decoded from base64."


def test_what_could_not_all_be_read_is_flagged_for_its_policy() -> None:
    after = outcome((rule("x"),), found(UNREAD, path="$.b"))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.PROMPT_DENIED, "a", UNREAD, "$.b", flagged=True),)


def test_what_people_are_asked_about_is_not_refused_here() -> None:
    after = outcome((rule("x", action=Action.APPROVE),), found("x"))
    assert isinstance(after, Call)
    assert after.notes == ()


def test_what_people_would_be_asked_about_is_noted_where_it_is_only_observed() -> None:
    after = outcome((rule("x", action=Action.APPROVE, observe=True),), found("x", path="$.a"))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.APPROVAL_PENDING, "a", "x", "$.a"),)


def test_what_people_are_asked_about_hides_no_refusal() -> None:
    rules = (rule("ask", action=Action.APPROVE), rule("x"))
    assert isinstance(outcome(rules, found("ask"), found("x")), Deny)
