"""A channel of Slack: a question is one message, which changes with what becomes of it.

Slack's Web API, spoken directly: a message is one POST, and what is sent is seen here. Whatever somebody else wrote
goes into plain text, in which Slack sees no mention, link or format.

Slack has no ids for messages of ours: one that was taken just before a crash is there twice, and the second is the one
that changes. The buttons of the first still work, until the question is decided.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from narrows.notify.channel import Answer, Outward, Telling, Undelivered, taken
from narrows.notify.notice import Event, Notice, command, facts, link, shown, subject, title, undecided, waited, who_may

APPROVE: Final = "narrows_approve"
REJECT: Final = "narrows_reject"
OPEN: Final = "narrows_open"
"""Actions of buttons; their value is the ticket's id."""

_LINES: Final = 2_900
"""Characters of a section; Slack takes 3,000."""

_ITSELF: Final = frozenset({"msg_too_long", "invalid_blocks", "invalid_blocks_format", "no_text", "invalid_arguments"})
"""What Slack says of one message."""

_LOST: Final = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_inactive"}
)
"""What Slack says where the first message can't be changed any more."""


class SlackFailed(Exception):
    """Slack refused what was asked; the text is its word for why."""


class SlackApi:
    """The methods of Slack's API that are used, with a bot's token."""

    def __init__(self, way: Outward, token: str) -> None:
        self._way = way
        self._headers = (
            (b"content-type", b"application/json; charset=utf-8"),
            (b"accept", b"application/json"),
            (b"authorization", b"Bearer " + token.encode()),
        )

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """What a method answers. Raises SlackFailed, and Undelivered where Slack gives no answer."""
        answer = await self._way.post(method, self._headers, msgspec.json.encode(arguments))
        taken(answer)
        found = _decoded(answer)
        if found.get("ok") is not True:
            error = str(found.get("error", "no reason"))
            if error in ("ratelimited", "rate_limited"):
                raise Undelivered("Slack is told too much at a time", after=(answer.retry or 30) * 1_000_000)
            raise SlackFailed(shown(error, 80))
        return found

    def close(self) -> None:
        """Ends its connections."""
        self._way.close()


class Slack:
    """Tells one channel of Slack. `buttons`: answers are taken from there."""

    def __init__(self, api: SlackApi, channel: str, console: str | None, *, buttons: bool) -> None:
        self._api, self._channel, self._console = api, channel, console
        self._buttons = buttons

    async def send(self, telling: Telling) -> str | None:
        """Done when Slack has taken it; gives the channel's and the message's id."""
        try:
            return await self._sent(telling)
        except SlackFailed as failed:
            raise Undelivered(f"Slack said {failed}", final=str(failed) in _ITSELF) from None

    async def _sent(self, telling: Telling) -> str | None:
        notice, first = telling.notice, telling.first
        if first is None or notice.event is Event.REQUESTED:
            return await self._post(telling)
        channel, _, message = first.partition("/")
        if notice.event is Event.ESCALATED:
            await self._api.call(
                "chat.postMessage",
                channel=channel,
                thread_ts=message,
                reply_broadcast=True,
                text=escaped(_escalated(notice)),
                mrkdwn=False,
            )
            return None
        try:
            await self._api.call("chat.update", channel=channel, ts=message, **self._content(telling))
        except SlackFailed as failed:
            if str(failed) not in _LOST:
                raise
            return await self._post(telling)
        if notice.event is Event.BREAK_GLASS:
            # A message that changes goes unseen, and this is to be seen.
            await self._api.call(
                "chat.postMessage",
                channel=channel,
                thread_ts=message,
                reply_broadcast=True,
                text=escaped(subject(notice)),
                mrkdwn=False,
            )
        return None

    async def _post(self, telling: Telling) -> str | None:
        found = await self._api.call(
            "chat.postMessage",
            channel=self._channel,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": "narrows_approval", "event_payload": {"id": telling.letter.id}},
            **self._content(telling),
        )
        message = found.get("ts")
        return f"{found.get('channel', self._channel)}/{message}" if isinstance(message, str) else None

    def _content(self, telling: Telling) -> dict[str, Any]:
        """Text for notifications, and blocks."""
        notice = telling.notice
        blocks: list[dict[str, Any]] = [{"type": "header", "text": plain(title(notice)[:150])}]
        blocks += [{"type": "section", "text": plain(part)} for part in _parts(notice)]
        if telling.excerpt:
            preformatted = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": telling.excerpt}]}
            blocks.append({"type": "rich_text", "elements": [preformatted]})
        actions = self._actions(notice)
        if actions:
            blocks.append({"type": "actions", "elements": actions})
        blocks.append({"type": "context", "elements": [plain(command(notice))]})
        return {"text": escaped(subject(notice)), "mrkdwn": False, "blocks": blocks}

    def _actions(self, notice: Notice) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        ticket = notice.review.ticket.id
        if self._buttons and undecided(notice):
            confirm = {
                "title": plain("Approve this call?"),
                "text": plain("It goes on at once, with your name."),
                "confirm": plain("Approve"),
                "deny": plain("Back"),
            }
            found.append(_button("Approve", APPROVE, value=ticket, style="primary", confirm=confirm))
            found.append(_button("Reject…", REJECT, value=ticket, style="danger"))
        where = link(notice, self._console)
        if where is not None:
            found.append(_button("Open", OPEN, url=where))
        return found

    def close(self) -> None:
        """Ends its connections."""
        self._api.close()


def plain(text: str) -> dict[str, Any]:
    """A text that is nothing but text."""
    return {"type": "plain_text", "text": text, "emoji": False}


def escaped(text: str) -> str:
    """The same where Slack would look for mentions and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rejection_form(ticket: str) -> dict[str, Any]:
    """The form that asks why."""
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": 2000}
    return {
        "type": "modal",
        "callback_id": REJECT,
        "private_metadata": ticket,
        "title": plain("Reject this call"),
        "submit": plain("Reject"),
        "close": plain("Back"),
        "blocks": [
            {"type": "input", "block_id": "reason", "label": plain("Why? The caller is told."), "element": reason}
        ],
    }


def _button(text: str, action: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action, "text": plain(text), **more}


def _escalated(notice: Notice) -> str:
    may = "; and ".join(dict.fromkeys(who_may(notice.review, notice.at)))
    return shown(f"Nobody has decided for {waited(notice)}. Now may approve: {may}", 1000)


def _parts(notice: Notice) -> Sequence[str]:
    """The facts, a line each, in as few texts as Slack takes."""
    parts = [""]
    for fact in facts(notice):
        line = f"{fact.name}: {fact.text}"
        if len(parts[-1]) + len(line) > _LINES:
            parts.append("")
        parts[-1] += f"{line}\n"
    return [part.rstrip("\n") for part in parts]


def _decoded(answer: Answer) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise Undelivered("gave what is no answer of Slack")
    return found
