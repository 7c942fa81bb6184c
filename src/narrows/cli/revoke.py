"""`narrows revoke`: ends a credential, or all credentials of somebody, at once: what is under way with it, too."""

from typing import Annotated

import typer

from narrows.cli.approvals import operator
from narrows.cli.configuration import ConfigOption, DataOption
from narrows.cli.failure import FAILED, Failure
from narrows.cli.stopping import Books, enforced, opened, row, told
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.identity.containment import named, revoking
from narrows.model.revocation import Revoked

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def revoke(
    kind: Annotated[
        Revoked, typer.Argument(metavar="KIND", help="token, grant, key, login, session, user, account or group.")
    ],
    subject: Annotated[str, typer.Argument(metavar="ID", help="Its id; for account its name.")],
    reason: Annotated[str, typer.Option(help="Why. It is recorded, and callers do not see it.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Revoke a credential, or everything that was issued to somebody until now.

    New calls with it are refused, and calls under way are cut. It waits until
    the gate says what it has stopped, two seconds at most.

      token    a token by its id in the record: a jti, sha256:…, tok_…
      key      a key of a service account, by its id
      grant    a grant and the tokens issued for it
      login    a sign-in and its tokens: issuer:sid
      session  a session of calls: no call of it goes on
      user     what was issued to a person until now: issuer:subject
      account  what was issued to a service account until now
      group    what was issued until now to everybody in it: issuer:group

    Who signs in again after that is let in. To keep somebody out use
    `narrows contain`. `narrows revocations lift` takes a revocation back.
    In place of its id a token or a key itself does, too; it is not kept.

    [bold]Examples[/bold]

      narrows revoke user corp:ana --reason "laptop lost"

      narrows revoke key 0f3kq81zt0aa --reason "was in a public repository"
    """
    with opened(config, data) as books:
        now = books.clock.now()
        name = named(kind, subject, books.issuers)
        _known(books, kind, name)
        made = revoking(kind, name, operator(), reason, now)
        books.revocations.add([made])
        stopped = enforced(books, [made])
        if as_json:
            print_json(row(made, None, stopped or ()))
            return
        say(harmless(f"{made.id}: {made.kind.value} {made.subject} is revoked"))
        told(stopped, now, books.clock.now())
        if made.before is not None and kind is not Revoked.LOGIN:
            complain("What is issued from now on is let in; `narrows contain` keeps a person out.")


def _known(books: Books, kind: Revoked, subject: str) -> None:
    """A name that Narrows itself has given must be one that it has given: a slip of the hand would revoke nothing."""
    known = True
    if kind is Revoked.KEY:
        known = any(each.id == subject for each in books.accounts.list())
    elif kind is Revoked.ACCOUNT:
        known = any(each.name == subject for each in books.accounts.list()) or bool(
            books.tokens.of(f"narrows:{subject}")
        )
    elif kind is Revoked.GRANT:
        known = books.grants.get(subject) is not None
    elif kind is Revoked.TOKEN and subject.startswith("tok_"):
        known = books.tokens.get(subject) is not None
    if not known:
        raise Failure(f"there is no {kind.value} '{subject}'", FAILED)
