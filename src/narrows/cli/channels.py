"""`narrows channels`: how the channels stand by which people are told what asks for approval. Reads the outbox beside a
running gate, and never writes it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, Failure
from narrows.cli.moments import iso, show_moment
from narrows.cli.spending import known_settings
from narrows.cli.terminal import Row, complain, print_json, print_table
from narrows.ports.outbox import Dead, OutboxUnavailable, Post
from narrows.stores.sqlite.outbox import OutboxView

app = typer.Typer(
    rich_markup_mode="rich", add_completion=False, help="Show which messages wait for a channel, and why."
)

COLUMNS: Final = ("channel", "waiting", "oldest", "tries", "fault", "given up")
GIVEN_UP: Final = ("channel", "event", "ticket", "made", "given up", "tries", "fault")


@app.command()
def channels(
    config: ConfigOption = None,
    data: DataOption = None,
    given_up: Annotated[bool, typer.Option("--given-up", help="The messages that were given up, instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, one object a row with its `id`.")] = False,
) -> None:
    """Show which messages wait for a channel, and why.

    A channel that is down holds back its own messages, and no decision.

    [bold]Examples[/bold]

      narrows channels

      narrows channels --given-up --json
    """
    standing, graves = _read(find_store(config, data))
    settings = known_settings(config, data)
    configured = () if settings is None else tuple(settings.notify.channels)
    if given_up:
        _show(GIVEN_UP, [grave_cells(each) for each in graves], [grave_row(each) for each in graves], as_json=as_json)
        if not graves:
            complain("No message was given up.")
        return
    names = [*configured, *(name for name in standing if name not in configured)]
    posts = [standing.get(name, Post(name, 0, 0)) for name in names]
    _show(COLUMNS, [cells(each) for each in posts], [row(each) for each in posts], as_json=as_json)
    if not posts:
        complain("There are no channels; make one under `notify.channels`.")
    for name in names:
        if settings is not None and name not in configured and standing[name].waiting:
            complain(f"{name} is no channel any more; its messages are given up after three days.")


def cells(post: Post) -> Sequence[object]:
    """A channel, for people."""
    oldest = None if post.oldest is None else show_moment(post.oldest)
    return post.channel, post.waiting, oldest, post.tries, post.fault, post.dead


def row(post: Post) -> Row:
    """A channel, for programs."""
    return {
        "id": post.channel,
        "waiting": post.waiting,
        "oldest": None if post.oldest is None else iso(post.oldest),
        "tries": post.tries,
        "fault": post.fault,
        "given_up": post.dead,
    }


def grave_cells(dead: Dead) -> Sequence[object]:
    """A message that was given up, for people."""
    return (
        dead.channel,
        dead.event,
        dead.ticket,
        show_moment(dead.made),
        show_moment(dead.ended),
        dead.tries,
        dead.fault,
    )


def grave_row(dead: Dead) -> Row:
    """A message that was given up, for programs."""
    return {
        "id": dead.id,
        "channel": dead.channel,
        "event": dead.event,
        "ticket": dead.ticket,
        "made": iso(dead.made),
        "given_up": iso(dead.ended),
        "tries": dead.tries,
        "fault": dead.fault,
    }


def _show(columns: Sequence[str], shown: Sequence[Sequence[object]], rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        for each in rows:
            print_json(each)
    elif shown:
        print_table(columns, shown)


def _read(store: Path) -> tuple[Mapping[str, Post], Sequence[Dead]]:
    try:
        view = OutboxView(store)
        try:
            return view.standing(), view.graves()
        finally:
            view.close()
    except OutboxUnavailable as error:
        raise Failure(f"the outbox can't be read: {error}", FAILED) from None
