"""`narrows sessions`: the recorded calls, listed, shown, replayed and followed. Reads beside a running gate."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from narrows.cli.approval_page import brief, brief_row
from narrows.cli.approvals import tickets_of
from narrows.cli.call_pages import (
    COLUMNS,
    SESSION_COLUMNS,
    call_cells,
    call_line,
    call_row,
    record_page,
    record_row,
    session_cells,
    session_row,
)
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.moments import parse_moment
from narrows.cli.passages import asked
from narrows.cli.replay import Step, play, separator
from narrows.cli.terminal import complain, harmless, print_json, print_table, say
from narrows.model.record import Outcome
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.views import CallRecord, CallView, is_question
from narrows.wiring.clock import SystemClock

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="List, show, replay and follow the recorded calls.",
)

LAST: Final = "last"
FOLLOW_SECONDS: Final = 0.25
PATIENCE: Final = 4
"""Looks at a directory that can't be read, before it counts as damaged and not as one that is being removed."""
GONE: Final = "the data directory is gone"
_OUTCOMES: Final = (*(outcome.value for outcome in Outcome), "running")

UserOption = Annotated[str | None, typer.Option(help="A user's subject, issuer:subject, or a glob.")]
GroupOption = Annotated[str | None, typer.Option(help="A group the caller was in, or a glob.")]
ConnectionOption = Annotated[str | None, typer.Option(help="A connection, or a glob.")]
ModelOption = Annotated[str | None, typer.Option(help="A model: asked for, forwarded or answering; or a glob.")]
OperationOption = Annotated[str | None, typer.Option(help="chat, responses, embeddings, …")]
SessionOption = Annotated[str | None, typer.Option(help="The id of a session.")]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="From: 30m, 2h, 1d ago, or an ISO date or time.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Up to: the same forms.")]
StatusOption = Annotated[
    str | None, typer.Option(help="An HTTP status, or done, refused, stopped, upstream_error, client_gone, running, …")
]
TextOption = Annotated[str | None, typer.Option(help="Found in the prompt or the reply, whatever its case.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a row with its `id`.")]
CallArgument = Annotated[
    str, typer.Argument(metavar="CALL-OR-SESSION", help="The id of a call or a session; `last` is the newest call.")
]


@app.command("list")
def list_calls(
    user: UserOption = None,
    group: GroupOption = None,
    connection: ConnectionOption = None,
    model: ModelOption = None,
    operation: OperationOption = None,
    session: SessionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    status: StatusOption = None,
    text: TextOption = None,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0 is all.")] = 50,
    by_session: Annotated[bool, typer.Option("--by-session", help="One row a session instead of one a call.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the recorded calls, the newest first; the refused ones too.

    [bold]Examples[/bold]

      narrows sessions list --user alice --since 2h

      narrows sessions list --since 2026-01-31T03:00 --until 2026-01-31T04:00 --model "gpt-4o*"

      narrows sessions list --status refused --json
    """
    filters = _filters(user, group, connection, model, operation, session, since, until, status, text)
    with _archive(config, data) as archive:
        if by_session:
            sessions = archive.sessions(filters, limit=limit or None)
            _list(
                [session_row(each) for each in sessions], SESSION_COLUMNS, map(session_cells, sessions), as_json=as_json
            )
            return
        calls = list(archive.calls(filters, limit=limit or None))
    _list([call_row(call) for call in calls], COLUMNS, map(call_cells, calls), as_json=as_json)
    if limit and len(calls) == limit and not as_json:
        complain(f"Only the newest {limit} are shown; --limit 0 shows all.")


@app.command()
def show(
    reference: CallArgument = LAST, config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show all that is on record of a call, or of each call of a session.

    Who asked, from where, what was asked, decided and answered, and whether the
    record is intact.

    [bold]Examples[/bold]

      narrows sessions show last

      narrows sessions show call_01a1fc4a73b0c2d1f2000001
    """
    with _archive(config, data) as archive:
        for index, record in enumerate(_records(archive, reference)):
            tickets = tickets_of(record.call.id, config, data)
            if as_json:
                print_json({**record_row(record), "approvals": [brief_row(each) for each in tickets]})
            else:
                say(("\n" if index else "") + record_page(record, [brief(each) for each in tickets]))


@app.command()
def replay(
    reference: CallArgument = LAST,
    fast: Annotated[bool, typer.Option("--fast", help="Without waiting.")] = False,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="So many times as fast as it was.")] = 1.0,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, one object a piece of the reply.")] = False,
) -> None:
    """Play a recorded reply again, at the pace it came.

    [bold]Examples[/bold]

      narrows sessions replay last

      narrows sessions replay last --speed 4
    """
    with _archive(config, data) as archive:
        for record in _records(archive, reference):
            _replay(record, None if fast else speed, as_json=as_json)


@app.command()
def tail(
    user: UserOption = None,
    group: GroupOption = None,
    connection: ConnectionOption = None,
    model: ModelOption = None,
    operation: OperationOption = None,
    status: StatusOption = None,
    text: TextOption = None,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="Begin with the last so many.")] = 10,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow the calls as they end, until Ctrl-C.

    [bold]Example[/bold]

      narrows sessions tail --status refused
    """
    filters = _filters(user, group, connection, model, operation, None, None, None, status, text)
    store = find_store(config, data)
    with _archive(None, store) as archive:
        place = archive.position()
        before = list(archive.calls(filters, limit=lines)) if lines else []
        before = [call for call in reversed(before) if call.outcome is not None]
        for call in before:
            _follow(call, as_json=as_json)
        known = {call.id for call in before}
        while True:
            try:
                calls, moved = archive.tail(place, filters)
            except DataDirectoryError:
                if not _is_going(store):
                    raise
                raise Failure(GONE, FAILED) from None
            for call in calls:
                if call.outcome is not None and call.id not in known:
                    _follow(call, as_json=as_json)
            if moved == place:
                known.clear()
                if not store.is_dir():
                    raise Failure(GONE, FAILED)
                time.sleep(FOLLOW_SECONDS)
            place = moved


def _is_going(store: Path) -> bool:
    """Whether a directory that can't be read is being removed: its files go first, one by one."""
    for _ in range(PATIENCE):
        if not store.is_dir():
            return True
        time.sleep(FOLLOW_SECONDS)
    return False


