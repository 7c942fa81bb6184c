"""The snapshot: configuration, policies and identity, compiled, immutable, swapped whole.

A call takes the current snapshot once, at its start, and finishes under it.
"""

from collections.abc import Callable, Mapping

import msgspec

from narrows.config.schema import Connection
from narrows.engine.paths import Paths
from narrows.model.call import Call, Source
from narrows.model.principal import Identity
from narrows.model.reservation import Reserved
from narrows.model.verdict import Deny
from narrows.policy.policyset import PolicySet
from narrows.ports.control import Control
from narrows.ports.dialect import Dialect
from narrows.ports.http import Headers, Upstream
from narrows.ports.identity import Authenticator
from narrows.ports.offload import Apart

Throttle = Callable[[Identity, Source, str, str, int], Deny | None]
"""Identity, source, connection, operation, Unix time in microseconds."""


def as_it_is(call: Call, deny: Deny) -> tuple[Call, Deny]:
    """A refusal, where no policy counts them."""
    return call, deny


def nothing(_call: Call) -> object:
    """By what a call is judged, where no policy asks people."""
    return None


def nobodys(_call: Call) -> Reserved | None:
    """In whose sums a refused call would count, where no limit counts end users."""
    return None


def nothing_sent(_principal: str) -> Mapping[str, frozenset[bytes]]:
    """What sessions have sent, where no rule asks."""
    return {}


class Connected(msgspec.Struct, frozen=True):
    """A connection, ready to use. `headers` are the request headers it forwards; `serves` says which models it has."""

    name: str
    settings: Connection
    dialect: Dialect
    upstream: Upstream
    headers: frozenset[bytes]
    serves: Callable[[str], bool]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a call is judged by. `controls` are in the order of the request, `reply_controls` of the reply.
    `recordable` gives a refused call and its refusal as they may be recorded, whatever control refused; None: as they
    are. `sent` gives what the sessions of a principal have sent, as digests by session. `apart` is the way to the
    process that judges large calls by the same snapshot; None: they are judged here. `refused` is told of every refusal
    of a known caller, and gives the call with what is to be noted and the refusal that the caller gets. `paths` are the
    controls by plan. `throttle` is asked before a body is read, with who asks, from where, the connection, the
    operation and the time in Unix microseconds: the refusal of a call that no policy could permit now, whatever is in
    it; None: nothing is limited in that way. `end_user` gives the person for whom a caller's headers say that it asks,
    where it is believed; None: nobody is. `whose` names the sums of people for whom callers ask in which a call would
    count that is refused. `asks`: some policy asks people, so calls carry their headers that mean something;
    `judged_by` gives all settings by which a call is judged: two snapshots that give the same judge it
    alike. `public` is the document that whoever asks is given, a stranger, too.

    `counting` is the same with nothing but the controls that count every call, whatever refuses it besides; None: none
    does.
    """

    revision: str
    connections: Mapping[str, Connected]
    hosts: Mapping[str, Connected]
    policies: PolicySet
    authenticator: Authenticator
    controls: tuple[Control, ...]
    reply_controls: tuple[Control, ...]
    max_body: int
    recordable: Callable[[Call, Deny], tuple[Call, Deny]] | None = None
    sent: Callable[[str], Mapping[str, frozenset[bytes]]] = nothing_sent
    apart: Apart | None = None
    refused: Callable[[Call, Deny], tuple[Call, Deny]] = as_it_is
    throttle: Throttle | None = None
    end_user: Callable[[Identity, Headers], str | None] | None = None
    whose: Callable[[Call], Reserved | None] = nobodys
    public: bytes = b""
    counting: "Snapshot | None" = None
    asks: bool = False
    judged_by: Callable[[Call], object] = nothing
    paths: Paths = msgspec.field(default_factory=Paths)


class Snapshots:
    """Holds the snapshot in force; `wiring` swaps it."""

    __slots__ = ("current",)

    def __init__(self, first: Snapshot) -> None:
        self.current = first
