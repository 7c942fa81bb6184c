"""`narrows approvals`: what waits for a person, and deciding it, beside the store. The gate reads what is said within a
fifth of a second, and judges by itself whether it counts."""

import contextlib
import difflib
import os
import pwd
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.cli.approval_page import COLUMNS, cells, line, missing, page, recent_row, row
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.moments import parse_span
from narrows.cli.terminal import complain, harmless, print_json, print_table, say
from narrows.model.approval import LOCAL, Answered, Decision, RecentCall, Review, Ticket, TicketState
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.recentcalls import recent_calls
from narrows.wiring.clock import SystemClock

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="List, show and decide what waits for a person's approval.",
)

LAST: Final = "last"
WATCH_SECONDS: Final = 0.25
OPEN: Final = (TicketState.PENDING, TicketState.APPROVED)
_STATES: Final = ", ".join(state.value for state in TicketState)
_NEWEST: Final = 5_000
"""Among so many ids it is looked for what somebody may have meant."""

News = tuple[TicketState, int]
"""What a watch has told of a ticket: its state, and how many have said something."""

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a ticket with its `id`.")]
TicketArgument = Annotated[str, typer.Argument(metavar="TICKET", help="The id of a ticket, apr_….")]


@app.command("list")
def list_tickets(
    every: Annotated[bool, typer.Option("--all", help="Those that are at their end, too.")] = False,
    state: Annotated[str | None, typer.Option(help=f"Only those that are {_STATES}.")] = None,
    user: Annotated[str | None, typer.Option(help="Only those of this caller: a subject, or issuer:subject.")] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Only those that somebody released alone and nobody else has reviewed.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="So many at most, the newest.")] = 100,
    watch: Annotated[bool, typer.Option("--watch", help="Then show what is new, until Ctrl-C.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for approval, and what is approved and not used yet; the newest, those that came last at the end.

    [bold]Examples[/bold]

      narrows approvals list

      narrows approvals list --watch

      narrows approvals list --state rejected --user ana --json

      narrows approvals list --review
    """
    if review and (watch or every or state is not None):
        raise Failure("--review shows what is to be reviewed, whatever its state; leave the other options out", USAGE)
    clock = SystemClock()
    states = _states(state, every=every)

    def shown(review: Review) -> bool:
        return user is None or user in (review.ticket.requester, review.ticket.requester.partition(":")[2])

    with _decisions(config, data) as (people, _):
        known = {review.ticket.id: _news(review) for review in people.list(OPEN)} if watch else {}
        every_one = reversed(people.to_review()) if review else people.walk(states, newest=True)
        newest = list(islice(filter(shown, every_one), limit + 1))
        found = newest[:limit][::-1]
        if as_json:
            for each in found:
                print_json(row(each))
        elif found:
            now = clock.now()
            print_table(COLUMNS, [cells(each, now) for each in found])
        else:
            complain(_nothing(states, review=review))
        if len(newest) > limit:
            complain(f"These are the newest {limit}; --limit shows more.")
        if watch:
            known.update({each.ticket.id: _news(each) for each in found if each.state in OPEN})
            _watch(people, known, shown, as_json=as_json)


@app.command()
def show(
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="The id of a ticket; `last` is the newest.")] = LAST,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all of a ticket: who asks, which rules want it approved and by whom, what was said, what
    the session did before, and what would be sent.

    What would be sent is shown as it would be, masked, for as long as the
    ticket stands.

    [bold]Example[/bold]

      narrows approvals show apr_01a1fc4a73b0c2d1f2000001
    """
    with _decisions(config, data) as (people, store):
        review = _found(people, ticket)
        body = people.content(review.ticket.id)
    recent = _recent(store, review.ticket)
    if as_json:
        text = None if body is None else body.decode("utf-8", "replace")
        print_json({**row(review), "body": text, "recent": list(map(recent_row, recent))})
    else:
        say(page(review, SystemClock().now(), body, recent))


@app.command()
def approve(
    ticket: TicketArgument,
    reason: Annotated[str | None, typer.Option(help="Why; whoever asked does not see it.")] = None,
    output_cap: Annotated[
        int | None, typer.Option("--output-cap", metavar="N", min=1, help="Replies of at most so many tokens.")
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="So many calls that are exactly the same, not one.")
    ] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="All that are exactly the same, for so long: 1h, 2d.")
    ] = None,
    break_glass: Annotated[
        bool,
        typer.Option("--break-glass", help="Release it alone, without the approvers, where a rule lets somebody."),
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve what a ticket asks: the call that waits goes on, or goes on when it is sent again.

    You decide as whoever runs this command on this machine, and that is
    recorded. What was approved is good for one call, of exactly this request,
    until the ticket expires.

    [bold]Examples[/bold]

      narrows approvals approve apr_01a1fc4a73b0c2d1f2000001 --reason "agreed with the data team"

      narrows approvals approve apr_01a1fc4a73b0c2d1f2000001 --for 8h --output-cap 500

      narrows approvals approve apr_01a1fc4a73b0c2d1f2000001 --break-glass --reason "outage, nobody on call answers"

    --break-glass needs a reason, ends within an hour, is told to every channel,
    and stays in `narrows approvals list --review` until somebody else reviews it.
    """
    if repeats is not None and lasting is not None:
        raise Failure("--repeats and --for: choose one", USAGE)
    now = SystemClock().now()
    until = None if lasting is None else now + parse_span(lasting, "--for")
    said = Decision(ticket, operator(), Answered.APPROVE, now, reason, (), output_cap, repeats, until, break_glass)
    _decide(said, config, data, as_json=as_json)


@app.command()
def reject(
    ticket: TicketArgument,
    reason: Annotated[str, typer.Option(help="Why; whoever asked is told.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reject what a ticket asks. The caller is refused, with the reason.

    What was approved and has not been used can be rejected, too.

    [bold]Example[/bold]

      narrows approvals reject apr_01a1fc4a73b0c2d1f2000001 --reason "the list holds customers' names"
    """
    said = Decision(ticket, operator(), Answered.REJECT, SystemClock().now(), reason)
    _decide(said, config, data, as_json=as_json)


@app.command()
def review(
    ticket: TicketArgument,
    comment: Annotated[str, typer.Option(help="What you found.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that you have looked at what somebody else released alone, and what you found. It is recorded.

    Neither who asked nor who released it can.

    [bold]Example[/bold]

      narrows approvals review apr_01a1fc4a73b0c2d1f2000001 --comment "an outage indeed; the export was deleted since"
    """
    said = Decision(ticket, operator(), Answered.REVIEW, SystemClock().now(), comment)
    _decide(said, config, data, as_json=as_json)


def found_ticket(reference: str, config: Path | None, data: Path | None) -> Review:
    """The ticket of this id. Raises Failure."""
    with _decisions(config, data) as (people, _):
        return _found(people, reference)


def tickets_of(call: str, config: Path | None, data: Path | None) -> Sequence[Review]:
    """The tickets that a call has asked or used. Raises Failure."""
    with _decisions(config, data) as (people, _):
        return people.of_call(call)


def operator() -> str:
    """Who decides here: the user of the operating system as which this runs."""
    uid = os.getuid()
    try:
        return f"{LOCAL}:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"{LOCAL}:{uid}"


def _decide(said: Decision, config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Writes it, and says what has become of the ticket. Raises Failure where it came too late."""
    if said.ticket == LAST:
        raise Failure("which is the last may have changed: name the ticket by its id, as it was shown to you", USAGE)
    with _decisions(config, data) as (people, store):
        _found(people, said.ticket)
        try:
            review = people.decide(said)
        except DecisionRefused as refused:
            raise Failure(f"{refused}", FAILED) from None
    if as_json:
        print_json(row(review))
    if said.answer is Answered.REVIEW:
        if not as_json:
            say(harmless(f"{said.ticket} reviewed by {said.who}"))
        return
    reached = {Answered.APPROVE: TicketState.APPROVED, Answered.REJECT: TicketState.REJECTED}[said.answer]
    if review.state is TicketState.PENDING:
        outcome = f"approved by {said.who}; still needed: {missing(review)}"
    elif review.state in (reached, TicketState.CONSUMED) and said.answer is Answered.APPROVE:
        outcome = f"{'released alone' if said.break_glass else 'approved'} by {said.who}"
    elif review.state is reached:
        outcome = f"rejected by {said.who}"
    else:
        raise Failure(f"too late: {said.ticket} is {review.state.value}", FAILED)
    if not as_json:
        say(harmless(f"{said.ticket} {outcome}"))
    complain(
        f"Recorded as {said.who}, the local operator of {store}. Nothing here can tell whether that is also who asked "
        f"({review.ticket.requester}): nobody should decide about their own calls."
    )


def _watch(
    people: SqliteDecisions,
    known: dict[str, tuple[TicketState, int]],
    shown: Callable[[Review], bool],
    *,
    as_json: bool,
) -> None:
    """Prints each ticket that is new, and each of those known that has changed, as it comes."""
    clock = SystemClock()
    while True:
        time.sleep(WATCH_SECONDS)
        standing = {review.ticket.id: review for review in people.list(OPEN)}
        gone = [people.show(ticket) for ticket in known.keys() - standing.keys()]
        for review in (*standing.values(), *(each for each in gone if each is not None)):
            news = _news(review)
            if known.get(review.ticket.id) == news:
                continue
            known[review.ticket.id] = news
            if shown(review):
                _tell(review, clock.now(), as_json=as_json)
        for ticket in known.keys() - standing.keys():
            del known[ticket]


def _tell(review: Review, now: int, *, as_json: bool) -> None:
    if as_json:
        print_json(row(review))
    else:
        say(line(review, now))
        sys.stdout.flush()


def _news(review: Review) -> News:
    return review.state, len(review.decisions)


def _found(people: SqliteDecisions, reference: str) -> Review:
    """The ticket. Raises Failure, which names what may have been meant."""
    if reference == LAST:
        ids = people.ids()
        review = people.show(ids[-1]) if ids else None
        if review is None:
            raise Failure("no ticket is on record", FAILED)
        return review
    review = people.show(reference)
    if review is None:
        near = difflib.get_close_matches(reference, people.ids()[-_NEWEST:], 3, 0.7)
        meant = f"; did you mean {' or '.join(near)}?" if near else "; `narrows approvals list --all` shows what is"
        raise Failure(f"there is no ticket '{reference}'{meant}", FAILED)
    return review


def _recent(store: Path, ticket: Ticket) -> Sequence[RecentCall]:
    """What its session did before; nothing where the record can't be read, so that people can decide without it."""
    try:
        return recent_calls(Archive(store), ticket)
    except DataDirectoryError as problem:
        complain(f"What the session did before can't be read: {problem}")
        return ()


def _nothing(states: tuple[TicketState, ...], *, review: bool) -> str:
    if review:
        return "Nothing is to be reviewed."
    return "Nothing waits for approval." if states == OPEN else "No such ticket is on record."


def _states(state: str | None, *, every: bool) -> tuple[TicketState, ...]:
    """Which are asked for; none: all. Raises Failure."""
    if state is None:
        return () if every else OPEN
    if state not in list(TicketState):
        raise Failure(f"--state: '{state}' is none of {_STATES}", USAGE)
    return (TicketState(state),)


@contextlib.contextmanager
def _decisions(config: Path | None, data: Path | None) -> Iterator[tuple[SqliteDecisions, Path]]:
    """The tickets beside the store, and where that is; what keeps them from being read becomes a message."""
    store = find_store(config, data)
    try:
        people = SqliteDecisions(store, SystemClock())
        try:
            yield people, store
        finally:
            people.close()
    except (ApprovalsUnavailable, DataDirectoryError) as problem:
        raise Failure(str(problem), FAILED) from None
