"""What providers tell by themselves comes in here: which of them may tell what, and that it is really them.

It owns who they are to the console: `settings` is replaced whole when the configuration changes. Each proves itself by
what its own setting says, whatever its name in the path; somebody else's token opens nothing.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection

from narrows.config.schema import Issuer
from narrows.console.audit import Trail
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.console.identity import address_of
from narrows.console.problems import Problem, request_id_of
from narrows.console.visitor import Visitor
from narrows.identity.events import Listener
from narrows.model.principal import Principal
from narrows.model.secret import Secret

Connection = ASGIConnection[Any, Any, Any, Any]


_SCHEME: Final = "bearer "


class Caller(msgspec.Struct, frozen=True):
    """Who asks, for one request: a provider by its name, from where, and the request's id."""

    issuer: str
    address: str
    request_id: str

    @property
    def ident(self) -> str:
        """A text that no other request has, for the ids of what is made for it."""
        return self.request_id.partition("_")[2]


class Providers:
    """The configured providers."""

    def __init__(self, desk: Desk, failures: Failures) -> None:
        self.desk: Final = desk
        self.settings: Mapping[str, Issuer] = {}
        self.logouts: Mapping[str, Listener] = {}
        self.events: Mapping[str, Listener] = {}
        self._failures = failures

    def known(
        self,
        issuers: Sequence[Issuer],
        logouts: Mapping[str, Listener] | None = None,
        events: Mapping[str, Listener] | None = None,
    ) -> None:
        """Takes these into force, and who hears their sign-outs and events, by their names."""
        self.settings = {issuer.name: issuer for issuer in issuers}
        self.logouts, self.events = logouts or {}, events or {}

    def caller(self, connection: Connection) -> Caller:
        """Who a request says that it is from; nothing of it is proven."""
        name = str(connection.path_params.get("issuer", ""))
        return Caller(name, address_of(connection), request_id_of(connection.scope))

    def trail(self, caller: Caller, credential: str) -> Trail:
        """For what a provider does, under its name."""
        visitor = Visitor(Principal(caller.issuer, ""), frozenset(), credential, 0.0, caller.address, caller.request_id)
        return Trail(visitor, self.desk.now)

    def strange(self, caller: Caller) -> None:
        """Counts somebody who is not who they say."""
        self._failures.note(self.desk.now(), caller.address, Problem.CREDENTIAL_INVALID)


def presents(connection: Connection, tokens: Sequence[Secret | None]) -> bool:
    """Whether a request carries one of these as its bearer token; compared in constant time, each of them."""
    values = connection.headers.getall("authorization", [])
    if len(values) != 1 or not values[0].lower().startswith(_SCHEME):
        return False
    given = values[0][len(_SCHEME) :].strip().encode()
    return any(hmac.compare_digest(given, each.reveal().encode()) for each in tokens if each is not None)
