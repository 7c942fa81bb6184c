"""What a session did before a question was asked, for those who decide about it: read from the record, a few calls of
the last day, among so many that a busy gate keeps nobody waiting."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from narrows.model.approval import RecentCall, Ticket
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.views import HELD, CallRecord, CallView

MOST: Final = 5
WITHIN: Final = 86_400_000_000
"""Microseconds before the question."""

AMONG: Final = 20_000
"""Calls of everybody that are looked through for them."""

EXCERPT: Final = 160
"""Characters."""

_SAID: Final = ("$.messages[", "$.input[")
_WHOLE: Final = ("input", "prompt")


def recent_calls(
    archive: Archive, ticket: Ticket, most: int = MOST, *, among: int = AMONG, texts: bool = True
) -> Sequence[RecentCall]:
    """The newest calls of the ticket's session before it was asked, the newest first; without `texts` nothing of what
    was said. Raises DataDirectoryError."""
    near = archive.calls(Filters(since=ticket.at - WITHIN, until=ticket.at))
    mine = (
        call
        for call in islice(near, among)
        if (call.user, call.session) == (ticket.requester, ticket.session)
        and call.outcome != HELD
        and call.id != ticket.call
    )
    return [_recent(call, archive.call(call.id) if texts else None) for call in islice(mine, most)]


def _recent(call: CallView, record: CallRecord | None) -> RecentCall:
    said = "" if record is None else " ".join(_last(record).split())
    excerpt = said if len(said) <= EXCERPT else f"{said[: EXCERPT - 1]}…"
    return RecentCall(call.id, call.at, call.operation, call.model_asked, call.outcome, call.refusal, excerpt)


def _last(record: CallRecord) -> str:
    """What was said last: the last of its messages, or its only text."""
    for piece in reversed(record.request):
        if piece.text is not None and piece.label.startswith(_SAID):
            return " ".join(_texts(_decoded(piece.text)))
    for piece in record.request:
        body = None if piece.text is None or piece.label != "$" else _decoded(piece.text)
        if isinstance(body, dict):
            return " ".join(text for name in _WHOLE for text in _texts(body.get(name)))
    return ""


def _texts(value: Any) -> Iterator[str]:
    """The texts of a message: of its content, not the words of the API."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name in ("content", "text", "output"):
            yield from _texts(value.get(name))


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
