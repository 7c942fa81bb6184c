"""`POST /oidc/{issuer}/logout` and `POST /ssf/{issuer}/events`: providers tell who has signed out, and what happened.

Both are signed statements that prove themselves, so the routes open to everybody; one that is heard again does nothing.
"""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter

from narrows.config.schema import Issuer
from narrows.console import signals
from narrows.console.desk import Books
from narrows.console.identity import PUBLIC
from narrows.console.oauth import Misasked, read_form
from narrows.console.problems import Problem, Refused
from narrows.console.providers import Caller, Providers, presents
from narrows.identity.events import LOGOUT, Statement, Unheard, Why, logout_of
from narrows.model.audit import ActOutcome
from narrows.ports.directory import Effects

SET_TYPE: Final = "application/secevent+jwt"

LARGEST_BODY: Final = 128 * 1024
"""Bytes of a request."""

Asking = Request[Any, Any, Any]
Door = NamedDependency[Providers]
Name = Annotated[str, PathParameter(description="The issuer's name in the configuration.")]

_OPEN: Final = {PUBLIC: True}
_LATER: Final = {"Retry-After": "10"}


@post("/oidc/{issuer:str}/logout", opt=_OPEN, status_code=200)
async def logout(request: Asking, providers: Door, issuer: Name) -> Response[bytes]:
    """OpenID Connect Back-Channel Logout 1.0, section 2.5: a form with a logout token."""
    listener, settings = providers.logouts.get(issuer), providers.settings.get(issuer)
    if listener is None or settings is None:
        raise Refused(Problem.ROUTE_UNKNOWN)
    caller = providers.caller(request)
    try:
        form = read_form(request.headers.get("content-type", ""), await request.body())
    except Misasked as wrong:
        return _not_logged_out(providers, caller, Unheard(Why.REQUEST, wrong.error.error_description))
    statement = await listener.hear(form.get("logout_token", ""))
    told = statement if isinstance(statement, Unheard) else logout_of(statement)
    if isinstance(statement, Unheard) or isinstance(told, Unheard):
        return _not_logged_out(providers, caller, told if isinstance(told, Unheard) else Unheard(Why.REQUEST, ""))
    session, subject = told
    now = providers.desk.now()
    effects = signals.logout(settings, session, subject, statement.at, caller.ident, now)
    unknown = () if effects.revoked else (LOGOUT,)
    await _do(providers, caller, settings, "oidc.logout", statement, signals.Heard(effects, (LOGOUT,), unknown))
    return Response(b"", status_code=200, media_type="application/json")


@post("/ssf/{issuer:str}/events", opt=_OPEN, status_code=202)
async def events(request: Asking, providers: Door, issuer: Name) -> Response[bytes]:
    """RFC 8935, section 2: a security event token."""
    listener, settings = providers.events.get(issuer), providers.settings.get(issuer)
    if listener is None or settings is None or settings.events is None:
        raise Refused(Problem.ROUTE_UNKNOWN)
    caller = providers.caller(request)
    if settings.events.token is not None and not presents(request, (settings.events.token,)):
        return _not_heard(providers, caller, "authentication_failed", "the bearer token is not the transmitter's")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != SET_TYPE:
        return _not_heard(providers, caller, Why.REQUEST, f"the body must be {SET_TYPE}")
    try:
        token = (await request.body()).decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    statement = await listener.hear(token)
    if isinstance(statement, Unheard):
        if statement.why is Why.UNAVAILABLE:
            return Response(b"", status_code=503, headers=_LATER)
        return _not_heard(providers, caller, statement.why, statement.message)
    now = providers.desk.now()

    def work(books: Books) -> signals.Heard:
        def find(name: str) -> frozenset[str]:
            found = [*books.directory.people_with(settings.name, "user_name", name)]
            found += books.directory.people_with(settings.name, "external_id", name)
            return frozenset(person.subject for person in found)

        return signals.heard(settings, statement, find, caller.ident, now)

    heard = await providers.desk.run(work)
    await _do(providers, caller, settings, "ssf.event", statement, heard)
    return Response(b"", status_code=202)


def told_router(providers: Providers) -> Router:
    """Both of them."""
    return Router(
        "/",
        route_handlers=[logout, events],
        dependencies={"providers": Provide(lambda: providers, sync_to_thread=False)},
        request_max_body_size=LARGEST_BODY,
        include_in_schema=False,
    )


async def _do(
    providers: Providers, caller: Caller, issuer: Issuer, action: str, statement: Statement, heard: signals.Heard
) -> None:
    """Does what a statement asks for, between its rows in the trail, unless it was heard before."""
    trail = providers.trail(caller, statement.message[:200])

    def done(books: Books) -> None:
        for kind in heard.unknown:
            # Somebody should know: what it asks for is not done, since nobody is known of whom it is told.
            trail.did(books, action, _short(kind), ActOutcome.REFUSED, "subject_unknown")
        asked = heard.effects.revoked or heard.effects.lifted
        if asked:
            target = (heard.effects.revoked or heard.effects.lifted)[0].subject
            trail.doing(books, action, target, lambda: _hear(books, issuer, statement, heard.effects))
        elif _hear(books, issuer, statement, heard.effects) and not heard.unknown:
            trail.did(books, action, ", ".join(_short(kind) for kind in heard.told)[:500])

    await providers.desk.run(done)


def _hear(books: Books, issuer: Issuer, statement: Statement, effects: Effects) -> bool:
    return books.directory.hear(issuer.name, statement.message, statement.until, effects)


def _short(kind: str) -> str:
    return kind.rpartition("/")[2][:100]


def _not_logged_out(providers: Providers, caller: Caller, unheard: Unheard) -> Response[bytes]:
    if unheard.why is Why.UNAVAILABLE:
        return Response(b"", status_code=503, headers=_LATER)
    providers.strange(caller)
    body = {"error": "invalid_request", "error_description": unheard.message}
    return Response(msgspec.json.encode(body), status_code=400, media_type="application/json")


def _not_heard(providers: Providers, caller: Caller, error: str, message: str) -> Response[bytes]:
    providers.strange(caller)
    body = {"err": str(error), "description": message}
    return Response(msgspec.json.encode(body), status_code=400, media_type="application/json")
