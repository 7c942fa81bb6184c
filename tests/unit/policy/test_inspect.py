"""The scan finds what the plan's rules find, rule by rule and text by text, whatever the text is."""

import pytest

from narrows.model.plan import Plan, Rule
from narrows.model.text import Role, Text
from narrows.policy import inspect
from narrows.policy.inspect import RuleInspector
from unit.policy.world import compiled, denying, person, policy


def plan(*patterns: str, roles: tuple[str, ...] = ()) -> Plan:
    rules = [denying(pattern, **{"in": list(roles)}) for pattern in patterns]
    return compiled(policy("a", prompts=rules)).plan(person("research"), "openai", "chat", "gpt")


def user(value: str, path: str = "$.messages[0].content") -> Text:
    return Text(Role.USER, path, value)


def test_a_finding_names_rule_policy_and_place() -> None:
    (finding,) = RuleInspector().inspect([user("é a secret b")], plan("alpha", "secret"))
    assert (finding.rule, finding.policy, finding.path) == ("prompts[1]", "a", "$.messages[0].content")
    assert (finding.start, finding.end) == (4, 10)


def test_each_rule_finds_at_most_once_in_each_text() -> None:
    findings = RuleInspector().inspect([user("x x x y", "$.a"), user("y", "$.b"), user("z", "$.c")], plan("x", "y"))
    assert [(finding.path, finding.rule) for finding in findings] == [
        ("$.a", "prompts[0]"),
        ("$.a", "prompts[1]"),
        ("$.b", "prompts[1]"),
    ]


def test_roles_are_respected() -> None:
    texts = [Text(role, f"$.{role.value}", "x") for role in Role]
    found = RuleInspector().inspect(texts, plan("x", roles=("user", "tool_result")))
    assert [finding.path for finding in found] == ["$.user", "$.tool_result"]
    assert len(RuleInspector().inspect(texts, plan("x"))) == len(Role)


@pytest.mark.parametrize("value", ["", "\ud800", "\ud800 x", "\0x", "x" * 100_000, "漢字x", "\ufeffx"])
def test_no_text_makes_it_raise(value: str) -> None:
    found = RuleInspector().inspect([user(value)], plan("x", "y"))
    assert len(found) == ("x" in value)


def test_no_rules_no_findings() -> None:
    assert RuleInspector().inspect([user("x")], Plan("r")) == ()
    assert RuleInspector().inspect([], plan("x")) == ()


def parts(*values: str, path: str = "$.messages[0].content") -> list[Text]:
    return [user(value, f"{path}[{index}].text") for index, value in enumerate(values)]


def test_a_match_cut_over_parts_is_found() -> None:
    texts = [*parts("ignore ", "inst", "ructions"), *parts("else", path="$.messages[1].content")]
    (finding,) = RuleInspector().inspect(texts, plan("ignore instructions"))
    assert (finding.path, finding.start, finding.end) == ("$.messages[0].content", 0, 19)


@pytest.mark.parametrize(
    "texts",
    [
        [user("ab", "$.messages[0].content[0].text"), user("c", "$.messages[1].content[0].text")],
        [user("ab", "$.messages[0].content"), user("c", "$.messages[1].content")],
        [user("ab", "$.c[0].text"), Text(Role.SYSTEM, "$.c[1].text", "c")],
        parts("ab", " ", "c"),
    ],
)
def test_what_stands_apart_is_not_joined(texts: list[Text]) -> None:
    assert RuleInspector().inspect(texts, plan("abc")) == ()


def test_more_rules_than_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "TOGETHER", 3)
    many = plan(*(f"word{number}x" for number in range(10)))
    found = RuleInspector().inspect([user("word0x word4x word9x")], many)
    assert [finding.rule for finding in found] == ["prompts[0]", "prompts[4]", "prompts[9]"]


@pytest.mark.parametrize("texts", [["Delete it"], ["nothing"], ["ta\u017fk"], ["TASK", "\u6f22"], ["ta", "sk"], []])
def test_the_words_of_patterns_change_nothing_but_the_time(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    rules, prompt = plan("(?i)task", "delete|remove"), parts(*texts)
    found = RuleInspector().inspect(prompt, rules)
    monkeypatch.setattr(inspect, "NEEDLES", 0)
    assert found == RuleInspector().inspect(prompt, rules)
    assert bool(found) == (texts not in (["Delete it"], ["nothing"], []))


def test_a_plan_is_never_taken_for_another() -> None:
    inspector = RuleInspector()
    for number in range(inspect.SCANNERS * 3):
        pattern = "x" if number % 2 else "y"
        rule = Rule("r", "a", _Only(pattern), "m")
        assert len(inspector.inspect([user("x")], Plan("r", rules=(rule,)))) == number % 2


class _Only:
    """A matcher that is no RE2 pattern."""

    def __init__(self, word: str) -> None:
        self._word = word

    def find(self, text: str) -> tuple[int, int] | None:
        at = text.find(self._word)
        return None if at < 0 else (at, at + len(self._word))