def _follow(call: CallView, *, as_json: bool) -> None:
    if as_json:
        print_json(call_row(call))
    else:
        say(call_line(call))
        sys.stdout.flush()


def _list(
    rows: list[dict[str, object]], columns: tuple[str, ...], cells: Iterable[tuple[str, ...]], *, as_json: bool
) -> None:
    if as_json:
        for row in rows:
            print_json(row)
    elif rows:
        print_table(columns, cells)
    else:
        complain("No call on record matches.")


def _replay(record: CallRecord, speed: float | None, *, as_json: bool) -> None:
    before: Step | None = None

    def emit(step: Step) -> None:
        nonlocal before
        if as_json:
            print_json({"id": record.call.id, **msgspec.to_builtins(step)})
            return
        sys.stdout.write(separator(before, step) + harmless(step.text))
        sys.stdout.flush()
        before = step

    if not as_json:
        complain(f"── {call_line(record.call)}")
        for passage in asked(record):
            if passage.speaker != "parameters":
                complain(f"{passage.speaker}> {passage.text}")
    play(record, emit, time.sleep, speed)
    if before is not None:
        say()
    elif not as_json:
        complain(f"(no reply: {record.call.reason or record.call.outcome or 'it is still running'})")


def _records(archive: Archive, reference: str) -> Iterator[CallRecord]:
    """The call, or the calls of the session from the first to the last. Raises Failure when there is neither."""
    found = False
    for call in _ids(archive, reference):
        record = archive.call(call)
        if record is not None:
            found = True
            yield record
    if not found:
        what = "no call is on record" if reference == LAST else f"no call or session '{reference}' is on record"
        raise Failure(f"{what}; `narrows sessions list` shows what is", FAILED)


def _ids(archive: Archive, reference: str) -> Iterator[str]:
    if reference == LAST:
        # A question to people is on record, too, but it is no call.
        yield from islice((call.id for call in archive.calls() if not is_question(call.id)), 1)
    elif reference.startswith("sess_"):
        yield from (call.id for call in archive.calls(Filters(session=reference), newest_first=False))
    else:
        yield reference


def _filters(
    user: str | None,
    group: str | None,
    connection: str | None,
    model: str | None,
    operation: str | None,
    session: str | None,
    since: str | None,
    until: str | None,
    status: str | None,
    text: str | None,
) -> Filters:
    now = SystemClock().now()
    number = int(status) if status is not None and status.isascii() and status.isdigit() else None
    outcome = status if number is None else None
    if outcome is not None and outcome not in _OUTCOMES:
        raise Failure(f"--status: '{outcome}' is no HTTP status and none of {', '.join(_OUTCOMES)}", USAGE)
    return Filters(
        user=user,
        group=group,
        connection=connection,
        model=model,
        operation=operation,
        session=session,
        since=None if since is None else parse_moment(since, now, "--since"),
        until=None if until is None else parse_moment(until, now, "--until"),
        status=number,
        outcome=outcome,
        text=text,
    )


@contextmanager
def _archive(config: Path | None, data: Path | None) -> Iterator[Archive]:
    """The records; what keeps them from being read becomes a message."""
    store = find_store(config, data)
    try:
        yield Archive(store)
    except DataDirectoryError as error:
        raise Failure(f"the records can't be read: {error}", FAILED) from None
