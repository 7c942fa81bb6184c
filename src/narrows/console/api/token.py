"""`POST /oauth/token`: another issuer's token for one of Narrows (RFC 8693). Whoever asks shows the token itself, so
the route opens to everybody."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Response

from narrows.console.exchanging import Caller, TokenOffice
from narrows.console.identity import PUBLIC, address_of
from narrows.console.oauth import Misasked, OAuthError, read_form
from narrows.console.problems import Problem, Refused, request_id_of

LARGEST_FORM = 48 * 1024
"""Bytes of a request's body: a token of the longest kind, every character of it escaped."""


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
    headers = {"Pragma": "no-cache"}
    status = 200
    if isinstance(reply, OAuthError):
        status = reply.status
        if status == 503:
            headers["Retry-After"] = "5"
    return Response(msgspec.json.encode(reply), status_code=status, media_type="application/json", headers=headers)
