"""A channel that is a service of the operator's: each event is a `POST`, signed as Standard Webhooks says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the id is the same each time
a message is sent, the timestamp is that of the attempt, and any 2xx means that it was taken.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from narrows.model.approval import Approvers, Review
from narrows.notify.channel import Outward, Telling, Undelivered, taken
from narrows.notify.notice import command, link
from narrows.ports.clock import Clock
from narrows.ports.http import HeaderList

TYPE: Final = "narrows.approval."
"""What types of messages begin with; the event follows."""

GONE: Final = 410

_MICROS: Final = 1_000_000

Sign = Callable[[str, int, bytes], HeaderList]
"""Gives a message's headers, from its id, the time in Unix seconds and its body."""


class Hook:
    """Tells one service."""

    def __init__(self, way: Outward, sign: Sign, clock: Clock, console: str | None) -> None:
        self._way, self._sign, self._clock, self._console = way, sign, clock, console

    async def send(self, telling: Telling) -> str | None:
        """Done when the service has taken it."""
        body = message(telling, self._console)
        headers = self._sign(telling.letter.id, self._clock.now() // _MICROS, body)
        answer = await self._way.post(None, tuple(headers), body)
        if answer.status == GONE:
            raise Undelivered("answered with status 410: it wants no messages any more")
        taken(answer)
        return None

    def close(self) -> None:
        """Ends its connections."""
        self._way.close()


def message(telling: Telling, console: str | None) -> bytes:
    """The body: the same each time, but for what may be shown of the content."""
    notice = telling.notice
    data = {**_ticket(notice.review), "command": command(notice)}
    where = link(notice, console)
    if where is not None:
        data["link"] = where
    if telling.excerpt is not None:
        data["excerpt"] = telling.excerpt
    return msgspec.json.encode({"type": f"{TYPE}{notice.event}", "timestamp": _time(notice.at), "data": data})


def _ticket(review: Review) -> dict[str, Any]:
    ticket = review.ticket
    return {
        "ticket": ticket.id,
        "state": review.state,
        "call": ticket.call,
        "request_id": ticket.request_id,
        "session": ticket.session,
        "requester": ticket.requester,
        "owner": ticket.owner,
        "groups": ticket.groups,
        "connection": ticket.connection,
        "operation": ticket.operation,
        "model": ticket.model,
        "justification": ticket.justification,
        "cost_microdollars": ticket.cost,
        "prompt_tokens": ticket.prompt_tokens,
        "output_cap": ticket.output_cap,
        "address": ticket.address,
        "agent": ticket.agent,
        "asked": _time(ticket.at),
        "expires": _time(ticket.expires),
        "rules": [
            {
                "policy": each.policy,
                "rule": each.rule,
                "message": each.message,
                "needed": each.needed,
                "by": _people(each.by),
                "then": None
                if each.then is None
                else {**_people(each.then.by), "after_seconds": each.then.after / _MICROS},
            }
            for each in ticket.requirements
        ],
        "findings": [msgspec.to_builtins(place) for place in ticket.places],
        "decisions": [
            {
                "who": each.who,
                "answer": each.answer,
                "at": _time(each.at),
                "reason": each.reason,
                "output_cap": each.output_cap,
                "repeats": each.repeats,
                "until": None if each.until is None else _time(each.until),
                "break_glass": each.break_glass,
            }
            for each in review.decisions
        ],
    }


def _people(by: Approvers) -> Mapping[str, Any]:
    return {"groups": by.groups, "people": by.people}


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / _MICROS, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
