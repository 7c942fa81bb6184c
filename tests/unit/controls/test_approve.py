"""A call that rules ask about goes on once people have approved it: once, that one, and no other."""

import asyncio

import msgspec
import pytest

from narrows.controls import approve
from narrows.model.approval import Answered, TicketState
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.principal import Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy.questions import TOLD
from narrows.ports.control import Wait
from narrows.wiring.approvals import Waiting
from unit.controls.asking import HOUR, Office, asking, condition, requirement, risky, saying
from unit.controls.limited import SECOND

LONG = asking(requirement(hold=30 * SECOND))
YES, NO = Answered.APPROVE, Answered.REJECT


def refused(verdict: Verdict) -> Deny:
    assert isinstance(verdict, Deny), verdict
    return verdict


def released(verdict: Verdict) -> Call:
    assert isinstance(verdict, Proceed), verdict
    assert verdict.call is not None
    assert verdict.release is not None
    return verdict.call


async def held(office: Office, about: Call) -> "asyncio.Task[Verdict]":
    """A call that waits now."""
    before = len(office.waiting)
    task = asyncio.create_task(office.judge(about))
    await office.until(lambda: len(office.waiting) > before or task.done())
    await office.until(lambda: office.board.tickets or task.done())
    for _ in range(10):
        await asyncio.sleep(0)
    return task


async def test_where_nothing_asks_there_is_nothing_to_do() -> None:
    office = Office()
    assert office.control.under(Plan("r")) is None
    assert office.control.under(asking(requirement(observe=True))) is None, "noted where prompts are judged"
    quiet = msgspec.structs.replace(risky(), findings=())
    assert await office.judge(quiet) is PROCEED
    assert not office.board.tickets


async def test_a_condition_that_only_observes_is_noted_once() -> None:
    office = Office()
    verdict = await office.judge(risky(condition(requirement(observe=True), operations=("chat",))))
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.notes == (Note(Code.APPROVAL_PENDING, "research", "risky"),)
    assert not office.board.tickets


async def test_an_approved_call_goes_on_while_it_is_held() -> None:
    office = Office()
    task = await held(office, risky(LONG))
    (ticket,) = office.board.tickets
    assert (ticket.call, ticket.request_id, ticket.id) == ("call_1", "req_1", "apr_1")
    assert (ticket.requester, ticket.cost) == ("corp:alice", 7)
    assert ticket.places[0].path == "$.messages[0].content"
    assert office.recorded == [("apr_1", office.board.bodies[0])], "on record before anybody is asked"
    assert not task.done()
    office.board.say(YES)
    assert released(await task).id == "call_1"
    assert len(office.waiting) == 0
    assert office.board.review(ticket).state is TicketState.CONSUMED


async def test_a_rejection_says_who_and_why_and_stands() -> None:
    office = Office()
    task = await held(office, risky(LONG))
    office.board.say(NO, reason="not on a Friday")
    deny = refused(await task)
    assert (deny.code, deny.policy, deny.rule) == (Code.APPROVAL_REJECTED, "research", "risky")
    assert "corp:sam" in deny.message
    assert "not on a Friday" in deny.message
    assert refused(await office.judge(risky(LONG, 2))).code is Code.APPROVAL_REJECTED
    office.clock.time += HOUR
    again = await held(office, risky(LONG, 3))
    assert len(office.board.tickets) == 2, "when the question would have expired it is put anew"
    again.cancel()


async def test_who_is_not_answered_in_time_is_told_to_come_again_and_then_joins() -> None:
    office = Office()
    deny = refused(await office.judge(risky()))
    assert deny.code is Code.APPROVAL_PENDING
    assert deny.retry_after is not None
    assert 0 < deny.retry_after <= 30
    assert "corp:security" in deny.message
    assert "apr_1" in deny.message
    assert refused(await office.judge(risky(number=2))).code is Code.APPROVAL_PENDING
    assert len(office.board.tickets) == 1
    office.board.say(YES)
    assert released(await office.judge(risky(number=3))).id == "call_3"


