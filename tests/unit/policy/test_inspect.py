"""The scan finds what the plan's rules find, rule by rule and text by text, whatever the text is."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from narrows.matching.gate import Gate
from narrows.matching.widened import Widener
from narrows.model.plan import Plan, Rule
from narrows.model.text import Finding, Role, Text
from narrows.policy import inspect
from narrows.policy.gating import make, together
from narrows.policy.gating import parts as parts_of
from narrows.policy.inspect import UNREAD, Reading, RuleInspector, Seen, Sighting, Span
from narrows.policy.patterns import Pattern
from narrows.policy.sieve import NO_GATES, Gates, PatternGate
from unit.controls.calls import call
from unit.policy.world import compiled, denying, person, policy


def plan(*patterns: str, roles: tuple[str, ...] = ()) -> Plan:
    rules = [denying(pattern, **{"in": list(roles)}) for pattern in patterns]
    return compiled(policy("a", prompts=rules)).plan(person("research"), "openai", "chat", "gpt")


def user(value: str, path: str = "$.messages[0].content") -> Text:
    return Text(Role.USER, path, value)


def inspected(
    texts: Sequence[Text], plan: Plan, inspector: RuleInspector | None = None, **more: Any
) -> tuple[Finding, ...]:
    return (inspector or RuleInspector()).inspect(call(plan, asked={"texts": tuple(texts)}, **more))


def test_a_finding_names_rule_policy_and_place() -> None:
    (finding,) = inspected([user("é a secret b")], plan("alpha", "secret"))
    assert (finding.rule, finding.policy, finding.path) == ("prompts[1]", "a", "$.messages[0].content")
    assert (finding.start, finding.end) == (4, 10)


def test_each_rule_finds_at_most_once_in_each_text() -> None:
    findings = inspected([user("x x x y", "$.a"), user("y", "$.b"), user("z", "$.c")], plan("x", "y"))
    assert [(finding.path, finding.rule) for finding in findings] == [
        ("$.a", "prompts[0]"),
        ("$.a", "prompts[1]"),
        ("$.b", "prompts[1]"),
    ]


def test_roles_are_respected() -> None:
    texts = [Text(role, f"$.{role.value}", "x") for role in Role]
    found = inspected(texts, plan("x", roles=("user", "tool_result")))
    assert [finding.path for finding in found] == ["$.user", "$.tool_result"]
    assert len(inspected(texts, plan("x"))) == len(Role)


@pytest.mark.parametrize("value", ["", "\ud800", "\ud800 x", "\0x", "x" * 100_000, "漢字x", "\ufeffx"])
def test_no_text_makes_it_raise(value: str) -> None:
    found = inspected([user(value)], plan("x", "y"))
    assert len(found) == ("x" in value)


def test_no_rules_no_findings() -> None:
    assert inspected([user("x")], Plan("r")) == ()
    assert inspected([], plan("x")) == ()


def parts(*values: str, path: str = "$.messages[0].content") -> list[Text]:
    return [user(value, f"{path}[{index}].text") for index, value in enumerate(values)]


def gated(rules: Plan, readings: Any = None) -> RuleInspector:
    """An inspector with the gates of a plan's rules."""
    made = [make(part, Widener()) for part in parts_of(rules.rules, loosened)]
    return RuleInspector(readings, gates=together(made))


def loosened(source: str) -> str | None:
    return source.replace(" ", " ?") if " " in source else None


def test_what_is_found_is_told_text_by_text_and_rule_by_rule() -> None:
    many = plan(*(f"word{number}x" for number in range(10)))
    for inspector in (RuleInspector(), gated(many)):
        found = inspected([*parts("word9x word4x", "-", "word0x word4x")], many, inspector)
        assert [(each.rule, each.path[-7]) for each in found] == [
            ("prompts[4]", "0"), ("prompts[9]", "0"), ("prompts[0]", "2"), ("prompts[4]", "2")
        ]  # fmt: skip


@pytest.mark.parametrize(
    "texts", [["Delete it"], ["nothing"], ["ta\u017fk"], ["TASK", "\u6f22"], [], ["\ud800 task", "a\0"], ["xa", "b"]]
)
def test_gates_change_nothing_but_the_time(texts: list[str]) -> None:
    rules, prompt = plan("(?i)task", "delete|remove", "^b$", r"a\x00", "a$"), parts(*texts)
    found = inspected(prompt, rules)
    assert found == inspected(prompt, rules, gated(rules))
    assert bool(found) == (texts not in (["Delete it"], ["nothing"], []))


def test_an_inspector_takes_gates_while_it_is_used() -> None:
    rules = plan("(?i)task", "delete")
    inspector = RuleInspector()
    assert len(inspected([user("a task")], rules, inspector)) == 1
    inspector.use(Gates((PatternGate(Gate.compile(()), {pattern.key: 0 for pattern in patterns_of(rules)}),)))
    assert inspected([user("a task")], rules, inspector) == (), "it asks the gates"
    inspector.use(NO_GATES)
    assert len(inspected([user("a task")], rules, inspector)) == 1


