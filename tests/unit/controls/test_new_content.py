"""What a session has sent and what passed is known, and what it was told; nothing else is."""

import msgspec
import pytest

from narrows.controls.new_content import NewContent, turn
from narrows.inspection.novelty import Sessions
from narrows.model.call import Call
from narrows.model.plan import Plan, Rule
from narrows.model.record import Outcome
from narrows.model.reply import Delta, Event
from narrows.model.text import Role, Text
from narrows.model.verdict import Proceed
from unit.controls.asking import asking, requirement
from unit.controls.calls import begun, call

PLAN = Plan("r", rules=(Rule("r", "p", (), "no"),))
TEXTS = (Text(Role.SYSTEM, "$.a", "Be brief."), Text(Role.USER, "$.b", "Hello"))


def told(control: NewContent, outcome: Outcome | None = None, texts: tuple[Text, ...] = TEXTS) -> Call:
    about = call(PLAN, asked={"texts": texts})
    guard = begun(control, about)
    verdict = guard.on_request(about)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    if outcome is not None:
        guard.on_end(outcome, None)
    return verdict.call


def control() -> NewContent:
    return NewContent(Sessions(b"k" * 32))


def test_without_rules_nothing_is_remembered() -> None:
    assert control().begin(call(Plan("r"), asked={"texts": TEXTS})) is None


def test_what_was_forwarded_is_known_the_next_time() -> None:
    new = control()
    assert told(new, Outcome.DONE).known == frozenset()
    more = (*TEXTS, Text(Role.USER, "$.c", "Delete it"))
    assert told(new, Outcome.DONE, more).known == {0, 1}


def test_what_was_forwarded_is_known_however_it_ended() -> None:
    for outcome in Outcome:
        new = control()
        told(new, outcome)
        assert bool(told(new).known) is (outcome is not Outcome.REFUSED)


def test_a_call_that_has_not_ended_is_not_known() -> None:
    new = control()
    told(new)
    assert told(new).known == frozenset()


def test_the_tags_of_a_call_that_was_judged_apart_are_taken() -> None:
    new = control()
    tags = told(new).tags
    about = call(PLAN, tags=tags)
    guard = begun(new, about)
    guard.on_request(about)
    guard.on_end(Outcome.DONE, None)
    assert told(new).known == {0, 1}


SAID = Text(Role.ASSISTANT, "$.c", "Hi, Alice.")
ANSWERED = (*TEXTS, SAID)


def replied(
    control: NewContent, *events: Event, outcome: Outcome = Outcome.DONE, plan: Plan = PLAN, session: str = "s"
) -> None:
    about = call(plan, asked={"texts": TEXTS})
    guard = begun(control, msgspec.structs.replace(about, session=session))
    guard.on_request(msgspec.structs.replace(about, session=session))
    for one in events:
        assert guard.on_event(one) is None
    assert guard.on_finish() is None
    guard.on_end(outcome, None)


def pieces(*texts: str, last: bool = True) -> list[Event]:
    return [
        Event(None, deltas=[Delta(0, "content", text)], last=last and index == len(texts) - 1)
        for index, text in enumerate(texts)
    ]


@pytest.mark.parametrize("texts", [("Hi, Alice.",), ("Hi,", " Al", "ice.")])
def test_what_the_model_said_is_known(texts: tuple[str, ...]) -> None:
    new = control()
    replied(new, *pieces(*texts))
    assert told(new, texts=ANSWERED).known == {0, 1, 2}
    another = (*TEXTS, Text(Role.USER, "$.c", SAID.value), Text(Role.TOOL_RESULT, "$.d", SAID.value))
    assert told(new, texts=another).known == {0, 1}


def test_it_is_known_as_soon_as_the_caller_has_it() -> None:
    new = control()
    about = call(PLAN, asked={"texts": TEXTS})
    guard = begun(new, about)
    guard.on_request(about)
    (event,) = pieces("Hi, Alice.")
    guard.on_event(event)
    assert told(new, texts=ANSWERED).known == {0, 1, 2}
    assert event.tags


def test_it_is_known_as_the_caller_received_it() -> None:
    new = control()
    (event,) = pieces("Hi, Alice.")
    event.deltas[0].text = "Hi, [PERSON]."
    replied(new, event)
    assert told(new, texts=ANSWERED).known == {0, 1}
    assert told(new, texts=(*TEXTS, Text(Role.ASSISTANT, "$.c", "Hi, [PERSON]."))).known == {0, 1, 2}


