"""What the commands of the client's side share: the sign-ins of this person, the one that is meant, and its token."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.cli.failure import USAGE, Failure
from narrows.cli.terminal import complain
from narrows.client.failure import SignInFailed
from narrows.client.logins import Login, Logins
from narrows.client.tokens import Tokens
from narrows.wiring.places import state_folder

if TYPE_CHECKING:
    from narrows.client.renewal import Renewal


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def open_logins() -> Logins:
    """The sign-ins that are kept on this machine."""
    return Logins(state_folder(os.environ, Path.home()))


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What fails on the client's side becomes a message."""
    try:
        yield
    except SignInFailed as problem:
        raise Failure(str(problem)) from None


def chosen(logins: Logins, url: str | None) -> Login:
    """The sign-in for a gate, or the current one. Raises Failure."""
    if url is not None:
        # The rules of addresses come with much that a token which is only printed does not need.
        from narrows.client.gate import gate_url  # noqa: PLC0415

        with told():
            url = gate_url(url)
    found = logins.find(url)
    if found is None:
        where = "https://gate.example.com" if url is None else url
        raise Failure(
            f"nobody is signed in{'' if url is None else f' for {url}'}; run `narrows login --url {where}`", USAGE
        )
    return found


def renewal(logins: Logins, login: Login) -> "Renewal":
    """What renews a sign-in. Raises SignInFailed."""
    from narrows.client.renewal import Renewal  # noqa: PLC0415 - as above
    from narrows.client.web import Web  # noqa: PLC0415

    return Renewal(logins, login, Web(login.ca_bundle), now, lambda message: complain(f"narrows: {message}"))


def fresh(logins: Logins, login: Login) -> Tokens:
    """Its tokens, renewed if they are due. Raises SignInFailed."""
    tokens = logins.tokens(login)
    if tokens is not None and not tokens.due(now()):
        return tokens
    return renewal(logins, login).fresh()
