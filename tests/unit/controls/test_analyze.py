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
from narrows.masking.section import Section
from narrows.masking.spotted import LONGEST
from narrows.model.call import Call
from narrows.model.call import Source as Asking
from narrows.model.plan import Mask as Entry
from narrows.model.plan import Plan, Transform
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.span import Span
from narrows.model.text import Role, Text
from narrows.model.verdict import PROCEED, Deny, Proceed
from narrows.ports.control import Wait
from narrows.ports.plugin import PluginFailed
from unit.controls.calls import begun, call
from unit.engine.world import World
from unit.masking.samples import DETECTORS

ENGINE = Engine([Section(DETECTORS)], others=[Source("people", "PERSON")])
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