def patterns_of(rules: Plan) -> list[Pattern]:
    return [matcher for rule in rules.rules for matcher in rule.matchers if isinstance(matcher, Pattern)]


def test_where_everything_was_sent_before_nothing_is_looked_at() -> None:
    assert inspected([user("x"), user("x")], plan("x"), known=frozenset({0, 1})) == ()


def test_a_plan_is_never_taken_for_another() -> None:
    inspector = RuleInspector()
    for number in range(inspect.SCANNERS * 3):
        pattern = "x" if number % 2 else "y"
        rule = Rule("r", "a", (_Only(pattern),), "m")
        assert len(inspected([user("x")], Plan("r", rules=(rule,)), inspector)) == number % 2


class _Only:
    """A matcher that is no RE2 pattern."""

    def __init__(self, word: str) -> None:
        self._word = word

    def find(self, text: str) -> tuple[int, int] | None:
        at = text.find(self._word)
        return None if at < 0 else (at, at + len(self._word))


class TestNewContent:
    """What a session has sent before is not judged again, unless a rule asks for it."""

    TEXTS = (user("x before", "$.messages[0].content"), user("x now", "$.messages[1].content"))

    def test_only_new_texts_are_looked_at(self) -> None:
        (finding,) = inspected(self.TEXTS, plan("x"), known=frozenset({0}))
        assert finding.path == "$.messages[1].content"
        assert inspected(self.TEXTS, plan("before"), known=frozenset({0})) == ()

    def test_history_is_looked_at_by_rules_that_say_so(self) -> None:
        both = ruled(denying("x", name="new"), denying("x", name="all", history=True))
        found = inspected(self.TEXTS, both, known=frozenset({0}))
        assert sorted((each.rule, each.path[11]) for each in found) == [("all", "0"), ("all", "1"), ("new", "1")]


def ruled(*prompts: dict[str, Any]) -> Plan:
    return compiled(policy("a", prompts=list(prompts))).plan(person("research"), "openai", "chat", "gpt")


class TestAllow:
    """What no `allow` rule of a policy covers is found."""

    def test_every_text_of_the_role_must_be_covered(self) -> None:
        only = ruled({"allow": {"words": ["weather"]}}, {"allow": {"pattern": "(?i)^train"}})
        texts = [user("Weather?", "$.a"), user("Trains?", "$.b"), user("Recipes?", "$.c"), user(" ", "$.d")]
        assert [finding.path for finding in inspected(texts, only)] == ["$.c", "$.c"]
        assert inspected([Text(Role.SYSTEM, "$.s", "be brief")], only) == ()

    def test_each_policy_by_itself(self) -> None:
        prompts = ({"allow": {"words": ["weather"]}},), ({"allow": {"words": ["trains"]}},)
        both = compiled(policy("a", prompts=list(prompts[0])), policy("b", prompts=list(prompts[1])))
        plan = both.plan(person("research"), "openai", "chat", "gpt")
        assert [finding.policy for finding in inspected([user("weather")], plan)] == ["b"]
        assert inspected([user("weather, trains")], plan) == ()

    def test_numbers_are_not_asked_to_be_words(self) -> None:
        texts = [Text(Role.USER, "$.n", "12", number=True)]
        assert inspected(texts, ruled({"allow": {"words": ["weather"]}})) == ()


def place_of(each: Seen) -> Callable[[int, int], Span | None]:
    return lambda start, end: None if start == 0 else (each.text.path, start, end)


