"""What the API refuses, and how it says so: RFC 9457 problem details, with one stable code each.

It owns the registry of codes and the way from any exception to a reply. Nothing of an unexpected exception reaches a
client, and of what was sent only the names of fields.
"""

import logging
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from narrows.ports.access import AccessUnavailable
from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.audit import AuditUnavailable
from narrows.ports.changes import ChangesUnavailable
from narrows.ports.directory import DirectoryUnavailable
from narrows.ports.revocations import RevocationsUnavailable
from narrows.ports.sightings import SightingsUnavailable
from narrows.ports.tokens import TokensUnavailable

MEDIA_TYPE: Final = "application/problem+json"

_ALIASES: Final = {"states": "state"}
"""Parameters that their function has to call otherwise than the API does."""

_log = logging.getLogger("narrows.console")


class Problem(StrEnum):
    """Why a request was refused. Stable: clients may match on it."""

    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    CREDENTIAL_EXPIRED = "credential_expired"
    CREDENTIAL_REVOKED = "credential_revoked"
    IDENTITY_CONTAINED = "identity_contained"
    SCOPE_EXCEEDED = "scope_exceeded"
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    NOT_A_PERSON = "not_a_person"
    ROLE_MISSING = "role_missing"
    APPROVAL_UNKNOWN = "approval_unknown"
    OWN_CALL = "own_call"
    NOT_ENTITLED = "not_entitled"
    DECIDED_OTHERWISE = "decided_otherwise"
    APPROVAL_CLOSED = "approval_closed"
    DECISION_REFUSED = "decision_refused"
    ACCESS_NOT_OFFERED = "access_not_offered"
    GRANT_UNKNOWN = "grant_unknown"
    OWN_ACCESS = "own_access"
    GRANT_CLOSED = "grant_closed"
    GRANT_REFUSED = "grant_refused"
    REVOCATION_UNKNOWN = "revocation_unknown"
    TEAM_UNKNOWN = "team_unknown"
    POLICY_UNKNOWN = "policy_unknown"
    CHANGE_UNKNOWN = "change_unknown"
    OWN_CHANGE = "own_change"
    CHANGE_REFUSED = "change_refused"
    FIELD_INVALID = "field_invalid"
    BODY_MALFORMED = "body_malformed"
    BODY_TOO_LARGE = "body_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    ROUTE_UNKNOWN = "route_unknown"
    METHOD_UNKNOWN = "method_unknown"
    STORE_UNAVAILABLE = "store_unavailable"
    INTERNAL = "internal"


class Meaning(NamedTuple):
    """A problem's HTTP status, its title, and what to do."""

    status: int
    title: str
    remedy: str


MEANINGS: Final[Mapping[Problem, Meaning]] = {
    Problem.CREDENTIAL_MISSING: Meaning(
        401, "The request carries no credential.", "Send `Authorization: Bearer <token>`."
    ),
    Problem.CREDENTIAL_INVALID: Meaning(
        401, "The credential can't be verified.", "Get a token of a configured issuer, for the configured audience."
    ),
    Problem.CREDENTIAL_EXPIRED: Meaning(401, "The credential has expired.", "Get a new token."),
    Problem.CREDENTIAL_REVOKED: Meaning(401, "The credential was revoked.", "Get a new token."),
    Problem.IDENTITY_CONTAINED: Meaning(
        401, "The identity is contained: no credential of it is accepted.", "Ask an administrator."
    ),
    Problem.SCOPE_EXCEEDED: Meaning(
        403, "The token was issued for calls to models, not for the console.", "Use a token of a sign-in."
    ),
    Problem.IDENTITY_UNAVAILABLE: Meaning(
        503, "The identity provider can't be reached to verify the credential.", "Try again."
    ),
    Problem.NOT_A_PERSON: Meaning(
        403, "The console is for people; service accounts have no role.", "Use the token of a person."
    ),
    Problem.ROLE_MISSING: Meaning(
        403, "No role that this identity has permits this.", "Ask for a role under `console.roles`."
    ),
    Problem.APPROVAL_UNKNOWN: Meaning(
        404, "There is no such approval, or it is not for you to see.", "Check the id; `GET /api/v1/approvals` lists."
    ),
    Problem.OWN_CALL: Meaning(
        403,
        "Nobody decides about their own call, nor about one of a service account that they own.",
        "Ask somebody else whom the rule names.",
    ),
    Problem.NOT_ENTITLED: Meaning(
        403, "The rules that ask do not name this identity.", "Ask somebody whom they name, under `requirements`."
    ),
    Problem.DECIDED_OTHERWISE: Meaning(
        409, "You have decided otherwise before.", "A decision stands; the reply says what has become of the approval."
    ),
    Problem.APPROVAL_CLOSED: Meaning(
        409, "It has been decided already, or nobody did in time.", "The same request of the caller asks anew."
    ),
    Problem.DECISION_REFUSED: Meaning(409, "It can't be decided so now.", "Read the approval again."),
    Problem.ACCESS_NOT_OFFERED: Meaning(
        403, "No rule of access offers this identity what it asks for.", "`GET /api/v1/access-rules` lists what is."
    ),
    Problem.GRANT_UNKNOWN: Meaning(
        404, "There is no such access, or it is not for you to see.", "Check the id; `GET /api/v1/access` lists."
    ),
    Problem.OWN_ACCESS: Meaning(403, "Nobody decides about their own access.", "Ask somebody else, named under `by`."),
    Problem.GRANT_CLOSED: Meaning(
        409, "Nothing can be said of it any more, or nothing has been decided yet: see `state`.", "Ask anew."
    ),
    Problem.GRANT_REFUSED: Meaning(409, "It can't be asked, decided or issued so now.", "Read it again."),
    Problem.REVOCATION_UNKNOWN: Meaning(
        404, "There is no such revocation or containment.", "Check the id; `GET /api/v1/revocations` lists."
    ),
    Problem.TEAM_UNKNOWN: Meaning(404, "There is no such team.", "Check the name; `GET /api/v1/teams` lists."),
    Problem.POLICY_UNKNOWN: Meaning(
        404, "The team has no such policy.", "Check the name; `GET /api/v1/teams/{team}/policies` lists."
    ),
    Problem.CHANGE_UNKNOWN: Meaning(
        404, "There is no such change, or it is not for you to see.", "Check the id; `GET /api/v1/changes` lists."
    ),
    Problem.OWN_CHANGE: Meaning(
        403, "Nobody approves or rejects a change of their own.", "Ask somebody else, or withdraw it."
    ),
    Problem.CHANGE_REFUSED: Meaning(409, "It can't be changed or decided so now.", "Read it again."),
    Problem.FIELD_INVALID: Meaning(400, "A field can't be what it is.", "Correct the fields under `errors`."),
    Problem.BODY_MALFORMED: Meaning(400, "The body can't be read.", "Send one JSON object."),
    Problem.BODY_TOO_LARGE: Meaning(413, "The body is too large.", "Send less."),
    Problem.REQUEST_TIMEOUT: Meaning(408, "The request took too long, its body's way included.", "Try again."),
    Problem.ROUTE_UNKNOWN: Meaning(404, "There is no such resource.", "`GET /openapi.json` lists them."),
    Problem.METHOD_UNKNOWN: Meaning(405, "The resource has no such method.", "`GET /openapi.json` lists them."),
    Problem.STORE_UNAVAILABLE: Meaning(
        503, "What the answer needs can't be read or written now; nothing was done.", "Try again."
    ),
    Problem.INTERNAL: Meaning(500, "Something went wrong here.", "Tell an administrator the request id."),
}


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field; its name, with dots into what it holds."""

    field: str
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every refusal: RFC 9457, `code` and `request_id` beside it."""

    type: str
    title: str
    status: int
    code: Problem
    instance: str
    request_id: str
    detail: str | None = None
    errors: tuple[FieldError, ...] = ()
    state: str | None = None