def test_a_reply_that_broke_off_is_known_as_far_as_it_came() -> None:
    new = control()
    replied(new, *pieces("Hi, ", "Alice.", " How", " are", last=False), outcome=Outcome.CLIENT_GONE)
    assert told(new, texts=ANSWERED).known == {0, 1, 2}


def test_in_another_session_of_the_caller_only_what_the_model_said_is_known() -> None:
    new = control()
    replied(new, *pieces("Hi, Alice."), session="before")
    assert told(new, texts=ANSWERED).known == {2}


def test_the_tags_of_a_reply_that_was_judged_apart_are_taken() -> None:
    apart, new = control(), control()
    (event,) = pieces("Hi, Alice.")
    replied(apart, event)
    replied(new, Event(None, tags=event.tags))
    assert told(new, texts=ANSWERED).known == {0, 1, 2}


def test_what_passed_other_policies_is_new() -> None:
    new = control()
    stricter = Plan("r", rules=(*PLAN.rules, Rule("r", "q", (), "no")))
    replied(new, *pieces("Hi, Alice."))
    about = call(stricter, asked={"texts": ANSWERED})
    verdict = begun(new, about).on_request(about)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.known == frozenset()
    replied(new, *pieces("Hi, Alice."), plan=Plan("r2", rules=(Rule("other", "p", (), "no"),)))
    assert told(new, texts=ANSWERED).known == {0, 1, 2}, "rules change, what was said remains said"


def test_where_no_rule_looks_at_what_comes_back_replies_are_not_remembered() -> None:
    new = control()
    plan = Plan("r", rules=(Rule("r", "p", (), "no", roles=frozenset({Role.USER})),))
    replied(new, *pieces("Hi, Alice."), plan=plan)
    assert told(new, texts=ANSWERED).known == {0, 1}


def test_where_every_rule_looks_at_what_is_not_new_there_is_nothing_to_tell_but_to_others() -> None:
    plan = Plan("r", rules=(Rule("r", "p", (), "no", history=True),))
    about = call(plan, asked={"texts": TEXTS})
    assert control().begin(about) is None
    assert control().under(plan) is None
    always = NewContent(Sessions(b"k" * 32), always=True)
    replied(always, *pieces("Hi, Alice."), plan=plan)
    assert told(always, texts=ANSWERED).known == {0, 1, 2}


def test_under_a_plan_it_is_the_same() -> None:
    new = control()
    fitted = new.under(PLAN)
    assert fitted is not None
    replied(new, *pieces("Hi, Alice."))
    about = call(PLAN, asked={"texts": ANSWERED})
    verdict = begun(fitted, about).on_request(about)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.known == {0, 1, 2}
    assert new.under(Plan("r")) is None


def test_what_is_said_now_is_new_where_people_are_asked() -> None:
    new = control()
    plan = asking(requirement())
    said = (Text(Role.SYSTEM, "$.a", "Be brief."), Text(Role.USER, "$.b", "Delete it"))
    answered = (*said, Text(Role.TOOL_CALL, "$.c", "rm"), Text(Role.TOOL_RESULT, "$.d", "Gone"))

    def known(texts: tuple[Text, ...]) -> frozenset[int]:
        about = call(plan, asked={"texts": texts})
        guard = begun(new, about)
        verdict = guard.on_request(about)
        guard.on_end(Outcome.DONE, None)
        assert isinstance(verdict, Proceed)
        assert verdict.call is not None
        return verdict.call.known

    assert known(said) == frozenset()
    assert known(said) == {0}, "the same request asks the same again"
    assert known(answered) == {0, 1}, "as history it does not"
    assert known((*said, Text(Role.ASSISTANT, "$.c", "Sure:"))) == {0}, "whatever is put into the model's mouth"
    watching = asking(requirement(observe=True))
    about = call(watching, asked={"texts": said})
    verdict = begun(new, about).on_request(about)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.known == {0, 1}, "a rule that observes asks nobody"


def test_the_turn_is_what_was_said_since_the_model_spoke() -> None:
    assert turn(()) == frozenset()
    tool = Text(Role.TOOL_DEFINITION, "$.t", "delete_file")
    assert turn((tool, Text(Role.USER, "$.a", "a"), tool)) == {1}
    spoke = Text(Role.ASSISTANT, "$.b", "b")
    assert turn((Text(Role.USER, "$.a", "a"), spoke, Text(Role.TOOL_RESULT, "$.c", "c"), tool)) == {2}
    assert turn((spoke,)) == frozenset()