async def test_one_approval_lets_one_of_many_equal_calls_go_and_the_others_ask_anew() -> None:
    office = Office()
    tasks = [await held(office, risky(LONG, number)) for number in range(100)]
    assert len(office.board.tickets) == 1
    office.board.say(YES)
    await office.until(lambda: any(task.done() for task in tasks) and len(office.board.tickets) == 2)
    assert sum(task.done() for task in tasks) == 1
    first, second = office.board.tickets
    assert first.digest == second.digest
    office.board.say(NO)
    verdicts = await asyncio.gather(*tasks)
    assert sum(isinstance(verdict, Proceed) for verdict in verdicts) == 1
    assert {verdict.code for verdict in verdicts if isinstance(verdict, Deny)} == {Code.APPROVAL_REJECTED}


async def test_an_approval_for_several_lets_so_many_go() -> None:
    office = Office()
    tasks = [await held(office, risky(LONG, number)) for number in range(5)]
    office.board.say(YES, repeats=3)
    await office.until(lambda: len(office.board.tickets) == 2)
    office.board.say(NO)
    verdicts = await asyncio.gather(*tasks)
    assert sum(isinstance(verdict, Proceed) for verdict in verdicts) == 3


@pytest.mark.parametrize("sent", [False, True])
async def test_an_approval_is_given_back_only_if_nothing_was_sent(sent: bool) -> None:
    office = Office()
    office_task = await held(office, risky(LONG))
    office_task.cancel()
    await asyncio.gather(office_task, return_exceptions=True)
    office.board.say(YES)
    guard, verdict = await office.asked(risky(LONG, 2))
    assert isinstance(verdict, Proceed)
    assert verdict.release is not None
    verdict.release.sent = sent
    guard.on_end(Outcome.UPSTREAM_ERROR, None)
    guard.on_end(Outcome.UPSTREAM_ERROR, None)
    assert office.board.restored == ([] if sent else [("apr_1", "call_2")])


async def test_who_goes_away_while_an_approval_is_taken_gives_it_back() -> None:
    office = Office()
    office.board.slow = asyncio.Event()
    guard = office.guard(risky(LONG))
    wait = guard.on_request(risky(LONG))
    assert isinstance(wait, approve.Wait)
    task = asyncio.ensure_future(wait.until())
    await office.until(lambda: office.board.tickets)
    office.board.say(YES)
    await office.until(lambda: office.board.uses_of)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    guard.on_end(Outcome.REFUSED, None)
    assert office.board.restored == [("apr_1", "call_1")]
    assert len(office.waiting) == 0


async def test_the_ticket_of_a_client_that_went_away_lives_on() -> None:
    office = Office()
    task = await held(office, risky(LONG))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(office.waiting) == 0
    assert office.board.standing("corp:alice") == 1
    office.board.say(YES)
    assert released(await office.judge(risky(LONG, 2))).id == "call_2"


async def test_whoever_asks_for_others_goes_on_when_its_client_goes_away() -> None:
    office = Office()
    first = asyncio.create_task(office.judge(risky(LONG)))
    second = asyncio.create_task(office.judge(risky(LONG, 2)))
    await asyncio.sleep(0)
    first.cancel()
    await office.until(lambda: office.board.tickets)
    office.board.say(YES)
    assert released(await second).id == "call_2"
    assert len(office.board.tickets) == 1


@pytest.mark.parametrize(
    "other",
    [
        risky(LONG, 2, "delete it!"),
        msgspec.structs.replace(risky(LONG, 2), sealed=b"otherwise"),
        msgspec.structs.replace(risky(LONG, 2), principal=Principal("corp", "bob")),
        msgspec.structs.replace(risky(LONG, 2), end_user="carol"),
        saying(risky(LONG, 2), "because"),
        msgspec.structs.replace(risky(LONG, 2), headers=((b"openai-beta", b"x"),)),
        msgspec.structs.replace(risky(LONG, 2), output_cap=9),
        risky(asking(requirement(hold=30 * SECOND), requirement("further", hold=30 * SECOND)), 2),
    ],
    ids=["body", "seal", "requester", "end user", "justification", "headers", "cap", "rules"],
)
async def test_an_approval_is_of_one_request_and_of_no_other(other: Call) -> None:
    office = Office()
    task = await held(office, risky(LONG))
    office.board.say(YES, repeats=10)
    await task
    another = await held(office, other)
    assert not another.done()
    assert len(office.board.tickets) == 2
    another.cancel()


