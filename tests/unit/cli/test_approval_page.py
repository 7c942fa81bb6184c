"""How tickets look: nothing that somebody wrote steers the terminal, and nothing that is asked is left out."""

import msgspec

from narrows.cli.approval_page import cells, line, missing, needs, page, row, span, summary
from narrows.model.approval import Answered, Approvers, Decision, Place, Review, TicketState
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.tickets import BODY, HOUR, LEADS, requirement, said, ticket

PENDING, APPROVED = TicketState.PENDING, TicketState.APPROVED
TWO = (requirement(needed=2), requirement(rule="dear", policy="money", by=LEADS, message="It costs."))


def review(*decisions: Decision, state: TicketState = PENDING, **changes: object) -> Review:
    return Review(ticket(1, *TWO, **changes), state, decisions)


def test_what_is_needed_is_counted_by_rule_and_by_people() -> None:
    assert missing(review()) == "2 of corp:security; 1 of user corp:lea"
    assert missing(review(said(1), said(1))) == "1 of corp:security; 1 of user corp:lea"
    both = review(said(1), said(1, "corp:eva"))
    assert [(each.have, each.more) for each in needs(both)] == [(2, 0), (0, 1)]
    assert missing(both) == "1 of user corp:lea"
    assert missing(review(state=APPROVED)) == ""
    assert missing(review(said(1, "corp:alice"))) == missing(review())


def test_glass_that_is_broken_meets_a_rule() -> None:
    glass = requirement(needed=3, glass=Approvers(people=("corp:kim",)))
    broken = said(1, "corp:kim", groups=(), reason="fire", break_glass=True)
    found = Review(ticket(1, glass), APPROVED, (broken,))
    assert [each.more for each in needs(found)] == [0]
    shown = page(found, NOW, BODY)
    assert "without those who should have approved" in shown
    assert "corp:kim approves (alone, in an emergency): fire" in shown


def test_a_page_has_all_that_is_asked() -> None:
    place = Place("research", "exports", "$.messages[0].content", "base64")
    shown = page(
        review(
            said(1),
            said(1, "corp:eve", groups=()),
            places=(place,),
            owner="ops",
            justification="the quarter",
            cost=1_250_000,
            prompt_tokens=12,
            address="10.0.0.1",
            agent="curl",
        ),
        NOW,
        BODY,
    )
    for text in (
        "corp:alice in corp:research, owned by ops",
        "10.0.0.1 curl",
        "the quarter",
        "chat with gpt-4o on openai",
        "prompt about 12 tokens, reply capped at 1024 tokens",
        "at most $1.25",
        "sess_1",
        "rule exports of policy research wants 2 of corp:security; 1 said yes",
        "found at $.messages[0].content (base64)",
        "rule dear of policy money wants 1 of user corp:lea; 0 said yes",
        "It costs.",
        "corp:eve approves (does not count: they may not decide this)",
        "export the list",
        '{"model": "gpt-4o"}',
    ):
        assert text in shown, text


def test_nothing_that_somebody_wrote_steers_the_terminal() -> None:
    evil = "\x1b[2J\u202e\nline"
    written = review(
        said(1, reason=evil, answer=Answered.REJECT),
        state=TicketState.REJECTED,
        justification=evil,
        agent=evil,
        model=evil,
    )
    body = msgspec.json.encode({"model": evil, "messages": [{"role": evil, "content": evil}]})
    for text in (page(written, NOW, body), line(written, NOW), page(written, NOW, evil.encode())):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\n" not in line(written, NOW)


def test_a_row_says_whether_what_was_said_counts() -> None:
    found = row(review(said(1), said(1, "corp:eve", groups=()), state=PENDING))
    assert [each["counts"] for each in found["decisions"]] == [True, False]
    assert [(each["rule"], each["more"]) for each in found["needs"]] == [("exports", 1), ("dear", 1)]
    assert found["terms"] is None
    assert found["requirements"][1]["by"]["people"] == ("corp:lea",)
    done = row(Review(ticket(), APPROVED, (said(1, repeats=2),), 1))
    assert (done["needs"], done["terms"]["uses"], done["used"]) == ([], 2, 1)
    msgspec.json.encode(found)


def test_how_long_it_stands() -> None:
    assert cells(review(), NOW)[-1] == "1h"
    assert cells(Review(ticket(), APPROVED, (said(1, until=NOW + 48 * HOUR),)), NOW)[-1] == "2d"
    assert cells(Review(ticket(), TicketState.EXPIRED), NOW)[-1] == ""
    assert [span(each * 1_000_000) for each in (-5, 0, 59, 60, 7200, 200_000)] == ["0s", "0s", "59s", "1m", "2h", "2d"]


def test_what_has_become_of_it_is_said_with_what_to_do() -> None:
    no = said(1, answer=Answered.REJECT)
    expected = {
        review(): "It waits for 2 of corp:security; 1 of user corp:lea, until 2023-",
        Review(ticket(), APPROVED, (said(1),)): "It was approved: 1 call, 0 gone on.",
        Review(ticket(), TicketState.CONSUMED, (said(1, repeats=2),), 2): "It was approved: 2 calls, 2 gone on.",
        Review(ticket(), TicketState.REJECTED, (no,)): "corp:sam rejects: not that.",
        Review(ticket(), TicketState.EXPIRED, ()): "Not enough people decided in time.",
        Review(ticket(), TicketState.EXPIRED, (said(1),)): "nothing used that in time",
        Review(ticket(), TicketState.CANCELLED, ()): "It is void",
    }
    for found, text in expected.items():
        assert text in summary(found), found.state
        assert "narrows why call_000000000001" in summary(found)
        assert ("→" in summary(found)) is (found.state is not TicketState.CONSUMED)
    evil = review(said(1, reason="\x1b[2J\nline"), model="\x1b[2J")
    assert "\x1b" not in summary(evil)
    assert len(summary(evil).splitlines()) == 5
