"""What an answer is about, and what callers are told meanwhile."""

import msgspec
import pytest

from narrows.model.approval import Answered, Approvers, Decision, Review, TicketState
from narrows.model.plan import Plan
from narrows.model.refusal import Code
from narrows.policy.questions import TOLD, asks, digest, expired, pending, question, rejected, stands, ticket_id
from unit.controls.asking import HOUR, asking, condition, requirement, risky, saying

RULE = requirement()
CALL = risky()
FOREVER = 1 << 60


def ticket(*requirements: object):  # type: ignore[no-untyped-def]
    return question(CALL, requirements or (RULE,), "d", 1_000, "apr_1", 5)  # type: ignore[arg-type]


def test_a_plan_asks_where_a_rule_in_force_does() -> None:
    assert not asks(Plan("r"))
    assert asks(asking(RULE))
    assert asks(condition(RULE))
    assert not asks(asking(requirement(observe=True)))
    assert not asks(condition(requirement(observe=True)))


def test_parts_of_a_digest_do_not_run_into_each_other() -> None:
    def of(**facts: object) -> str:
        return digest(msgspec.structs.replace(CALL, **facts), b"body", (RULE,))

    same = of()
    assert len(same) == 64
    assert of(id="call_9", request_id="req_9", session="other", at=5) == same, "it is the same request"
    assert of(connection="openaic", model="hat") != of(connection="openai", model="chat")
    assert of(model=None) != of(model="")
    assert of(headers=((b"a", b"b"), (b"c", b"d"))) != of(headers=((b"a", b"bc"), (b"", b"d")))
    assert digest(CALL, b"body", (RULE, requirement("further"))) == digest(
        CALL, b"body", (requirement("further"), RULE, RULE)
    ), "in whichever order rules fire, and however often"
    assert digest(CALL, b"body", ()) != digest(CALL, b"body", (RULE,))
    assert digest(saying(CALL, ""), b"body", ()) != digest(CALL, b"body", ())


def test_a_ticket_has_the_id_of_its_request() -> None:
    assert ticket_id("req_01ab") == "apr_01ab"
    assert ticket_id("req_01ab", 2) == "apr_01ab_2"


def test_a_question_ends_as_soon_as_the_first_rule_says() -> None:
    made = ticket(RULE, requirement("short", expires=60))
    assert (made.at, made.expires) == (1_000, 1_060)
    assert (made.groups, made.owner, made.cost) == ((), None, 5)
    assert made.agent is None
    capped = question(msgspec.structs.replace(CALL, output_cap=7), (RULE,), "d", 0, "apr_1", None)
    assert capped.output_cap == 7


@pytest.mark.parametrize(
    ("state", "until"),
    [
        (TicketState.PENDING, FOREVER),
        (TicketState.APPROVED, FOREVER),
        (TicketState.REJECTED, HOUR),
        (TicketState.EXPIRED, HOUR + TOLD),
        (TicketState.CONSUMED, 0),
        (TicketState.CANCELLED, 0),
    ],
)
def test_a_question_stands_until_it_is_put_anew(state: TicketState, until: int) -> None:
    review = Review(msgspec.structs.replace(ticket(), expires=HOUR), state)
    assert stands(review, until - 1) is bool(until)
    assert stands(review, 1 << 59) is (until == FOREVER)


def test_what_a_caller_is_told_names_who_is_asked_and_by_which_rule() -> None:
    rules = (requirement(needed=2, message="Exports need a look."), requirement("b", by=Approvers((), ("corp:ana",))))
    deny = pending(ticket(*rules), 2)
    assert (deny.code, deny.retry_after) == (Code.APPROVAL_PENDING, 2)
    assert "corp:security, 2 of them; and by corp:ana" in deny.message
    assert "Exports need a look." in deny.message
    assert "rule risky of policy research" in deny.message
    assert "apr_1" in deny.message


def test_a_rejection_gives_its_reason() -> None:
    decision = Decision("apr_1", "corp:sam", Answered.REJECT, 5, reason="too broad")
    deny = rejected(ticket(), decision)
    assert (deny.code, deny.meaning.status) == (Code.APPROVAL_REJECTED, 403)
    assert "by corp:sam: too broad" in deny.message
    assert "by somebody" in rejected(ticket(), None).message


def test_an_expiry_says_how_long_it_was() -> None:
    deny = expired(ticket())
    assert (deny.code, deny.meaning.status) == (Code.APPROVAL_EXPIRED, 403)
    assert "in time (hour)" in deny.message
