"""`POST /oauth/token`: another issuer's token for one of Narrows (RFC 8693). `POST /oauth/revoke`: one of Narrows is
handed back (RFC 7009). Whoever asks shows the token itself, so the routes open to everybody."""

import logging
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Response

from narrows.console.desk import Desk
from narrows.console.exchanging import Caller, TokenOffice
from narrows.console.identity import PUBLIC, address_of
from narrows.console.oauth import Misasked, OAuthError, Wrong, read_form
from narrows.console.problems import Problem, Refused, request_id_of
from narrows.console.returning import hand_back
from narrows.ports.audit import AuditUnavailable
from narrows.ports.revocations import RevocationsUnavailable
from narrows.ports.tokens import TokensUnavailable

LARGEST_FORM: Final = 48 * 1024
"""Bytes of a request's body: a token of the longest kind, every character of it escaped."""

_log = logging.getLogger("narrows.console")


@post(
    "/oauth/token",
    opt={PUBLIC: True},
    status_code=200,
    request_max_body_size=LARGEST_FORM,
    summary="Exchange a token",
    tags=["tokens"],
)
async def exchange_token(
    request: Request[Any, Any, Any], office: NamedDependency[TokenOffice | None]
) -> Response[bytes]:
    """Takes a form, as RFC 8693 describes it; gives a token of Narrows, or one of the errors of RFC 6749."""
    if office is None:
        raise Refused(Problem.ROUTE_UNKNOWN)
    caller = Caller(request_id_of(request.scope), address_of(request))
    try:
        form = read_form(request.headers.get("content-type", ""), await request.body())
        reply = await office.answer(form, caller)
    except Misasked as wrong:
        reply = wrong.error
    return _said(reply)


@post(
    "/oauth/revoke",
    opt={PUBLIC: True},
    status_code=200,
    request_max_body_size=LARGEST_FORM,
    summary="Hand back a token",
    tags=["tokens"],
)
async def return_token(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Ends a token of Narrows, as RFC 7009 describes it. The answer is the same for one that is not known."""
    caller = Caller(request_id_of(request.scope), address_of(request))
    try:
        token = read_form(request.headers.get("content-type", ""), await request.body()).get("token")
        if token is None:
            return _said(OAuthError(Wrong.INVALID_REQUEST, "`token` is missing"))
        await desk.run(lambda books: hand_back(books, token, caller, desk.now))
    except Misasked as wrong:
        return _said(wrong.error)
    except (AuditUnavailable, RevocationsUnavailable, TokensUnavailable) as error:
        _log.error("a token can't be ended: %s", error)
        return _said(OAuthError(Wrong.TEMPORARILY_UNAVAILABLE, "the token can't be ended now"))
    return _said({})


def _said(reply: object) -> Response[bytes]:
    headers = {"Pragma": "no-cache"}
    status = 200
    if isinstance(reply, OAuthError):
        status = reply.status
        if status == 503:
            headers["Retry-After"] = "5"
    return Response(msgspec.json.encode(reply), status_code=status, media_type="application/json", headers=headers)
