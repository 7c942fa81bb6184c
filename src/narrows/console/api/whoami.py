"""`/api/v1/whoami`: who the console takes the caller for, and what they may do here."""

from datetime import UTC, datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency

from narrows.console.identity import ACTION, ROLES
from narrows.console.problems import problems
from narrows.console.roles import ANY, Role
from narrows.console.visitor import Visitor


class WhoAmI(msgspec.Struct, frozen=True):
    """An identity as it was verified. `issuer` is the configured issuer's name, groups are `issuer:group`."""

    user: str
    issuer: str
    subject: str
    groups: tuple[str, ...]
    roles: tuple[Role, ...]
    expires_at: datetime


@get(
    "/api/v1/whoami",
    opt={ROLES: ANY, ACTION: "whoami"},
    sync_to_thread=False,
    summary="Who I am here",
    responses=problems(),
    tags=["identity"],
)
def whoami(visitor: NamedDependency[Visitor]) -> WhoAmI:
    """The caller's identity, groups and roles."""
    return WhoAmI(
        user=visitor.who,
        issuer=visitor.principal.issuer,
        subject=visitor.principal.subject,
        groups=visitor.groups,
        roles=tuple(sorted(visitor.roles)),
        expires_at=datetime.fromtimestamp(visitor.expires, UTC),
    )
