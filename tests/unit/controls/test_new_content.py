"""What a session has sent and what passed is known; nothing else is."""

from narrows.controls.new_content import NewContent
from narrows.inspection.novelty import Sessions
from narrows.model.call import Call
from narrows.model.plan import Plan, Rule
from narrows.model.record import Outcome
from narrows.model.text import Role, Text
from narrows.model.verdict import Proceed
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
