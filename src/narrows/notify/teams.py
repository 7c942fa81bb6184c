"""A channel of Microsoft Teams: each event is an Adaptive Card, posted to a workflow of the channel.

A workflow's address takes cards and gives nothing back, so a card can't be changed later, and answers are given in the
console or at the command line. Texts that somebody else wrote stand in rich text blocks, in which Teams reads no
Markdown: nobody can put a link or a mention into a card.
"""

from typing import Any, Final

import msgspec

from narrows.notify.channel import Outward, Telling, taken
from narrows.notify.notice import command, facts, link, subject, title

VERSION: Final = "1.4"
"""Of the schema of cards; Teams takes up to 1.5."""

_HEADERS: Final = ((b"content-type", b"application/json"), (b"accept", b"*/*"))


class Teams:
    """Tells one channel of Teams."""

    def __init__(self, way: Outward, console: str | None) -> None:
        self._way, self._console = way, console

    async def send(self, telling: Telling) -> str | None:
        """Done when the workflow has taken it."""
        body = msgspec.json.encode(message(telling, self._console))
        taken(await self._way.post(None, (*_HEADERS, (b"x-message-id", telling.letter.id.encode())), body))
        return None

    def close(self) -> None:
        """Ends its connections."""
        self._way.close()


def message(telling: Telling, console: str | None) -> dict[str, Any]:
    """The message with its card."""
    notice = telling.notice
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": title(notice), "size": "large", "weight": "bolder", "wrap": True}
    ]
    body += [_rich(_run(f"{fact.name}: ", weight="bolder"), _run(fact.text)) for fact in facts(notice)]
    if telling.excerpt:
        body.append(_rich(_run(telling.excerpt, fontType="monospace")))
    body.append(_rich(_run(command(notice), fontType="monospace", isSubtle=True)))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "fallbackText": subject(notice),
        "body": body,
        "msteams": {"width": "Full"},
    }
    where = link(notice, console)
    if where is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": where}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _rich(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **more}
