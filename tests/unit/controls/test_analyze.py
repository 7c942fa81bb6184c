"""What masks name and only plug-ins find goes on with the call and with events; what can't be analysed is refused."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from narrows.controls.analyze import Analyze
from narrows.controls.mask import Mask
from narrows.engine.chain import Chain
from narrows.masking.engine import Engine, Source
from narrows.masking.spotted import LONGEST
from narrows.model.call import Call
from narrows.model.call import Source as Asking
from narrows.model.plan import Action, Plan, ReplyRule, Transform
from narrows.model.plan import Mask as Entry
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.span import Span
from narrows.model.text import Role, Text
from narrows.model.verdict import PROCEED, Deny, Note, Proceed
from narrows.ports.control import Wait
from narrows.ports.plugin import PluginFailed
from unit.controls.calls import begun, call
from unit.engine.world import World
from unit.masking.samples import section

ENGINE = Engine([section()], others=[Source("people", "PERSON")])
KEY = b"k" * 32
NAMES = ("Ada Lovelace", "Grace")


class People:
    """An analysis that knows a few names; it fails if it is told to."""

    name = "people"
    entities = frozenset({"PERSON"})
    timeout = 1.0

    def __init__(self, *, required: bool = True, fails: bool = False) -> None:
        self.required, self.fails = required, fails
        self.known: dict[str, tuple[Span, ...]] = {}
        self.asked: list[str] = []
        self.inside = 0

    def recall(self, text: str) -> tuple[Span, ...] | None:
        return self.known.get(text)

    async def analyze(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        await asyncio.sleep(0)
        self.asked += [text for text in texts if text not in self.known]
        if self.fails:
            raise PluginFailed("did not answer in time")
        for text in texts:
            found = [(text.find(name), len(name)) for name in NAMES]
            self.known[text] = tuple(Span(at, at + size, "PERSON", 0.9, "people") for at, size in found if at >= 0)
        return [self.known[text] for text in texts]

    def enter(self) -> None:
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1


def entry(*entities: str, **more: Any) -> Entry:
    return Entry(
        **{"name": "m", "policy": "p", "entities": frozenset(entities or {"PERSON"}), "transform": Transform.REDACT}
        | more
    )


def asking(
    *texts: str, masks: Sequence[Entry] = (entry(),), role: Role = Role.USER, path: str = "content", **facts: Any
) -> Call:
    made = tuple(Text(role, f"$.messages[{index}].{path}", text) for index, text in enumerate(texts))
    body = {"messages": [{path: text} for text in texts]}
    return call(Plan("r", masks=tuple(masks)), asked={"texts": made, "body": body}, **facts)


async def judged(control: Any, about: Call) -> Call | Deny:
    """The call as it goes on, or the refusal."""
    verdict: Any = begun(control, about).on_request(about)
    if isinstance(verdict, Wait):
        verdict = await verdict.until()
    if isinstance(verdict, Proceed):
        return verdict.call or about
    assert isinstance(verdict, Deny)
    return verdict


async def heard(guard: Any, event: Event) -> Deny | None:
    answer = guard.on_event(event)
    return await answer.until() if isinstance(answer, Wait) else answer  # type: ignore[no-any-return]


def said(text: str, *, field: str = "content", last: bool = False) -> Event:
    return Event({}, deltas=[Delta(0, field, text)], last=last)


def test_nothing_to_do_where_no_mask_names_what_plug_ins_find() -> None:
    control = Analyze(ENGINE, [People()])
    assert control.begin(call()) is None
    assert control.begin(asking("Ada Lovelace", masks=[entry("US_SSN")])) is None
    assert Analyze(ENGINE, []).begin(asking("Ada Lovelace")) is None


async def test_findings_go_on_with_the_call_and_only_new_texts_are_asked_for() -> None:
    people = People()
    control = Analyze(ENGINE, [people])
    first = await judged(control, asking("ask Ada Lovelace", "nothing Here", "call_17"))
    assert isinstance(first, Call)
    assert first.spans == {"ask Ada Lovelace": (Span(4, 16, "PERSON", 0.9, "people"),), "nothing Here": ()}
    again = asking("ask Ada Lovelace", "nothing Here", "and Grace")
    await judged(control, again)
    assert people.asked == ["ask Ada Lovelace", "nothing Here", "and Grace"]
    assert isinstance(begun(control, again).on_request(again), Proceed)


async def test_strings_and_keys_of_arguments_and_the_justification_are_asked_for() -> None:
    people = People()
    about = asking('{"to": "Ada Lovelace", "Grace": [1, "in town"]}', role=Role.TOOL_CALL, path="arguments")
    about = msgspec.structs.replace(about, source=Asking("192.0.2.1", justification="for Grace"))
    after = await judged(Analyze(ENGINE, [people]), about)
    assert isinstance(after, Call)
    assert {"Ada Lovelace", "Grace", "in town", "for Grace"} <= set(after.spans or ())


async def test_a_failure_refuses_only_where_masks_enforce_and_the_analyzer_must_answer() -> None:
    about = asking("ask Ada Lovelace")
    deny = await judged(Analyze(ENGINE, [People(fails=True)]), about)
    assert isinstance(deny, Deny)
    assert (deny.code, deny.rule) == (Code.CONTROL_FAILED, "analyzer.people")
    assert deny.message == "masking is unavailable: the analyzer 'people' did not answer in time"
    observed = asking("ask Ada Lovelace", masks=[entry(observe=True)])
    for control, seen in (
        (Analyze(ENGINE, [People(fails=True, required=False)]), about),
        (Analyze(ENGINE, [People(fails=True)]), observed),
    ):
        after = await judged(control, seen)
        assert isinstance(after, Call)
        assert after.spans == {"ask Ada Lovelace": ()}
        assert [(note.code, note.policy, note.rule) for note in after.notes] == [
            (Code.CONTROL_FAILED, "p", "analyzer.people")
        ]


async def test_one_that_fails_is_noted_once_a_call() -> None:
    about = asking("ask Ada Lovelace")
    guard = begun(Analyze(ENGINE, [People(fails=True, required=False)]), about)
    verdict: Any = guard.on_request(about)
    assert [note.rule for note in (await verdict.until()).call.notes] == ["analyzer.people"]
    event = said("Ada Lovelace", last=True)
    assert await heard(guard, event) is None
    assert event.notes == []


async def test_a_text_that_is_too_long_is_refused() -> None:
    deny = await judged(Analyze(ENGINE, [People()]), asking("ab " * LONGEST))
    assert isinstance(deny, Deny)
    assert deny.code is Code.PROMPT_TOO_LONG
    guard = begun(Analyze(ENGINE, [People()]), asking("x"))
    stopped = await heard(guard, said("ab " * LONGEST))
    assert stopped is not None
    assert stopped.code is Code.CONTROL_FAILED


async def test_a_reply_is_asked_for_when_a_field_has_ended() -> None:
    people = People()
    guard = begun(Analyze(ENGINE, [people]), asking("x"))
    for piece in ("ask A", "da Love", "lace"):
        event = said(piece)
        assert guard.on_event(event) is None
        assert event.spans is None
        assert event.deltas[0].text == piece
    end = Event({}, ends=((0, "content"),))
    assert await heard(guard, end) is None
    assert end.spans == {"ask Ada Lovelace": (Span(4, 16, "PERSON", 0.9, "people"),)}
    assert people.asked == ["ask Ada Lovelace"]
    whole = Event({}, deltas=[Delta(0, "content", "ask Ada Lovelace")], last=True)
    assert begun(Analyze(ENGINE, [people]), asking("x")).on_event(whole) is None
    assert whole.spans == end.spans


async def test_a_reply_is_left_alone_where_only_prompts_are_masked() -> None:
    people = People()
    guard = begun(Analyze(ENGINE, [people]), asking("x", masks=[entry(response=False)]))
    event = said("Ada Lovelace", last=True)
    assert guard.on_event(event) is None
    assert (event.spans, people.asked) == (None, [])
    replies = begun(Analyze(ENGINE, [people]), about := asking("Grace", masks=[entry(prompt=False)]))
    assert replies.on_request(about) is PROCEED


async def test_a_failure_stops_the_reply() -> None:
    guard = begun(Analyze(ENGINE, [People(fails=True)]), asking("x"))
    deny = await heard(guard, said("Ada Lovelace", last=True))
    assert deny is not None
    assert deny.rule == "analyzer.people"
    lax = begun(Analyze(ENGINE, [People(fails=True, required=False)]), asking("x"))
    event = said("Ada Lovelace", last=True)
    assert await heard(lax, event) is None
    assert event.spans == {"Ada Lovelace": ()}


def test_a_call_is_among_those_who_use_an_analyzer_until_it_ends() -> None:
    people = People()
    guard = begun(Analyze(ENGINE, [people]), asking("x"))
    assert people.inside == 1
    guard.on_end(Outcome.DONE, None)
    assert people.inside == 0


@pytest.mark.parametrize(
    "masks", [[entry()], [entry("PERSON", "US_SSN"), entry(fields=("note",))], [entry(observe=True)]]
)
async def test_masking_is_told_of_every_text_that_it_looks_at(masks: Sequence[Entry]) -> None:
    """Whatever the reply: where it was not, masking would refuse."""
    people, mask = People(), Mask(ENGINE, KEY)
    about = asking("to Grace", masks=masks)
    analyzing, masking = begun(Analyze(ENGINE, [people]), about), begun(mask, about)
    events = [
        Event({}, deltas=[Delta(0, "tool_name:0", "Find"), Delta(0, "envelope:id", "call Me")], model="The Model"),
        Event({}, deltas=[Delta(0, "content", '{"Note": "by '), Delta(1, "content", "say Gra")]),
        Event({}, deltas=[Delta(0, "tool_call:0", '{"To": "Ada Love'), Delta(0, "citations", "of Ada Lovelace")]),
        Event({}, deltas=[Delta(0, "tool_call:0", 'lace", "n": [tru'), Delta(0, "content", 'Ada Lovelace"}')]),
        Event(
            {}, deltas=[Delta(0, "tool_call:0", "e, 1.5]} And more"), Delta(1, "content", "ce")], ends=((1, "content"),)
        ),
        Event({}, deltas=[Delta(0, "other", "Some Words"), Delta(0, "logprobs", "Ada")], finish="The End"),
        Event(
            {},
            deltas=[Delta(0, "$.a['Ada Lovelace']", "It is Grace"), Delta(0, "$.a['Grace B']~", "Grace B")],
            last=True,
        ),
    ]
    out = ""
    for event in events:
        assert await heard(analyzing, event) is None
        assert masking.on_event(event) is None
        out += "".join(text for _, _, text in event.before) + "".join(delta.text for delta in event.deltas)
    enforced = not masks[0].observe
    assert ("Ada Lovelace" not in out.replace("$.a['Ada Lovelace']", "")) is enforced
    assert ("[PERSON]" in out) is enforced


async def test_in_a_chain_masking_gets_what_was_found() -> None:
    people = People()
    controls = (Analyze(ENGINE, [people]), Mask(ENGINE, KEY))
    snapshot = msgspec.structs.replace(World().snapshots.current, controls=controls, reply_controls=controls)
    chain = Chain(snapshot, asking("ask Ada Lovelace, 078-05-1120", masks=[entry("PERSON", "US_SSN")]))
    verdict = chain.judge()
    assert isinstance(verdict, Wait)
    assert await chain.wait(verdict) is None
    assert chain.call.asked.texts[0].value == "ask [PERSON], [US_SSN]"
    assert [(row.entity, row.detector) for row in chain.call.masked or ()] == [
        ("PERSON", "people"),
        ("US_SSN", "us_ssn"),
    ]
    chain.end(Outcome.DONE, None)
    assert people.inside == 0


def reply_rule(*entities: str, **more: Any) -> ReplyRule:
    said = {"name": "r", "policy": "q", "action": Action.DENY, "message": "no names", "entities": frozenset(entities)}
    return ReplyRule(**said | more)


def ruled(*rules: ReplyRule, masks: Sequence[Entry] = ()) -> Call:
    return call(Plan("r", replies=rules, masks=tuple(masks)), asked={"texts": (Text(Role.USER, "$.a", "of Grace"),)})


async def through(people: People, about: Call, *events: Event) -> tuple[list[str], Deny | None, list[Note]]:
    """What leaves with each event behind both controls."""
    guards = (begun(Analyze(ENGINE, [people]), about), begun(Mask(ENGINE, KEY), about))
    out: list[str] = []
    notes: list[Note] = []
    for event in events:
        deny = None
        for guard in guards:
            deny = deny or await heard(guard, event)
        notes += event.notes
        if deny is not None:
            return out, deny, notes
        out.append("".join([text for _, _, text in event.before] + [delta.text for delta in event.deltas]))
    return out, None, notes


def streamed(text: str, size: int, field: str = "content") -> list[Event]:
    events = [said(text[at : at + size], field=field) for at in range(0, len(text), size)]
    return [*events, Event({}, ends=((0, field),))]


def test_rules_on_replies_ask_too() -> None:
    control = Analyze(ENGINE, [People()])
    assert control.begin(ruled(reply_rule("US_SSN"))) is None
    about = ruled(reply_rule("PERSON"))
    guard = begun(control, about)
    assert control.under(about.plan) is control
    assert guard.on_request(about) is PROCEED, "it says nothing of prompts"


@pytest.mark.parametrize("masks", [(), (entry("US_SSN"),), (entry("PERSON", "US_SSN"),)])
@pytest.mark.parametrize("size", [1, 4, 100])
async def test_what_a_rule_denies_stops_the_reply_before_it_has_left(masks: Sequence[Entry], size: int) -> None:
    about = ruled(reply_rule("PERSON"), masks=masks)
    out, deny, _ = await through(People(), about, *streamed("ask Ada Lovelace", size))
    assert not any(out)
    assert deny is not None
    assert (deny.code, deny.policy, deny.rule, deny.message) == (Code.REPLY_DENIED, "q", "r", "no names")
    out, deny, _ = await through(People(), about, *streamed("ask Somebody Else", size))
    assert ("".join(out), deny) == ("ask Somebody Else", None)
    arguments = streamed('{"a": "Nothing", "to": "Ada Lovelace", "b": 1}', size, "tool_call:0")
    out, deny, _ = await through(People(), about, *arguments)
    assert deny is not None
    assert "Ada" not in "".join(out)
    _, deny, _ = await through(People(), about, said("ask Ada Lovelace", last=True))
    assert deny is not None


async def test_a_rule_is_named_where_something_surer_overlaps() -> None:
    text = "ask Grace 078-05-1120"
    people = People()
    people.known[text] = (Span(4, 13, "PERSON", 0.6, "people"),)
    _, deny, _ = await through(people, ruled(reply_rule("PERSON"), masks=[entry("US_SSN")]), said(text, last=True))
    assert deny is not None
    assert (deny.code, deny.rule) == (Code.REPLY_DENIED, "r")


async def test_a_finding_that_is_not_sure_enough_is_none() -> None:
    about = ruled(reply_rule("PERSON", threshold=0.95))
    out, deny, _ = await through(People(), about, *streamed("ask Ada Lovelace", 5))
    assert ("".join(out), deny) == ("ask Ada Lovelace", None)


@pytest.mark.parametrize("masks", [(), (entry("US_SSN", "PERSON"),)])
@pytest.mark.parametrize(("more", "flagged"), [({"action": Action.FLAG}, True), ({"observe": True}, False)])
async def test_what_flags_or_observes_is_noted_and_holds_nothing(
    masks: Sequence[Entry], more: dict[str, Any], flagged: bool
) -> None:
    rules = (reply_rule("PERSON", **more), reply_rule("US_SSN", name="s", **more))
    text = "ask Grace 078-05-1120 now"
    people = People()
    people.known[text] = (Span(4, 13, "PERSON", 0.9, "people"),)
    out, deny, notes = await through(people, ruled(*rules, masks=masks), *streamed(text, 4))
    assert deny is None
    assert {(note.rule, note.param, note.flagged) for note in notes} == {
        ("r", "content", flagged),
        ("s", "content", flagged),
    }
    assert len(notes) == 2
    if not masks:
        assert "".join(out) == text
        assert out[0] == "ask "


async def test_a_failure_stops_the_reply_where_a_rule_does_and_else_is_noted() -> None:
    failing = People(fails=True)
    out, deny, _ = await through(failing, ruled(reply_rule("PERSON")), *streamed("ask Ada Lovelace", 5))
    assert not any(out)
    assert deny is not None
    assert (deny.code, deny.rule) == (Code.CONTROL_FAILED, "analyzer.people")
    events = [*streamed("ask Ada Lovelace", 5), *streamed("and Grace", 5)]
    for people, rule in (
        (failing, reply_rule("PERSON", action=Action.FLAG)),
        (failing, reply_rule("PERSON", observe=True)),
        (People(fails=True, required=False), reply_rule("PERSON")),
    ):
        fresh = [msgspec.structs.replace(event, notes=[], deltas=[*event.deltas]) for event in events]
        _, deny, notes = await through(people, ruled(rule), *fresh)
        assert deny is None
        assert notes == [Note(Code.CONTROL_FAILED, "q", "analyzer.people")]
