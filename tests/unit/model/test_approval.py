"""Tickets keep what they say when they are written and read, and hold as long as their least patient rule."""

import msgspec

from narrows.model.approval import Approvers, Escalation, Place, Requirement, Ticket

MINUTE = 60_000_000


def requirement(name: str, hold: int = MINUTE) -> Requirement:
    then = Escalation(Approvers(groups=("corp:leads",)), 10 * MINUTE)
    return Requirement("p", name, "ab" * 32, Approvers(("corp:security",), ("corp:ana",)), 2, hold, 60 * MINUTE, then)


def ticket(*requirements: Requirement) -> Ticket:
    return Ticket(
        "apr_1", "cd" * 32, "call_1", "req_1", "corp:bob", None, ("corp:research",), "s", "openai", "openai", "chat",
        "gpt-4o", 5, 5 + 60 * MINUTE, requirements, (Place("p", "words", "$.messages[0].content"),),
    )  # fmt: skip


def test_it_holds_as_long_as_the_least_patient_rule() -> None:
    assert ticket(requirement("a"), requirement("b", 5), requirement("c", 7)).hold == 5
    assert ticket().hold == 0


def test_it_says_the_same_after_it_was_written() -> None:
    made = ticket(requirement("a"), requirement("b", 5))
    assert msgspec.json.decode(msgspec.json.encode(made), type=Ticket) == made
