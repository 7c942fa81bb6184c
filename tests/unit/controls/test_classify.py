"""What rules ask by labels goes on with the call; what can't be classified is refused where a rule refuses."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from narrows.controls.classify import LONGEST, Classify
from narrows.engine.chain import Chain
from narrows.engine.scan import Scan
from narrows.model.call import Call
from narrows.model.plan import Action, Plan, Rule
from narrows.model.principal import Credential
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.text import Role, Text
from narrows.model.verdict import PROCEED, Deny, Proceed
from narrows.policy.inspect import RuleInspector
from narrows.ports.control import Wait
from narrows.ports.plugin import PluginFailed
from unit.controls.calls import begun, call
from unit.engine.world import World


class Topics:
    """A classification that knows a few words; it fails if it is told to."""

    timeout = 1.0

    def __init__(self, *labels: str, name: str = "topics", required: bool = True, fails: bool = False) -> None:
        self.name, self.required, self.fails = name, required, fails
        self.labels = frozenset(labels or {"topic:finance", "topic:health"})
        self.known: dict[str, tuple[str, ...]] = {}
        self.asked: list[str] = []
        self.inside = 0

    def recall(self, text: str) -> tuple[str, ...] | None:
        return self.known.get(text)

    async def classify(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        await asyncio.sleep(0)
        self.asked += [text for text in texts if text not in self.known]
        if self.fails:
            raise PluginFailed("did not answer in time")
        for text in texts:
            words = {label.rpartition(":")[2]: label for label in self.labels}
            self.known[text] = tuple(label for word, label in words.items() if word in text)
        return [self.known[text] for text in texts]

    def enter(self) -> None:
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1


def rule(*labels: str, **more: Any) -> Rule:
    return Rule(
        **{"name": "r", "policy": "p", "matchers": (), "message": "no", "labels": labels or ("topic:*",)} | more
    )


def asking(*texts: str | Text, rules: Sequence[Rule] = (rule(),), **facts: Any) -> Call:
    made = tuple(
        text if isinstance(text, Text) else Text(Role.USER, f"$.messages[{index}].content", text)
        for index, text in enumerate(texts)
    )
    return call(Plan("r", rules=tuple(rules)), asked={"texts": made}, **facts)


async def judged(control: Any, about: Call) -> Call | Deny:
    verdict: Any = begun(control, about).on_request(about)
    if isinstance(verdict, Wait):
        verdict = await verdict.until()
    if isinstance(verdict, Proceed):
        return verdict.call or about
    assert isinstance(verdict, Deny)
    return verdict


def test_nothing_to_do_where_no_rule_names_what_a_classifier_gives() -> None:
    control = Classify([Topics()])
    assert control.begin(call()) is None
    assert control.begin(asking("finance", rules=[rule("tone:rude")])) is None
    assert control.begin(asking("finance", rules=[Rule("r", "p", (), "no")])) is None
    assert control.begin(asking()) is None
    assert control.begin(asking("finance")) is not None


def test_calls_that_the_gate_makes_to_classify_are_not_classified() -> None:
    own = asking("finance")
    own = msgspec.structs.replace(own, credential=Credential("gate", "classifier.topics", 0.0))
    assert Classify([Topics()]).begin(own) is None


async def test_labels_go_on_with_the_call_and_known_texts_are_not_asked_about() -> None:
    topics = Topics()
    control = Classify([topics])
    after = await judged(control, asking("my finance", "hello", "hello"))
    assert isinstance(after, Call)
    assert after.labels == {"my finance": ("topic:finance",), "hello": ()}
    again = asking("my finance", "hello", "my health")
    await judged(control, again)
    assert topics.asked == ["my finance", "hello", "my health"]
    assert isinstance(begun(control, again).on_request(again), Proceed)


async def test_labels_of_several_classifiers_are_joined_and_others_are_not_asked() -> None:
    topics, tone, other = Topics(), Topics("tone:rude", name="tone"), Topics("other", name="other")
    control = Classify([topics, tone, other])
    rules = [rule("topic:finance"), rule("tone:*")]
    for _ in range(2):
        after = await judged(control, asking("rude finance", rules=rules))
        assert isinstance(after, Call)
        assert after.labels == {"rude finance": ("topic:finance", "tone:rude")}
    assert other.asked == []


async def test_only_texts_in_which_a_rule_looks_are_asked_about() -> None:
    topics = Topics()
    texts = [
        Text(Role.SYSTEM, "$.a", "system finance"),
        Text(Role.USER, "$.b", "user finance"),
        Text(Role.USER, "$.c", "17", number=True),
        Text(Role.USER, "$.d", "  "),
        Text(Role.USER, "$.e", "old health"),
    ]
    users = frozenset({Role.USER})
    known = frozenset({4})
    await judged(Classify([topics]), asking(*texts, rules=[rule(roles=users)], known=known))
    assert topics.asked == ["user finance"]
    await judged(Classify([topics]), asking(*texts, rules=[rule(roles=users, history=True)], known=known))
    assert topics.asked == ["user finance", "old health"]
    old = asking(texts[4], known=frozenset({0}))
    assert begun(Classify([topics]), old).on_request(old) is PROCEED


@pytest.mark.parametrize("action", [Action.DENY, Action.ALLOW])
async def test_a_failure_refuses_where_a_rule_refuses(action: Action) -> None:
    deny = await judged(Classify([Topics(fails=True)]), asking("x", rules=[rule(action=action)]))
    assert isinstance(deny, Deny)
    assert (deny.code, deny.policy, deny.rule) == (Code.CONTROL_FAILED, "p", "classifier.topics")
    assert deny.message == "prompts can't be judged: the classifier 'topics' did not answer in time"


@pytest.mark.parametrize(
    ("control", "rules"),
    [
        (Classify([Topics(fails=True, required=False)]), [rule()]),
        (Classify([Topics(fails=True)]), [rule(observe=True)]),
        (Classify([Topics(fails=True)]), [rule(action=Action.FLAG)]),
    ],
)
async def test_else_it_is_noted(control: Classify, rules: Sequence[Rule]) -> None:
    after = await judged(control, asking("x", rules=rules))
    assert isinstance(after, Call)
    assert after.labels == {}
    assert [(note.code, note.policy, note.rule) for note in after.notes] == [
        (Code.CONTROL_FAILED, "p", "classifier.topics")
    ]


async def test_one_rule_that_refuses_is_enough() -> None:
    rules = [rule(observe=True, policy="o"), rule(name="s", policy="q")]
    deny = await judged(Classify([Topics(fails=True)]), asking("x", rules=rules))
    assert isinstance(deny, Deny)
    assert deny.policy == "q"


async def test_a_text_that_is_too_long_is_refused() -> None:
    deny = await judged(Classify([Topics()]), asking("x" * (LONGEST + 1)))
    assert isinstance(deny, Deny)
    assert deny.code is Code.PROMPT_TOO_LONG


async def test_in_a_chain_the_scan_reads_the_labels_and_the_call_leaves_at_its_end() -> None:
    topics = Topics()
    controls = (Classify([topics]), Scan(RuleInspector()))
    snapshot = msgspec.structs.replace(World().snapshots.current, controls=controls, reply_controls=())
    chain = Chain(snapshot, asking("my finance", "hello"))
    verdict = chain.judge()
    assert isinstance(verdict, Wait)
    assert topics.inside == 1
    assert await chain.wait(verdict) is None
    assert [(each.rule, each.path) for each in chain.call.findings] == [("r", "$.messages[0].content")]
    chain.end(Outcome.DONE, None)
    assert topics.inside == 0


async def test_texts_that_have_labels_already_keep_them() -> None:
    topics = Topics()
    labelled = {"my finance": ("topic:health",)}
    after = await judged(Classify([topics]), asking("my finance", "hello", labels=labelled))
    assert isinstance(after, Call)
    assert after.labels == {**labelled, "hello": ()}
    assert topics.asked == ["hello"]
