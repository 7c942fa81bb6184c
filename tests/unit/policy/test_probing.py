"""What applies to a call is what its policies say; to what is refused, what the policies about its caller say."""

from typing import Any

from narrows.config.problem import Problem
from narrows.model.plan import Action, Plan
from narrows.model.refusal import Code
from narrows.model.verdict import Note
from narrows.policy.compile import compile_policies
from narrows.policy.probing import NOTHING, ProbingRules, check_probing, describe_probing
from unit.policy.world import VOCABULARY, person, policy, settings

ALL: dict[str, Any] = {"echo": {}, "floods": {"calls": 5}, "enumeration": {"names": 3, "action": "deny"}}


def rules(*policies: dict[str, Any]) -> ProbingRules:
    config = settings(*policies)
    return ProbingRules(config.policies, compile_policies(config, VOCABULARY))


def test_every_policy_that_applies_adds_its_own() -> None:
    made = rules(policy("a", probing=ALL), policy("b", probing={"echo": {"least": 100}}), policy("c"))
    found = made.of(Plan("r", policies=("a", "c"), observed=("b",)))
    assert [(each.policy, each.least) for each in found.echoes] == [("a", 60), ("b", 100)]
    assert [(each.calls, each.seconds) for each in found.floods] == [(5, 600.0)]
    assert [(each.names, each.stops) for each in found.names] == [(3, True)]
    assert made.of(Plan("r", policies=("c",))) == NOTHING
    assert made.of(Plan("r")) == NOTHING


def test_where_nothing_is_said_nothing_applies() -> None:
    made = rules(policy("a"), policy("b", probing={}))
    assert made.everything == NOTHING
    assert made.of(Plan("r", policies=("a", "b"))) == made.about(person("research")) == NOTHING


def test_what_is_refused_is_judged_by_the_policies_about_its_caller() -> None:
    made = rules(policy("a", probing=ALL), policy("b", who={"groups": ["support"]}, probing=ALL))
    assert [each.policy for each in made.about(person("research")).names] == ["a"]
    assert [each.policy for each in made.about(person("research", "support")).names] == ["a", "b"]
    assert made.about(person("nobody")) == NOTHING


def test_what_only_observes_stops_nothing() -> None:
    for plain in (policy("a", probing={**ALL, "mode": "observe"}), policy("a", mode="observe", probing=ALL)):
        (names,) = rules(plain).everything.names
        assert not names.stops
        assert names.note(Code.PROBING_SUSPECTED) == Note(Code.PROBING_SUSPECTED, "a", "probing.enumeration")
    (echo,) = rules(policy("a", probing=ALL)).everything.echoes
    assert echo.action is Action.FLAG
    assert echo.note(Code.REPLY_DENIED).flagged


def test_what_is_noticed_in_words() -> None:
    packs = [{"flag": {"packs": ["reply-links/image-with-data"], "mode": "observe"}}]
    probing = {**ALL, "floods": {"calls": 5, "within": 30}}
    assert describe_probing(rules(policy("a", probing=probing, responses=packs)).everything) == (
        "a: probing.echo flags replies that repeat 60 characters of the system text",
        "a: probing.floods flags 5 prompts within 30 s that are 70% alike",
        "a: probing.enumeration denies 3 different names tried within 10 min",
        "a: reply-links/image-with-data@2 flags replies that match it (observed)",
    )


def test_packs_of_replies() -> None:
    entries = [{"flag": {"packs": ["reply-links"]}}, {"flag": {"packs": ["*"], "mode": "observe"}}]
    found = rules(policy("a", responses=entries)).everything.phrases
    assert [each.rule for each in found] == ["reply-links/image-with-data@2", "reply-links/link-with-data@2"]
    assert all(each.observe for each in found)


def test_packs_that_deny_are_rules_of_the_plan() -> None:
    assert rules(policy("a", responses=[{"deny": {"packs": ["*"]}}])).everything == NOTHING


def test_what_can_not_be_had_of_packs_on_replies_is_told() -> None:
    def problems(entry: dict[str, Any]) -> list[Problem]:
        found: list[Problem] = []
        check_probing(settings(policy("a", responses=[entry])).policies[0], "policies[0]", found)
        return found

    assert problems({"flag": {"packs": ["reply-links"]}}) == []
    assert problems({"deny": {"packs": ["reply-links"]}}) == []
    (unknown,) = problems({"deny": {"packs": ["reply-linkz"]}})
    assert unknown.key == "policies[0].responses[0].deny.packs[0]"
    (other,) = problems({"flag": {"packs": ["template-tokens"]}})
    assert other.key == "policies[0].responses[0].flag.packs[0]"
    assert "`prompts`" in (other.hint or "")
