"""Who sees, reads and decides what: the parts of it that HTTP does not show. The rest is in api/test_approvals.py."""

import msgspec
import pytest

from narrows.console import deciding
from narrows.console.deciding import concerns, entitled, listed, reads, releases, sees
from narrows.console.roles import Role
from narrows.model.approval import Approvers, Escalation, TicketState
from unit.console.world import HOUR, NOW, MemoryBooks, StillClock, requirement, ticket, visitor


@pytest.mark.parametrize(
    ("who", "roles", "seen", "read"),
    [
        ("ana", (Role.APPROVER,), True, True),
        ("ana", (Role.USER,), False, False),
        ("ana", (Role.ADMIN,), True, True),
        ("ana", (Role.AUDITOR,), True, True),
        ("alice", (Role.USER,), True, True),
        ("alice", (Role.APPROVER,), False, False),
        ("kim", (Role.APPROVER,), False, False),
    ],
)
def test_rule_and_role_are_both_needed(who: str, roles: tuple[Role, ...], seen: bool, read: bool) -> None:
    asked, somebody = ticket(), visitor(who, *roles)
    assert (sees(somebody, asked, NOW), reads(somebody, asked, NOW)) == (seen, read)


def test_an_escalation_comes_in_its_time() -> None:
    asked = ticket(1, requirement(then=Escalation(Approvers(people=("corp:kim",)), HOUR)))
    assert not entitled(visitor("kim"), asked, NOW + HOUR - 1)
    assert entitled(visitor("kim"), asked, NOW + HOUR)


def test_another_issuers_group_of_the_same_name_is_another_group() -> None:
    asked = ticket(1, requirement(by=Approvers(groups=("partner:security",))))
    assert not entitled(visitor("ana"), asked, NOW)


def test_breaking_glass_is_a_right_of_its_own() -> None:
    asked = ticket(1, requirement(glass=Approvers(people=("corp:kim",))))
    assert releases(visitor("kim"), asked)
    assert not entitled(visitor("kim"), asked, NOW)
    assert not releases(visitor("ana"), asked)
    assert not releases(visitor("kim"), ticket(1, *asked.requirements, requester="corp:kim"))


def test_owners_are_known_however_they_are_written() -> None:
    for owner in ("alice", "Alice", "corp:alice"):
        assert concerns(visitor("alice"), ticket(1, requester="narrows:bot", owner=owner))
    assert not concerns(visitor("ana"), ticket(1, requester="narrows:bot", owner="alice"))


def test_owners_are_known_by_the_address_that_their_issuer_gives() -> None:
    asked = ticket(1, requester="narrows:bot", owner="Ana@Example.com")
    assert not concerns(visitor("ana"), asked)
    for claim, expected in (("email", True), ("upn", True), ("department", False)):
        ana = visitor("ana")
        person = msgspec.structs.replace(ana.principal, attributes={claim: ("ana@example.com",)})
        assert concerns(msgspec.structs.replace(ana, principal=person), asked) is expected


def test_a_list_is_of_these_states_alone() -> None:
    books = MemoryBooks(StillClock())
    books.decisions.tickets = {each.id: each for each in (ticket(1), ticket(2))}
    books.decisions.used = {}
    pending, more = listed(books, visitor("ana"), [TicketState.PENDING], NOW, None, 9)
    assert ([review.ticket.id for review in pending], more) == ([ticket(1).id, ticket(2).id], None)
    assert listed(books, visitor("ana"), [TicketState.REJECTED], NOW, None, 9) == ([], None)


def test_who_may_know_of_few_is_answered_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "LOOKED", 3)
    books = MemoryBooks(StillClock())
    asked = [ticket(number, requester="corp:eva" if number in (5, 6) else "corp:alice") for number in range(1, 8)]
    books.decisions.tickets = {each.id: each for each in asked}
    eva, after, pages = visitor("eva", Role.USER), None, []
    for _ in range(9):
        found, after = listed(books, eva, (), NOW, after, 1)
        pages.append([review.ticket.id for review in found])
        if after is None:
            break
    assert pages == [[], [asked[4].id], [asked[5].id]]
