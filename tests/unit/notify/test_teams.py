"""Cards of Teams: what an approver needs, a link, and no Markdown of anybody else's."""

import json
from typing import Any

import pytest

from narrows.model.approval import Answered
from narrows.notify.channel import Undelivered
from narrows.notify.notice import Event, Notice
from narrows.notify.teams import Teams, message
from unit.notify.questions import notice, said, telling
from unit.notify.speaking import Speaking
from unit.stores.sqlite.tickets import requirement


def card(told: Notice | None = None, console: str | None = None, **more: Any) -> dict[str, Any]:
    (attachment,) = message(telling(told, **more), console)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    return found


def test_a_card_says_what_an_approver_needs() -> None:
    found = card(notice(justification="why"), "https://n.example.com")
    text = json.dumps(found)
    assert all(part in text for part in ("corp:alice", "gpt-4o", "why", "exports of policy research"))
    assert found["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open", "url": "https://n.example.com/approvals/apr_000000000001"}
    ]
    assert "actions" not in card()
    assert "narrows approvals show apr_000000000001" in json.dumps(card())


def test_an_end_says_who_decided() -> None:
    text = json.dumps(card(notice(Event.REJECTED, said(1, answer=Answered.REJECT))))
    assert "Rejected by: " in text
    assert "corp:sam: not that" in text


def test_no_markdown_of_others_is_read() -> None:
    evil = "[click](https://evil.example) **bold** <at>all</at>"
    found = card(notice(requester=evil, justification=evil, model=evil), excerpt=evil)
    read = [block["text"] for block in found["body"] if block["type"] == "TextBlock"]
    assert read == ["Approval wanted"]


def test_a_card_stays_below_what_teams_takes() -> None:
    rules = tuple(requirement(rule=f"r{number}", message="m" * 900) for number in range(20))
    decisions = tuple(said(1, f"corp:p{number}", reason="r" * 2_000) for number in range(20))
    assert len(json.dumps(message(telling(notice(Event.APPROVED, *decisions, requirements=rules)), None))) < 28_000


async def test_it_is_posted_to_the_workflow() -> None:
    way = Speaking()
    way.status = 202
    way.raw = b""
    assert await Teams(way, None).send(telling()) is None
    ((path, sent),) = way.calls
    assert (path, sent["type"]) == (None, "message")
    assert way.headers[0][b"x-message-id"] == telling().letter.id.encode()
    way.status = 400
    with pytest.raises(Undelivered) as failed:
        await Teams(way, None).send(telling())
    assert failed.value.final
    Teams(way, None).close()
    assert way.closed
