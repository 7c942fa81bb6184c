"""Whoever asks, once they are known: what handlers and the trail need of them."""

import msgspec

from narrows.console.roles import Role
from narrows.model.principal import Principal
from narrows.policy.approvals import groups_of


class Visitor(msgspec.Struct, frozen=True):
    """Whoever asks, for one request. `expires` is the credential's end in Unix seconds, `kind` what kind of
    credential it is."""

    principal: Principal
    roles: frozenset[Role]
    credential: str
    expires: float
    address: str
    request_id: str
    kind: str = "oidc"

    @property
    def who(self) -> str:
        """`issuer:subject`."""
        return self.principal.key

    @property
    def groups(self) -> tuple[str, ...]:
        """Their groups, `issuer:group` each."""
        return groups_of(self.principal)
