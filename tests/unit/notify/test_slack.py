"""A question is one message of Slack, with buttons while it can be decided, and no text of others plays tricks."""

import json
from typing import Any

import pytest

from narrows.model.approval import Answered, Approvers, Escalation, TicketState
from narrows.notify.channel import Undelivered
from narrows.notify.notice import Event
from narrows.notify.slack import APPROVE, REJECT, Slack, SlackApi, SlackFailed, rejection_form
from unit.notify.questions import NOW, notice, said, telling
from unit.notify.speaking import Speaking
from unit.stores.sqlite.tickets import requirement


def slack(way: Speaking, *, buttons: bool = True, console: str | None = None) -> Slack:
    return Slack(SlackApi(way, "xoxb-1"), "C0123", console, buttons=buttons)


def actions(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for block in arguments["blocks"] if block["type"] == "actions" for each in block["elements"]]


async def test_a_question_is_posted_with_buttons() -> None:
    way = Speaking()
    assert await slack(way, console="https://n.example.com").send(telling()) == "C0123/1.0001"
    ((method, sent),) = way.calls
    assert method == "chat.postMessage"
    assert way.headers[0][b"authorization"] == b"Bearer xoxb-1"
    assert sent["channel"] == "C0123"
    assert sent["text"].startswith("Approval wanted: corp:alice")
    approve, reject, opened = actions(sent)
    assert (approve["action_id"], approve["value"]) == (APPROVE, "apr_000000000001")
    assert "confirm" in approve
    assert (reject["action_id"], reject["value"]) == (REJECT, "apr_000000000001")
    assert opened["url"] == "https://n.example.com/approvals/apr_000000000001"
    assert "narrows approvals show apr_000000000001" in json.dumps(sent["blocks"])
    assert sent["metadata"]["event_payload"]["id"] == telling().letter.id


async def test_without_a_way_for_answers_there_are_no_buttons() -> None:
    way = Speaking()
    await slack(way, buttons=False).send(telling())
    assert actions(way.calls[0][1]) == []


@pytest.mark.parametrize("event", [Event.APPROVED, Event.REJECTED, Event.EXPIRED, Event.CANCELLED])
async def test_its_end_changes_the_message_and_takes_the_buttons(event: Event) -> None:
    way = Speaking()
    decision = said(1, answer=Answered.REJECT if event is Event.REJECTED else Answered.APPROVE)
    await slack(way).send(telling(notice(event, decision), first="C0123/7.7"))
    ((method, sent),) = way.calls
    assert (method, sent["channel"], sent["ts"]) == ("chat.update", "C0123", "7.7")
    assert actions(sent) == []
    assert "corp:sam" in json.dumps(sent["blocks"])


async def test_a_part_of_the_answer_leaves_the_buttons() -> None:
    way = Speaking()
    asked = notice(Event.ANSWERED, said(1), requirements=(requirement(needed=2),))
    assert asked.review.state is TicketState.PENDING
    await slack(way).send(telling(asked, first="C0123/7.7"))
    assert [each["action_id"] for each in actions(way.calls[0][1])] == [APPROVE, REJECT]


async def test_an_escalation_is_an_answer_that_all_see() -> None:
    way = Speaking()
    late = requirement(then=Escalation(Approvers(groups=("corp:leads",)), 600_000_000))
    told = notice(Event.ESCALATED, at=NOW + 600_000_000, requirements=(late,))
    await slack(way).send(telling(told, first="C0123/7.7"))
    ((method, sent),) = way.calls
    assert (method, sent["thread_ts"], sent["reply_broadcast"]) == ("chat.postMessage", "7.7", True)
    assert sent["text"] == "Nobody has decided for 10 minutes. Now may approve: corp:security or corp:leads"
    # A channel that was not told before gets the question itself.
    await slack(way).send(telling(told))
    assert [each["action_id"] for each in actions(way.calls[1][1])] == [APPROVE, REJECT]


async def test_a_release_by_one_alone_is_not_only_a_change() -> None:
    way = Speaking()
    released = notice(Event.BREAK_GLASS, said(1, "corp:oncall", break_glass=True, reason="outage"))
    await slack(way).send(telling(released, first="C0123/7.7"))
    assert way.methods() == ["chat.update", "chat.postMessage"]
    assert way.calls[1][1]["reply_broadcast"] is True


async def test_a_message_that_is_gone_is_posted_anew() -> None:
    way = Speaking(chat_update={"ok": False, "error": "message_not_found"})
    await slack(way).send(telling(notice(Event.APPROVED, said(1)), first="C0123/7.7"))
    assert way.methods() == ["chat.update", "chat.postMessage"]


@pytest.mark.parametrize(
    ("error", "final"), [("invalid_blocks", True), ("not_in_channel", False), ("invalid_auth", False)]
)
async def test_what_slack_refuses_is_a_failure(error: str, final: bool) -> None:
    way = Speaking(chat_postMessage={"ok": False, "error": error})
    with pytest.raises(Undelivered, match=f"Slack said {error}") as failed:
        await slack(way).send(telling())
    assert failed.value.final is final


async def test_slack_is_not_told_too_much() -> None:
    way = Speaking()
    way.status, way.retry = 429, 30
    with pytest.raises(Undelivered) as failed:
        await slack(way).send(telling())
    assert (failed.value.after, failed.value.final) == (30_000_000, False)
    way = Speaking(chat_postMessage={"ok": False, "error": "ratelimited"})
    with pytest.raises(Undelivered) as failed:
        await slack(way).send(telling())
    assert (failed.value.after, failed.value.final) == (30_000_000, False)


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"\xff"])
async def test_what_is_no_answer_is_a_failure(raw: bytes) -> None:
    way = Speaking()
    way.raw = raw
    with pytest.raises(Undelivered, match="no answer of Slack"):
        await slack(way).send(telling())


async def test_nobody_is_mentioned_by_what_others_wrote() -> None:
    way = Speaking()
    evil = "<!channel> <https://evil.example|click> *bold* &amp; @here"
    await slack(way).send(telling(notice(requester="corp:<!here>", justification=evil), excerpt=evil))
    sent = way.calls[0][1]
    assert "<" not in sent["text"]
    assert sent["mrkdwn"] is False
    assert {block["type"] for block in sent["blocks"]} == {"header", "section", "rich_text", "actions", "context"}
    assert '"mrkdwn"' not in json.dumps(sent["blocks"])
    (shown,) = [block for block in sent["blocks"] if block["type"] == "rich_text"]
    assert shown["elements"] == [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": evil}]}]


async def test_no_part_is_longer_than_slack_takes() -> None:
    way = Speaking()
    rules = tuple(requirement(rule=f"r{number}", message="m" * 900) for number in range(40))
    await slack(way).send(telling(notice(requirements=rules)))
    blocks = way.calls[0][1]["blocks"]
    assert max(len(block["text"]["text"]) for block in blocks if block["type"] == "section") <= 3_000
    assert len(blocks) <= 50


async def test_a_method_that_fails_says_so() -> None:
    with pytest.raises(SlackFailed, match="no_such_method"):
        await SlackApi(Speaking(x={"ok": False, "error": "no_such_method"}), "t").call("x")


def test_the_form_asks_for_a_reason() -> None:
    form = rejection_form("apr_1")
    assert (form["callback_id"], form["private_metadata"]) == (REJECT, "apr_1")
    assert form["blocks"][0]["block_id"] == "reason"
    assert form["blocks"][0].get("optional", False) is False


def test_closing_it_closes_its_way() -> None:
    way = Speaking()
    slack(way).close()
    assert way.closed
