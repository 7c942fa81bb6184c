"""Webhooks of approvals: signed as Standard Webhooks says, the same each time, with all that is needed to decide."""

import base64
import hashlib
import hmac
import json
from functools import partial
from typing import Any

import pytest

from narrows.model.approval import Answered, Approvers, Escalation, Place
from narrows.notify.channel import Answer, Undelivered
from narrows.notify.notice import Event
from narrows.notify.webhook import Hook, message
from narrows.plugins.webhook import signed
from unit.notify.questions import NOW, StillClock, notice, said, telling
from unit.stores.sqlite.tickets import requirement

KEY = b"k" * 32


class Outward:
    """Answers as it is told to."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.seen: list[tuple[str | None, dict[bytes, bytes], bytes]] = []
        self.closed = False

    async def post(self, path: str | None, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> Answer:
        self.seen.append((path, dict(headers), body))
        return Answer(self.status, b"")

    def close(self) -> None:
        self.closed = True


def hook(way: Outward, console: str | None = None) -> Hook:
    return Hook(way, partial(signed, KEY), StillClock(), console)


def data(*args: Any, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message(telling(*args, **changes), "https://n.example.com"))["data"]
    return found


async def test_it_is_signed_with_the_id_the_time_and_the_body() -> None:
    way = Outward(202)
    told = telling()
    assert await hook(way).send(told) is None
    ((path, headers, body),) = way.seen
    assert path is None
    assert headers[b"webhook-id"] == told.letter.id.encode()
    assert headers[b"webhook-timestamp"] == b"%d" % (NOW // 1_000_000)
    content = b".".join((headers[b"webhook-id"], headers[b"webhook-timestamp"], body))
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest())
    assert headers[b"webhook-signature"] == b"v1," + expected


async def test_it_is_the_same_each_time() -> None:
    way = Outward(503)
    for _ in range(2):
        with pytest.raises(Undelivered, match="status 503"):
            await hook(way).send(telling())
    assert way.seen[0] == way.seen[1]


async def test_who_wants_no_more_is_told_from_who_refuses_one() -> None:
    with pytest.raises(Undelivered, match="wants no messages any more"):
        await hook(Outward(410)).send(telling())


def test_it_says_what_an_approver_needs() -> None:
    rule = requirement(message="look first", then=Escalation(Approvers(groups=("corp:leads",)), 600_000_000))
    asked = notice(
        justification="why",
        cost=1_250_000,
        requirements=(rule,),
        places=(Place("research", "exports", "$.x", "base64"),),
    )
    found = json.loads(message(telling(asked), "https://n.example.com"))
    assert (found["type"], found["timestamp"]) == ("narrows.approval.requested", "2023-11-14T22:13:20.000Z")
    told = found["data"]
    assert told["state"] == "pending"
    assert told["requester"] == "corp:alice"
    assert (told["cost_microdollars"], told["justification"], told["output_cap"]) == (1_250_000, "why", 1024)
    assert told["expires"] == "2023-11-14T23:13:20.000Z"
    assert told["rules"] == [
        {
            "policy": "research",
            "rule": "exports",
            "message": "look first",
            "needed": 1,
            "by": {"groups": ["corp:security"], "people": []},
            "then": {"groups": ["corp:leads"], "people": [], "after_seconds": 600.0},
        }
    ]
    assert told["findings"] == [{"policy": "research", "rule": "exports", "path": "$.x", "view": "base64"}]
    assert told["link"] == "https://n.example.com/approvals/apr_000000000001"
    assert told["command"] == "narrows approvals show apr_000000000001"


def test_it_says_who_decided() -> None:
    (decision,) = data(notice(Event.REJECTED, said(1, answer=Answered.REJECT)))["decisions"]
    assert (decision["who"], decision["answer"], decision["reason"]) == ("corp:sam", "reject", "not that")
    assert decision["break_glass"] is False


def test_content_is_in_it_only_where_it_is_given() -> None:
    assert "excerpt" not in data()
    assert data(excerpt="export the list")["excerpt"] == "export the list"


def test_closing_it_closes_its_way() -> None:
    way = Outward()
    hook(way).close()
    assert way.closed