class Refused(Exception):
    """A request that is refused, and why. `detail` is for the client; `state` what has become of the approval."""

    def __init__(
        self,
        problem: Problem,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.state = state


def details(refused: Refused, request_id: str) -> ProblemDetails:
    """The body that says it."""
    meaning = MEANINGS[refused.problem]
    return ProblemDetails(
        type=f"urn:narrows:problem:{refused.problem}",
        title=meaning.title,
        status=meaning.status,
        code=refused.problem,
        instance=f"urn:narrows:request:{request_id}",
        request_id=request_id,
        detail=refused.detail,
        errors=refused.errors,
        state=refused.state,
    )


def problems(*more: int) -> dict[int, ResponseSpec]:
    """What a route that takes a credential may answer besides, for its description."""
    return {
        status: ResponseSpec(
            ProblemDetails,
            description=", ".join(code for code in Problem if MEANINGS[code].status == status),
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted({400, 401, 403, 503, *more})
    }


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The reply to a request that ended in an exception."""
    refused = refusal(error)
    body = details(refused, request_id_of(request.scope))
    return Response(
        msgspec.json.encode(body), status_code=body.status, media_type=MEDIA_TYPE, headers=dict(refused.headers)
    )


def request_id_of(scope: Any) -> str:
    """The request's id, as the envelope has set it."""
    return str(scope["state"]["request_id"])


def refusal(error: Exception) -> Refused:
    """What an exception says to a client."""
    match error:
        case Refused():
            return error
        case (
            AccessUnavailable()
            | ApprovalsUnavailable()
            | AuditUnavailable()
            | AccountsUnavailable()
            | ChangesUnavailable()
            | DirectoryUnavailable()
            | RevocationsUnavailable()
            | SightingsUnavailable()
            | TokensUnavailable()
        ):
            _log.error("the store can't be used: %s", error)
            return Refused(Problem.STORE_UNAVAILABLE, headers={"Retry-After": "5"})
        case ValidationException():
            return Refused(Problem.FIELD_INVALID, errors=_fields(error.extra))
        case HTTPException():
            return _of_status(error)
        case _:
            _log.error("a request failed: %s", type(error).__qualname__, exc_info=error)
            return Refused(Problem.INTERNAL)


def _of_status(error: HTTPException) -> Refused:
    match error.status_code:
        case 404:
            return Refused(Problem.ROUTE_UNKNOWN)
        case 405:
            return Refused(Problem.METHOD_UNKNOWN, headers=error.headers)
        case 413:
            return Refused(Problem.BODY_TOO_LARGE)
        case status if 400 <= status < 500:
            return Refused(Problem.BODY_MALFORMED)
        case _:
            _log.error("a request failed: %s", type(error).__qualname__, exc_info=error)
            return Refused(Problem.INTERNAL)


def _fields(extra: Any) -> tuple[FieldError, ...]:
    """What Litestar and msgspec found, each with the name of its field."""
    found = [entry for entry in extra if isinstance(entry, dict)] if isinstance(extra, list) else []
    return tuple(FieldError(*_named(entry)) for entry in found)


def _named(entry: dict[str, Any]) -> tuple[str, str]:
    """The field and the message. An unknown or missing field is named only in the message."""
    message = str(entry.get("message", "is not valid"))
    quoted = message.split("`")
    key = str(entry.get("key", "")).removeprefix("data").strip(".")
    if "field `" in message and len(quoted) > 2:
        key = f"{key}.{quoted[1]}".strip(".")
    return _ALIASES.get(key, key) or "body", message
