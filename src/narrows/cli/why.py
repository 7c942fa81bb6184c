"""`narrows why`: what became of a call and for what reason, for who holds nothing but the id that a refusal carries: of
a call, a request, or a ticket that asks for approval."""

from typing import Final

import typer

from narrows.cli import approval_page
from narrows.cli.approvals import found_ticket, tickets_of
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.sessions import LAST, JsonOption
from narrows.cli.terminal import print_json, say
from narrows.cli.why_page import page, row
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.views import CallView

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

_CALL: Final = "call_"
_REQUEST: Final = "req_"
_TICKET: Final = "apr_"


@app.command()
def why(
    reference: str = typer.Argument(
        LAST, metavar="ID", help="The id of a call, a request or a ticket; `last` is the newest call."
    ),
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain what was decided of a call: what refused it, what was masked, and what to do.

    The id is in the reply: `narrows-call-id`, or `x-request-id`.

    [bold]Examples[/bold]

      narrows why last

      narrows why req_01a1fc4a73b0c2d1f2000001

      narrows why apr_01a1fc4a73b0c2d1f2000001
    """
    if reference.startswith(_TICKET):
        review = found_ticket(reference, config, data)
        if as_json:
            print_json(approval_page.row(review))
        else:
            say(approval_page.summary(review))
        return
    call = _call(reference, config, data)
    asked = tickets_of(call.id, config, data)
    if as_json:
        print_json({**row(call), "approvals": [approval_page.brief_row(each) for each in asked]})
    else:
        say("\n".join([page(call), *(f"\n  People were asked: {approval_page.brief(each)}." for each in asked)]))


def _call(reference: str, config: ConfigOption, data: DataOption) -> CallView:
    """The call on record. Raises Failure when there is none."""
    name = f"{_CALL}{reference[len(_REQUEST) :]}" if reference.startswith(_REQUEST) else reference
    if name != LAST and not name.startswith(_CALL):
        raise Failure(f"'{reference}' is no id of a call ({_CALL}…) or of a request ({_REQUEST}…)", USAGE)
    try:
        archive = Archive(find_store(config, data))
        if name == LAST:
            found = next((call for call in archive.calls() if call.id.startswith(_CALL)), None)
        else:
            record = archive.call(name)
            found = None if record is None else record.call
    except DataDirectoryError as error:
        raise Failure(f"the records can't be read: {error}", FAILED) from None
    if found is None:
        raise Failure("no call is on record" if name == LAST else _unrecorded(reference, name, config, data), FAILED)
    return found


def _unrecorded(reference: str, call: str, config: ConfigOption, data: DataOption) -> str:
    """Why nothing is on record of a call."""
    asked = tickets_of(call, config, data)
    if asked:
        ticket = asked[-1].ticket.id
        return (
            f"no call '{reference}' is on record yet: it asked people, and is held, or whoever sent it went away "
            f"before it could go on; `narrows why {ticket}` says how that stands"
        )
    return f"no call '{reference}' is on record; requests without a valid credential are counted, not recorded"
