"""What people are told: everything an approver needs, nothing of the content, and no text that plays tricks."""

import msgspec
import pytest

from narrows.model.approval import Answered, Approvers, Escalation
from narrows.notify.notice import (
    Event,
    Notice,
    command,
    facts,
    letter_id,
    link,
    shown,
    subject,
    title,
    undecided,
    waited,
    who_may,
)
from unit.notify.questions import NOW, notice, said
from unit.stores.sqlite.tickets import BODY, requirement

MINUTE = 60_000_000


def told(one: Notice) -> dict[str, str]:
    return {fact.name: fact.text for fact in facts(one)}


def test_an_approver_is_told_who_asks_for_what_and_why() -> None:
    asked = notice(
        requester="service-accounts:bot",
        owner="corp:alice",
        justification="quarterly report",
        cost=1_250_000,
        prompt_tokens=900,
        requirements=(requirement(message="Exports are looked at first", needed=2),),
    )
    assert told(asked) == {
        "Asked by": "service-accounts:bot",
        "Owned by": "corp:alice",
        "Call": "openai / chat / gpt-4o",
        "Rule": "exports of policy research: Exports are looked at first",
        "Reason given": "quarterly report",
        "Costs at most": "1.25 usd",
        "Size": "900 tokens, and a reply of at most 1024",
        "May approve": "2 of corp:security",
        "Until": "2023-11-14 23:13 UTC",
    }
    assert subject(asked) == "Approval wanted: service-accounts:bot, gpt-4o (apr_000000000001)"
    assert undecided(asked)


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    found = told(notice(output_cap=None))
    assert (found["Costs at most"], found["Reason given"]) == ("not known", "none")
    assert found["Size"].endswith("any length")


def test_nothing_of_the_content_is_told() -> None:
    assert "export the list" in BODY.decode()
    one = notice()
    assert "export the list" not in msgspec.json.encode(one).decode() + subject(one) + str(facts(one))


def test_who_decided_is_told_and_why() -> None:
    rejected = notice(Event.REJECTED, said(1, answer=Answered.REJECT))
    assert told(rejected)["Rejected by"] == "corp:sam: not that"
    assert "Until" not in told(rejected)
    assert not undecided(rejected)
    released = notice(Event.BREAK_GLASS, said(1, break_glass=True, reason="outage"))
    assert told(released)["Released by"] == "corp:sam: outage"


def test_who_may_changes_with_time() -> None:
    late = requirement(then=Escalation(Approvers(groups=("corp:leads",)), 10 * MINUTE))
    one = notice(requirements=(late,))
    assert who_may(one.review, NOW) == ["corp:security"]
    assert who_may(one.review, NOW + 10 * MINUTE) == ["corp:security or corp:leads"]
    assert waited(notice(at=NOW + 10 * MINUTE + 1_500_000)) == "10 minutes"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("one\r\ntwo\tthree", "one two three"),
        ("safe\u202eevil", "safe evil"),
        ("a\u200bb\x00c\ud800d", "a b c d"),
        ("x" * 400, "x" * 299 + "…"),
        ("\u2028" * 5000, ""),
        ("żółć 東京", "żółć 東京"),
    ],
)
def test_what_others_wrote_stays_on_its_line(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert told(notice(justification=text))["Reason given"] == (seen or "")


def test_every_event_has_a_title() -> None:
    assert len({title(notice(event)) for event in Event}) == len(Event)


def test_where_it_is_seen() -> None:
    one = notice()
    assert command(one) == "narrows approvals show apr_000000000001"
    assert link(one, None) is None
    assert link(one, "https://n.example.com/") == "https://n.example.com/approvals/apr_000000000001"


def test_a_message_has_one_id() -> None:
    assert letter_id("apr_1", "requested", "a") == letter_id("apr_1", "requested", "a")
    ids = {
        letter_id(*each)
        for each in [("apr_1", "b", "c"), ("apr_2", "b", "c"), ("apr_1", "c", "c"), ("apr_1", "b", "d")]
    }
    assert len(ids) == 4