async def test_expired_questions_are_told_of_and_later_put_anew() -> None:
    office = Office()
    task = await held(office, risky(LONG))
    office.clock.time += HOUR
    office.board.wake()
    assert refused(await task).code is Code.APPROVAL_EXPIRED
    assert refused(await office.judge(risky(LONG, 2))).code is Code.APPROVAL_EXPIRED
    office.clock.time += TOLD
    again = await held(office, risky(LONG, 3))
    assert len(office.board.tickets) == 2
    again.cancel()


async def test_who_waits_for_a_question_that_becomes_void_is_told_and_asks_anew() -> None:
    office = Office()
    task = await held(office, risky(LONG))
    office.board.cancel("apr_1", "the rule was changed")
    deny = refused(await task)
    assert (deny.code, deny.retry_after) == (Code.APPROVAL_PENDING, 1)
    assert "void" in deny.message
    again = await held(office, risky(LONG, 2))
    assert len(office.board.tickets) == 2
    again.cancel()


async def test_a_call_whose_approval_others_take_asks_a_second_time_under_another_id() -> None:
    office = Office()
    tasks = [await held(office, risky(LONG, number)) for number in range(4)]
    for count in range(1, 5):
        await office.until(lambda count=count: len(office.board.tickets) == count)
        office.board.say(YES)
    for task in tasks:
        released(await task)
    assert len({ticket.id for ticket in office.board.tickets}) == 4


@pytest.mark.parametrize(("hold", "again"), [(0, 15), (5 * SECOND, 10), (55 * SECOND, 2)])
async def test_who_is_held_for_long_may_come_again_sooner(hold: int, again: int) -> None:
    office = Office()
    office.waiting.drain()
    assert refused(await office.judge(risky(asking(requirement(hold=hold))))).retry_after == again


async def test_a_lower_cap_is_the_call_s() -> None:
    office = Office()
    task = await held(office, msgspec.structs.replace(risky(LONG), output_cap=100))
    office.board.say(YES, output_cap=10)
    capped = released(await task)
    assert (capped.output_cap, capped.approved_cap) == (10, 10)
    task = await held(office, msgspec.structs.replace(risky(LONG, 2), output_cap=5))
    office.board.say(YES, output_cap=10)
    capped = released(await task)
    assert (capped.output_cap, capped.approved_cap) == (5, 10)
    task = await held(office, risky(LONG, 3))
    office.board.say(YES)
    assert released(await task).approved_cap is None


async def test_several_rules_must_all_be_satisfied() -> None:
    office = Office()
    both = asking(requirement(hold=30 * SECOND), requirement("twice", needed=2, hold=40 * SECOND))
    task = await held(office, risky(both))
    (ticket,) = office.board.tickets
    assert len(ticket.requirements) == 2
    office.board.say(YES)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    office.board.say(YES, who="corp:tom")
    released(await task)


async def test_a_rule_may_want_a_reason() -> None:
    office = Office()
    plan = asking(requirement(justification=True))
    deny = refused(await office.judge(risky(plan)))
    assert (deny.code, deny.param) == (Code.JUSTIFICATION_REQUIRED, "Narrows-Justification")
    assert not office.board.tickets
    refused(await office.judge(saying(risky(plan, 2), "the customer asked")))
    assert office.board.tickets[0].justification == "the customer asked"


@pytest.mark.parametrize(("used", "asks"), [(True, False), (False, True), (None, True)])
async def test_a_first_use_is_looked_for_where_it_makes_a_difference(used: bool | None, asks: bool) -> None:
    office = Office()
    office.used = used
    verdict = await office.judge(risky(condition(requirement(), first_use=True)))
    assert office.looked == 1
    assert bool(office.board.tickets) is asks
    assert isinstance(verdict, Deny if asks else Proceed)
    await office.judge(risky(condition(requirement(), first_use=True, operations=("embeddings",)), 2))
    assert office.looked == 1