class TestViews:
    """Decoded views are looked at where a rule wants them."""

    class Reversed:
        """Reads texts backwards; `*` in one says that more could be read, and `#` that words ran together."""

        def __call__(self, seen: Sequence[Seen], *, history: bool, views: bool, joined: bool = True) -> Reading:
            if not views:
                return Reading(())
            found = [
                Seen(
                    Text(each.text.role, each.text.path, each.text.value[::-1]),
                    each.new,
                    "reversed",
                    place_of(each),
                    together="#" in each.text.value,
                )
                for each in seen
                if each.new or history
            ]
            return Reading(found, [each for each in seen if "*" in each.text.value])

        def loosened(self, source: str) -> str | None:
            return loosened(source)

    views = Reversed()

    def test_a_view_is_named_and_has_the_place_of_its_text(self) -> None:
        (finding,) = inspected([user("a terces b")], plan("secret"), RuleInspector(self.views))
        assert (finding.path, finding.start, finding.view) == ("$.messages[0].content", 2, "reversed")

    def test_what_the_text_itself_shows_is_not_found_twice(self) -> None:
        assert inspected([user("terces")], plan("secret"), RuleInspector(self.views)) == ()

    def test_rules_without_views_see_none(self) -> None:
        assert inspected([user("x terces y")], ruled(denying("secret", views=False)), RuleInspector(self.views)) == ()

    def test_history_and_roles_hold_for_views_too(self) -> None:
        inspector = RuleInspector(self.views)
        assert inspected([user("x terces y")], plan("secret"), inspector, known=frozenset({0})) == ()
        assert inspected([user("x terces y")], plan("secret", roles=("system",)), inspector) == ()

    @pytest.mark.parametrize("with_gates", [False, True])
    def test_a_phrase_is_found_without_its_spaces_where_words_ran_together(self, *, with_gates: bool) -> None:
        rules = plan("drop all", "never")
        inspector = gated(rules, self.views) if with_gates else RuleInspector(self.views)
        assert inspected([user("x llapord y")], rules, inspector) == ()
        (finding,) = inspected([user("# llapord y")], rules, inspector)
        assert (finding.rule, finding.view) == ("prompts[0]", "reversed")
        assert len(inspected([user("# lla pord y")], rules, inspector)) == 1, "found both ways, told once"

    @pytest.mark.parametrize("with_gates", [False, True])
    def test_words_run_together_are_found_without_what_stands_beside_them(self, *, with_gates: bool) -> None:
        rules = ruled({"deny": {"words": ["drop all", "cat"]}})
        inspector = gated(rules, self.views) if with_gates else RuleInspector(self.views)
        assert len(inspected([user("# xllapordx y")], rules, inspector)) == 1
        assert inspected([user("# noitacude y")], rules, inspector) == (), "a short word stands in many others"

    def test_no_loose_pattern_is_made_that_can_not_occur(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rules, made = plan("drop all", "a b", "c d"), []
        real = Pattern.loosened
        monkeypatch.setattr(Pattern, "loosened", lambda source: made.append(source) or real(source))
        inspector = gated(rules, self.views)
        for _ in range(2):
            assert len(inspected([user("# llapord y")], rules, inspector)) == 1
        assert made == ["drop ?all"]

    def test_rules_without_views_are_not_looked_for_loosely(self) -> None:
        rules = ruled(denying("drop all", views=False))
        assert inspected([user("# llapord y")], rules, RuleInspector(self.views)) == ()

    def test_what_could_not_all_be_read_is_told_of_each_policy_that_wanted_it(self) -> None:
        rules = compiled(
            policy("a", prompts=[denying("x"), denying("y")]),
            policy("b", prompts=[denying("x", views=False)]),
            policy("c", prompts=[denying("x", **{"in": ["system"]})]),
        ).plan(person("research"), "openai", "chat", "gpt")
        (finding,) = inspected([user("so much *")], rules, RuleInspector(self.views))
        assert (finding.rule, finding.policy, finding.path, finding.end) == (UNREAD, "a", "$.messages[0].content", 9)

    def test_allow_rules_want_the_text_itself(self) -> None:
        found = inspected([user("x rehtaew y")], ruled({"allow": {"words": ["weather"]}}), RuleInspector(self.views))
        assert len(found) == 1


class TestEntitiesAndLabels:
    """Rules name entities and labels; others find them."""

    def test_entities_count_from_their_threshold(self) -> None:
        rule = Rule("r", "a", (), "m", entities=frozenset({"US_SSN"}), threshold=0.8)
        sure, asked = [Sighting("US_SSN", 0, 3, 0.9), Sighting("US_SSN", 4, 5, 0.7), Sighting("URL", 5, 6, 1.0)], []

        def sights(entities: frozenset[str]) -> Any:
            asked.append(entities)
            return lambda text: sure

        (finding,) = inspected([user("x")], Plan("r", rules=(rule,)), RuleInspector(None, sights))
        assert (finding.rule, finding.start, finding.end) == ("r", 0, 3)
        assert asked == [frozenset({"US_SSN"})]

    def test_without_anything_that_looks_for_them_it_raises(self) -> None:
        rule = Rule("r", "a", (), "m", entities=frozenset({"US_SSN"}))
        with pytest.raises(ValueError, match="name entities"):
            inspected([user("x")], Plan("r", rules=(rule,)))

    @pytest.mark.parametrize(("views", "asked"), [(True, [False]), (False, [])])
    def test_nothing_is_joined_for_labels(self, views: bool, asked: list[bool]) -> None:
        class Recorded:
            def __call__(self, seen: Sequence[Seen], *, history: bool, views: bool, joined: bool = True) -> Reading:
                heard.append(joined)
                return Reading((), [each for each in seen if views])

            def loosened(self, source: str) -> str | None:
                return loosened(source)

        heard: list[bool] = []
        rule = Rule("r", "a", (), "m", labels=("topic:*",), views=views)
        found = inspected([user("x")], Plan("r", rules=(rule,)), RuleInspector(Recorded()))
        assert [each.rule for each in found] == [UNREAD] * views
        assert heard == asked

    def test_labels_are_globs(self) -> None:
        rule = Rule("r", "a", (), "m", labels=("topic:fin*",))
        labels = {"x": ("topic:finance",), "y": ("topic:food",)}
        texts = [user("x", "$.a"), user("y", "$.b"), user("z", "$.c")]
        assert [each.path for each in inspected(texts, Plan("r", rules=(rule,)), labels=labels)] == ["$.a"]
