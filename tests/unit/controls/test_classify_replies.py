"""A reply that rules deny by labels is stopped with nothing of it left, however it comes; a failure stops it, too."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from narrows.controls.classify_replies import STREAMS, ClassifyReplies
from narrows.controls.mask import Mask
from narrows.masking.engine import Engine
from narrows.masking.spotted import LONGEST
from narrows.model.call import Call
from narrows.model.plan import Action, Plan, ReplyRule, Transform
from narrows.model.plan import Mask as Entry
from narrows.model.principal import Credential
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.verdict import PROCEED, Deny, Note
from narrows.ports.classifier import Presuming
from narrows.ports.control import Guard, Wait
from narrows.ports.plugin import PluginFailed
from unit.controls.calls import begun, call
from unit.masking.samples import section

ENGINE = Engine([section()])
KEY = (0, "content")


class Topics:
    """A classification that knows a few words; it fails if it is told to."""

    timeout = 1.0
    name = "topics"

    def __init__(self, *, required: bool = True, fails: bool = False) -> None:
        self.required, self.fails = required, fails
        self.labels = frozenset({"topic:finance", "topic:health"})
        self.known: dict[str, tuple[str, ...]] = {}
        self.asked: list[str] = []
        self.inside = 0

    def recall(self, text: str) -> tuple[str, ...] | None:
        return self.known.get(text)

    async def classify(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        await asyncio.sleep(0)
        if self.fails:
            raise PluginFailed("did not answer in time")
        for text in texts:
            self.asked.append(text)
            self.known[text] = tuple(label for label in sorted(self.labels) if label.rpartition(":")[2] in text)
        return [self.known[text] for text in texts]

    def enter(self) -> None:
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1


def rule(*labels: str, **more: Any) -> ReplyRule:
    said = {"name": "r", "policy": "p", "action": Action.DENY, "message": "no", "labels": labels or ("topic:health",)}
    return ReplyRule(**said | more)


def about(*rules: ReplyRule, masks: Sequence[Entry] = ()) -> Call:
    return call(Plan("r", replies=rules or (rule(),), masks=masks))


async def take(guards: Sequence[Guard], event: Event) -> Deny | None:
    for guard in guards:
        verdict: Any = guard.on_event(event)
        if isinstance(verdict, Wait):
            verdict = await verdict.until()
        if verdict is not None:
            assert isinstance(verdict, Deny)
            return verdict
    return None


async def received(topics: Topics, asked: Call, *events: Event) -> tuple[list[str], Deny | None, list[Note]]:
    """What leaves with each event, behind the control that asks and the one that holds."""
    guards = [begun(ClassifyReplies([topics]), asked), begun(Mask(ENGINE, b"k" * 32), asked)]
    out: list[str] = []
    notes: list[Note] = []
    for event in events:
        deny = await take(guards, event)
        notes += event.notes
        if deny is not None:
            return out, deny, notes
        out.append("".join([held for _, _, held in event.before] + [delta.text for delta in event.deltas]))
    return out, None, notes


def stream(text: str, size: int, field: str = "content", *, inside: bool = False) -> list[Event]:
    """A text in pieces, and its end: in an event of its own, or with the last piece."""
    events = [Event(None, deltas=[Delta(0, field, text[at : at + size])]) for at in range(0, len(text), size)]
    if inside:
        events[-1].ends = ((0, field),)
        return events
    return [*events, Event(None, finish="stop", ends=((0, field),))]


def test_nothing_to_do_where_no_rule_on_replies_names_a_label() -> None:
    control = ClassifyReplies([Topics()])
    for plan in (Plan("r"), Plan("r", replies=(ReplyRule("r", "p", Action.DENY, "no"),))):
        assert control.begin(call(plan)) is None
        assert control.under(plan) is None
    assert control.begin(about()) is not None
    assert control.under(about().plan) is control
    assert control.begin(call(about().plan, asked={"operation": "models"})) is None


def test_replies_that_the_gate_asks_for_to_classify_are_not_classified() -> None:
    own = msgspec.structs.replace(about(), credential=Credential("gate", "classifier.topics", 0.0))
    assert ClassifyReplies([Topics()]).begin(own) is None


@pytest.mark.parametrize("size", [1, 5, 100])
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("field", ["content", "reasoning", "refusal", "tool_call:0", "tool_call_text:0", "$.out.text"])
async def test_nothing_of_a_denied_field_leaves_and_all_of_another_does(size: int, inside: bool, field: str) -> None:
    text = '{"q": "about your health"}'
    out, deny, _ = await received(Topics(), about(), *stream(text, size, field, inside=inside))
    assert "".join(out) == ""
    assert deny is not None
    assert (deny.code, deny.policy, deny.rule, deny.message) == (Code.REPLY_DENIED, "p", "r", "no")
    fine = text.replace("health", "wealth")
    out, deny, notes = await received(Topics(), about(), *stream(fine, size, field, inside=inside))
    assert ("".join(out), deny, notes) == (fine, None, [])
    assert not any(out[:-1]), "it is held until it has ended"


@pytest.mark.parametrize("field", ["content", "tool_call:0", "$.out", "other", "error"])
async def test_a_whole_reply(field: str) -> None:
    for text, stopped in (("about your health", True), ("about your wealth", False)):
        whole = Event(None, deltas=[Delta(0, field, json.dumps({"q": text}))], last=True)
        _, deny, _ = await received(Topics(), about(), whole)
        assert (deny is not None) is stopped


async def test_a_whole_reply_in_parts_is_one_text() -> None:
    parts = Event(None, deltas=[Delta(*KEY, "about your hea"), Delta(*KEY, "lth")], last=True)
    assert (await received(Topics(), about(), parts))[1] is not None
    topics = Topics()
    apart = Event(None, deltas=[Delta(0, "$.tags[*]", "hea"), Delta(0, "$.tags[*]", "lth")], last=True)
    assert (await received(topics, about(), apart))[1] is None
    assert topics.asked == ["hea", "lth"]


async def test_arguments_are_read_as_what_they_say() -> None:
    topics = Topics()
    for spelled, said in (
        (r'{"q":"he\u0061lth"}', '{"q":"health"}'),
        (r'{"q":"\ud83d\ude00\n\\u0061"}', '{"q":"\U0001f600\n\\u0061"}'),
        (r'{"q":"\ud83d"}', '{"q":"\ufffd"}'),
    ):
        await received(topics, about(rule(action=Action.FLAG)), *stream(spelled, 3, "tool_call:0"))
        assert topics.asked[-1] == said


async def test_ids_and_words_of_the_api_are_not_asked_about_and_a_word_of_the_model_s_is() -> None:
    topics = Topics()
    deltas = [
        Delta(0, "envelope:id", "chatcmpl-health"),
        Delta(0, "envelope", "Health"),
        Delta(0, "number:content", "17"),
        Delta(0, "tool_name:0", "get_health"),
        Delta(0, "other", "fp_health"),
        Delta(0, "repeat:content", "about Health"),
        Delta(*KEY, "health"),
    ]
    await received(topics, about(rule("topic:finance")), Event(None, deltas=deltas, ends=(KEY,)))
    assert topics.asked == ["about Health", "health"]


async def test_what_was_asked_lately_is_known() -> None:
    topics = Topics()
    asked = about()
    for _ in range(2):
        guard = begun(ClassifyReplies([topics]), asked)
        event = Event(None, deltas=[Delta(*KEY, "your health"), Delta(0, "copy:content", "your health")], last=True)
        assert await take([guard], event) is not None
    assert topics.asked == ["your health"]
    assert isinstance(begun(ClassifyReplies([topics]), asked).on_event(event), Deny)


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"action": Action.FLAG}, Note(Code.REPLY_DENIED, "p", "r", "content", flagged=True)),
        ({"observe": True}, Note(Code.REPLY_DENIED, "p", "r", "content")),
    ],
)
async def test_what_flags_or_observes_holds_nothing_and_is_noted_once(more: dict[str, Any], note: Note) -> None:
    text = "about your health"
    events = [*stream(text, 5), *stream(text + " again", 5)]
    out, deny, notes = await received(Topics(), about(rule(**more)), *events)
    assert ("".join(out), deny, notes) == (text + text + " again", None, [note])
    assert out[0] == "about"


async def test_a_path_of_any_json_is_not_told() -> None:
    events = stream("about your health", 5, "$.Ann Smith")
    assert [note.param for note in (await received(Topics(), about(rule(action=Action.FLAG)), *events))[2]] == [None]


async def test_every_text_is_judged_by_every_rule() -> None:
    rules = (rule("topic:finance", name="money", action=Action.FLAG), rule(name="care"))
    events = [*stream("your finance", 5, "reasoning"), *stream("finance of health", 5)]
    _, deny, notes = await received(Topics(), about(*rules), *events)
    assert deny is not None
    assert deny.rule == "care"
    assert [note.rule for note in notes] == ["money"]


async def test_masks_see_what_is_held() -> None:
    masks = (Entry("m", "p", frozenset({"CREDIT_CARD"}), Transform.REDACT),)
    out, deny, _ = await received(Topics(), about(masks=masks), *stream("pay 4111 1111 1111 1111 soon", 3))
    assert ("".join(out), deny) == ("pay [CREDIT_CARD] soon", None)
    assert not any(out[:-1])


async def test_a_failure_stops_the_reply_where_a_rule_does() -> None:
    out, deny, _ = await received(Topics(fails=True), about(), *stream("hello there", 5))
    assert not any(out)
    assert deny is not None
    assert (deny.code, deny.policy, deny.rule) == (Code.CONTROL_FAILED, "p", "classifier.topics")
    assert deny.message == "replies can't be judged: the classifier 'topics' did not answer in time"


@pytest.mark.parametrize(
    ("topics", "rules"),
    [
        (Topics(fails=True, required=False), [rule()]),
        (Topics(fails=True), [rule(observe=True)]),
        (Topics(fails=True), [rule(action=Action.FLAG)]),
    ],
)
async def test_else_it_is_noted_once(topics: Topics, rules: Sequence[ReplyRule]) -> None:
    events = [*stream("hello there", 5), *stream("and so on", 5)]
    out, deny, notes = await received(topics, about(*rules), *events)
    assert ("".join(out), deny) == ("hello thereand so on", None)
    assert notes == [Note(Code.CONTROL_FAILED, "p", "classifier.topics")]


async def test_what_is_too_long_stops_the_reply() -> None:
    piece = "word " * 50_000
    events = [Event(None, deltas=[Delta(0, field, piece)]) for field in ("content", "reasoning") * 3]
    out, deny, _ = await received(Topics(), about(), *events)
    assert not any(out)
    assert deny is not None
    assert deny.code is Code.CONTROL_FAILED
    assert len(out) * len(piece) <= LONGEST


async def test_of_more_fields_than_are_put_together_each_piece_is_asked_about() -> None:
    topics = Topics()
    guard = begun(ClassifyReplies([topics]), about())
    many = Event(None, deltas=[Delta(number, "content", "hello ") for number in range(STREAMS)])
    assert await take([guard], many) is None
    deny = await take([guard], Event(None, deltas=[Delta(STREAMS, "content", "your health")]))
    assert deny is not None


async def test_a_case_says_what_classifiers_would() -> None:
    topics = Topics(fails=True)
    guard = begun(ClassifyReplies([topics]), about())
    assert isinstance(guard, Presuming)
    guard.presume(["topic:health"])
    assert isinstance(guard.on_event(Event(None, deltas=[Delta(*KEY, "hello")], last=True)), Deny)


def test_the_call_leaves_at_its_end() -> None:
    topics = Topics()
    asked = about()
    guard = begun(ClassifyReplies([topics]), asked)
    assert guard.on_request(asked) is PROCEED
    assert topics.inside == 1
    assert guard.on_finish() is None
    guard.on_end(Outcome.DONE, None)
    assert topics.inside == 0
