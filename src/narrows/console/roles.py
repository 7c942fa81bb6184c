"""Roles: what people are here, by the groups that their issuer says they are in. Pure.

Who has no role may do nothing, and a route that names no role is nobody's.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from narrows.config.console import EVERYBODY, Roles
from narrows.model.principal import Principal
from narrows.policy.approvals import groups_of
from narrows.policy.who import qualify


class Role(StrEnum):
    """What somebody is in the console. Roles add up."""

    ADMIN = "admin"
    APPROVER = "approver"
    AUDITOR = "auditor"
    USER = "user"


ANY: Final = frozenset(Role)
"""Whoever has a role."""

DECIDING: Final = frozenset({Role.ADMIN, Role.APPROVER})
"""Who may decide, where a rule names them."""

SEES_ALL: Final = frozenset({Role.ADMIN, Role.AUDITOR})
"""Who sees everything."""


class RoleBook:
    """Who has which role, by the configuration."""

    def __init__(self, roles: Roles, issuers: Sequence[str]) -> None:
        self._everybody = frozenset(role for role in Role if EVERYBODY in getattr(roles, role.value))
        groups: dict[str, set[Role]] = {}
        for role in Role:
            for name in getattr(roles, role.value):
                full = None if name == EVERYBODY else qualify(name, issuers)
                if full is not None:
                    groups.setdefault(full, set()).add(role)
        self._groups: Mapping[str, frozenset[Role]] = {name: frozenset(found) for name, found in groups.items()}

    @property
    def empty(self) -> bool:
        """Whether nobody has any role."""
        return not (self._everybody or self._groups)

    def of(self, principal: Principal) -> frozenset[Role]:
        """The roles of a person; a service account has none."""
        if principal.kind != "user":
            return frozenset()
        mine = (self._groups.get(group, frozenset()) for group in groups_of(principal))
        return self._everybody.union(*mine)