@pytest.mark.parametrize(("cost", "asks"), [(10, False), (11, True), (None, True)])
async def test_what_may_be_dear_is_asked_about(cost: int | None, asks: bool) -> None:
    office = Office()
    office.cost = cost
    await office.judge(risky(condition(requirement(), cost=10)))
    assert bool(office.board.tickets) is asks


async def test_nothing_goes_on_while_questions_cannot_be_kept() -> None:
    office = Office()
    office.board.failing = True
    assert refused(await office.judge(risky())).code is Code.APPROVALS_UNAVAILABLE
    office.board.failing, office.unrecorded = False, True
    assert refused(await office.judge(risky(number=2))).code is Code.JOURNAL_UNAVAILABLE
    assert not office.board.tickets
    assert len(office.waiting) == 0


async def test_too_many_that_wait_are_refused() -> None:
    office = Office(Waiting(most=3, each=2))
    tasks = [await held(office, risky(LONG, number, f"delete {number}")) for number in range(2)]
    deny = refused(await office.judge(risky(LONG, 3, "delete 3")))
    assert deny.code is Code.APPROVALS_EXCEEDED
    bob = {"principal": Principal("corp", "bob")}
    tasks.append(await held(office, risky(LONG, 4, **bob)))
    assert refused(await office.judge(risky(LONG, 5, "delete 5", **bob))).code is Code.OVERLOADED
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(office.waiting) == 0


async def test_too_many_open_questions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approve, "OPEN", 2)
    office = Office()
    for number in range(2):
        assert refused(await office.judge(risky(number=number, text=f"delete {number}"))).code is Code.APPROVAL_PENDING
    assert refused(await office.judge(risky(number=3, text="delete 3"))).code is Code.APPROVALS_EXCEEDED
    assert refused(await office.judge(risky(number=4, text="delete 1"))).code is Code.APPROVAL_PENDING, "it joins"


async def test_too_many_questions_at_once_are_refused_while_the_first_are_on_their_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(approve, "OPEN", 2)
    office = Office()
    office.recording = asyncio.Event()
    tasks = [asyncio.create_task(office.judge(risky(LONG, number, f"delete {number}"))) for number in range(4)]
    tasks.append(asyncio.create_task(office.judge(risky(LONG, 4, "delete 1"))))  # it joins
    for _ in range(10):
        await asyncio.sleep(0)
    # Who goes away asks all the same, and makes no room for others.
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    tasks.append(asyncio.create_task(office.judge(risky(LONG, 5, "delete 5"))))
    office.recording.set()
    await office.until(lambda: sum(task.done() for task in tasks) == 4)
    assert [task.done() for task in tasks] == [True, False, True, True, False, True]
    assert {refused(tasks[number].result()).code for number in (2, 3, 5)} == {Code.APPROVALS_EXCEEDED}
    assert office.board.standing("corp:alice") == 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_gate_that_drains_lets_nobody_wait() -> None:
    office = Office()
    task = await held(office, risky(LONG))
    office.waiting.drain()
    deny = refused(await task)
    assert deny.code is Code.APPROVAL_PENDING
    assert refused(await office.judge(risky(LONG, 2))).code is Code.APPROVAL_PENDING
    assert office.board.standing("corp:alice") == 1


def test_a_reply_is_left_alone() -> None:
    guard = Office().guard(risky())
    assert guard.on_finish() is None


async def test_who_is_kept_alive_is_held_for_as_long_as_the_question_stands() -> None:
    office = Office()
    about = msgspec.structs.replace(risky(LONG), keep_alive=15.0)
    guard = office.guard(about)
    wait = guard.on_request(about)
    assert isinstance(wait, Wait)
    assert wait.seconds == HOUR / SECOND + approve.SLACK
    plain = office.guard(risky(LONG)).on_request(risky(LONG))
    assert isinstance(plain, Wait)
    assert plain.seconds == 30 + approve.SLACK
