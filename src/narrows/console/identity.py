"""The door: who asks, by the same verification as the gate's, and whether a role of theirs opens this route.

Both are one step before anything else of a request is read, its body included. A route opens to the roles that it
names (`opt`), to everybody if it says so, and else to nobody.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from narrows.console.audit import Trail
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.console.problems import Problem, Refused, request_id_of
from narrows.console.roles import RoleBook
from narrows.console.teams import Teams
from narrows.console.visitor import Visitor
from narrows.model.audit import ActOutcome
from narrows.model.principal import Identity
from narrows.model.verdict import Deny
from narrows.policy.access import NO_RULES, AccessRules
from narrows.ports.identity import Authenticator

ROLES: Final = "roles"
"""The option of a route that names the roles it opens to."""

SCOPED: Final = "scoped"
"""The option of a route that names the roles on a team to which it opens, too: on the team in its path, else on any."""

PUBLIC: Final = "public"
"""The option of a route that opens to everybody."""

ACTION: Final = "action"
"""The option of a route that says under which name it stands in the trail."""

_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="narrows"'}

Connection = ASGIConnection[Any, Any, Any, Any]


class Admission(msgspec.Struct, frozen=True):
    """Who may come in, by one version of the configuration."""

    authenticator: Authenticator
    roles: RoleBook
    access: AccessRules = NO_RULES
    teams: Teams | None = None


class Door:
    """Lets people in. `admission` is replaced whole when the configuration changes. Whoever is known and has no role
    for a route stands in the trail; strangers are counted in the log."""

    def __init__(self, admission: Admission, failures: Failures, desk: Desk) -> None:
        self.admission = admission
        self._failures = failures
        self._desk = desk

    async def admit(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """A guard of every route: `connection.user` is the visitor afterwards. Raises Refused."""
        if handler.opt.get(PUBLIC) is True:
            return
        address = address_of(connection)
        try:
            visitor = await self._visitor(connection, address)
        except Refused as refused:
            self._failures.note(self._desk.now(), address, refused.problem)
            raise
        if not _opens(handler, visitor, connection.path_params.get("team")):
            self._failures.note(self._desk.now(), address, Problem.ROLE_MISSING)
            action = str(handler.opt.get(ACTION, handler.handler_name))
            target = str(connection.path_params.get("ticket_id", connection.url.path))
            trail = Trail(visitor, self._desk.now)
            await self._desk.run(
                lambda books: trail.did(books, action, target, ActOutcome.REFUSED, Problem.ROLE_MISSING)
            )
            raise Refused(Problem.ROLE_MISSING, _has(visitor.named))
        connection.scope["user"] = visitor

    async def _visitor(self, connection: Connection, address: str) -> Visitor:
        admission = self.admission
        token = _presented(connection)
        known = admission.authenticator.recall(admission.authenticator.digest(token))
        identity = known if known is not None else await admission.authenticator.verify(token)
        if isinstance(identity, Deny):
            raise _denied(identity)
        return _visitor(identity, admission, address, request_id_of(connection.scope))


def _opens(handler: BaseRouteHandler, visitor: Visitor, team: str | None) -> bool:
    opens = visitor.roles & frozenset(handler.opt.get(ROLES, ()))
    return bool(opens or visitor.on(team) & frozenset(handler.opt.get(SCOPED, ())))


def _visitor(identity: Identity, admission: Admission, address: str, request_id: str) -> Visitor:
    if identity.principal.kind != "user":
        raise Refused(Problem.NOT_A_PERSON)
    if identity.scope is not None:
        # Whoever was given a token for calls to one model was given nothing else.
        raise Refused(Problem.SCOPE_EXCEEDED)
    return Visitor(
        principal=identity.principal,
        roles=admission.roles.of(identity.principal),
        credential=identity.credential.id,
        expires=identity.credential.expires,
        address=address,
        request_id=request_id,
        kind=identity.credential.kind,
        teams={} if admission.teams is None else admission.teams.of(identity.principal),
    )


def address_of(connection: Connection) -> str:
    """The client's address; the server has looked through trusted proxies."""
    return connection.client.host if connection.client is not None else ""


def _presented(connection: Connection) -> str:
    values = connection.headers.getall("authorization", [])
    if not values:
        raise Refused(Problem.CREDENTIAL_MISSING, headers=_CHALLENGE)
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise Refused(
            Problem.CREDENTIAL_INVALID, "the Authorization header is not one of the Bearer scheme", headers=_CHALLENGE
        )
    return token.strip()


def _denied(deny: Deny) -> Refused:
    """What the authenticator refused; its codes are the same here."""
    problem = Problem(deny.code.value)
    if problem is Problem.IDENTITY_UNAVAILABLE:
        return Refused(problem, deny.message, headers={"Retry-After": str(deny.retry_after or 10)})
    return Refused(problem, deny.message, headers={"WWW-Authenticate": 'Bearer realm="narrows", error="invalid_token"'})


def _has(roles: Sequence[str]) -> str:
    return f"you are: {', '.join(roles)}" if roles else "you have no role"
