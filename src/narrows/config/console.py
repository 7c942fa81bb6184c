"""The settings of the console: where it listens, and who is what there."""

from typing import Annotated, Literal

from msgspec import Meta

from narrows.config.setting import Setting
from narrows.config.tls import Tls

EVERYBODY = "*"
"""Whoever an issuer vouches for; only the role `user` may be given to them."""

Groups = tuple[str, ...]


class Roles(Setting, frozen=True, kw_only=True):
    """Which groups have which role, by exact names. Roles add up; who has none is refused."""

    admin: Annotated[Groups, Meta(description="Sees everything. Approves only where a rule names them.")] = ()
    approver: Annotated[Groups, Meta(description="Sees and decides what rules ask of them.")] = ()
    auditor: Annotated[Groups, Meta(description="Sees everything and changes nothing.")] = ()
    user: Annotated[
        Groups, Meta(description='Sees what they asked themselves. `["*"]` is everybody an issuer vouches for.')
    ] = ()


class Console(Setting, frozen=True, kw_only=True):
    """The console, which `narrows console` runs."""

    listen: Annotated[str, Meta(description="Address and port of the console's API.")] = "127.0.0.1:8081"
    url: Annotated[str | None, Meta(description="Where people and their programs reach it; clients are told so.")] = (
        None
    )
    tls: Annotated[Tls | None, Meta(description="TLS to the client; plain HTTP without it.")] = None
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8.")
    ] = ()
    roles: Annotated[Roles, Meta(description="Which groups have which role.")] = Roles()
    two_person: Annotated[
        tuple[Literal["policies", "masks"], ...],
        Meta(
            description="Changes of teams that take effect only when a second person has approved them. policies: "
            "every change; masks: those that change what is masked."
        ),
    ] = ()
