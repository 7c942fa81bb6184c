"""Which calls are asked for: pure decisions on what the archive has read."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from narrows.stores.sqlite.views import CallRecord, CallView


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What all must hold; None leaves it open. Names may be globs. Times are Unix microseconds, `until` exclusive.

    `user` and `group` are `issuer:name` or the bare name; `end_user` is a name as the caller gave it, of which only
    sums of usage know. `outcome` "running" means not ended. `text` is searched, without regard to case, in every text
    of the masked request and reply, however a stream had split it.
    """

    user: str | None = None
    group: str | None = None
    session: str | None = None
    connection: str | None = None
    model: str | None = None
    operation: str | None = None
    since: int | None = None
    until: int | None = None
    outcome: str | None = None
    status: int | None = None
    refusal: str | None = None
    text: str | None = None
    end_user: str | None = None


EVERYTHING = Filters()


def selects(filters: Filters, call: CallView) -> bool:
    """Whether the call is asked for, as far as can be said without its contents."""
    return (
        (filters.since is None or call.at >= filters.since)
        and (filters.until is None or call.at < filters.until)
        and _any(filters.user, call.user, call.subject)
        and _any(filters.group, *_groups(call))
        and _any(filters.session, call.session)
        and _any(filters.connection, call.connection)
        and _any(filters.model, call.model_asked, call.model, call.model_answered)
        and _any(filters.operation, call.operation)
        and _any(filters.outcome, call.outcome or "running")
        and (filters.status is None or call.status == filters.status)
        and _any(filters.refusal, call.refusal)
    )


def contains(record: CallRecord, text: str) -> bool:
    """Whether a text of the call's contents has this in it."""
    needle = text.casefold()
    return any(needle in passage.casefold() for passage in _passages(record))


def _passages(record: CallRecord) -> Iterator[str]:
    for piece in (*record.request, *record.reply):
        if piece.text is not None and piece.label != "stream":
            yield from _strings(piece.text)
    for stream in record.transcript.streams if record.transcript else ():
        yield stream.text


def _strings(text: str) -> Iterator[str]:
    """The strings of a JSON text, as a model reads them: an escape hides nothing. Other texts as they are."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        yield text
        return
    stack: list[Any] = [found]
    while stack:
        match stack.pop():
            case str() as value:
                yield value
            case dict() as members:
                stack.extend(members)
                stack.extend(members.values())
            case list() as items:
                stack.extend(items)
            case _:
                pass


def _any(pattern: str | None, *names: str | None) -> bool:
    return pattern is None or any(name is not None and fnmatchcase(name, pattern) for name in names)


def _groups(call: CallView) -> Iterator[str]:
    for group in call.groups:
        yield group
        yield f"{call.issuer}:{group}"
