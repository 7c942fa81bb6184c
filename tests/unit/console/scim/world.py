"""A console whose directory is a real file, two providers that keep theirs there, and a client of each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from narrows.config.provisioning import Scim
from narrows.config.schema import Issuer
from narrows.console.app import build_app
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.console.identity import Admission, Door
from narrows.console.providers import Providers
from narrows.console.roles import RoleBook
from narrows.model.revocation import Revocation
from narrows.model.secret import Secret
from narrows.stores.sqlite.people import SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations
from unit.console.world import ROLES, MemoryBooks, NamedTokens, Numbers, StillClock

TOKENS = {"corp": "corp-" + "t" * 32, "other": "other-" + "t" * 32}
OLD = "corp-before-" + "t" * 32
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Books(MemoryBooks):
    """Those of a console in memory, with a directory in a file."""

    def __init__(self, folder: Path, clock: StillClock) -> None:
        super().__init__(clock)
        self.directory = SqlitePeople(folder, clock)

    def close(self) -> None:
        self.directory.close()
        super().close()


class ScimWorld:
    """The console, and what it left behind."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = StillClock()
        self.folder = folder
        self.books: Books
        self.desk = Desk(self._open, self.clock)
        failures = Failures()
        door = Door(Admission(NamedTokens(), RoleBook(ROLES, ["corp"])), failures, self.desk)
        self.providers = Providers(self.desk, failures)
        self.issuers = [
            issuer("corp", Scim(token=Secret(TOKENS["corp"]), previous=Secret(OLD), **settings)),
            issuer("other", Scim(token=Secret(TOKENS["other"]))),
            issuer("plain", None),
        ]
        self.providers.known(self.issuers)
        app = build_app(door, self.desk, Numbers(), providers=self.providers)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://console")

    def _open(self) -> Books:
        self.books = Books(self.folder, self.clock)
        return self.books

    async def call(
        self, method: str, path: str, body: Any = None, *, issuer: str = "corp", token: str | None = "", **request: Any
    ) -> httpx.Response:
        """A request of a provider; with its own token unless told otherwise."""
        shown = TOKENS[issuer] if token == "" else token
        headers = {} if shown is None else {"authorization": f"Bearer {shown}"}
        if body is not None:
            headers["content-type"] = "application/scim+json"
            request["json"] = body
        self.clock.time += 1_000_000
        return await self.client.request(method, f"/scim/v2/{issuer}{path}", headers=headers, **request)

    async def made(self, path: str, body: Any, issuer: str = "corp") -> dict[str, Any]:
        """What was made of a resource that must be good."""
        reply = await self.call("POST", path, body, issuer=issuer)
        assert reply.status_code == 201, reply.text
        found: dict[str, Any] = reply.json()
        assert reply.headers["location"] == found["meta"]["location"]
        return found

    async def user(self, name: str, /, **more: Any) -> dict[str, Any]:
        return await self.made("/Users", {"schemas": [USER], "userName": name, **more})

    async def patch(self, path: str, *operations: dict[str, Any]) -> httpx.Response:
        return await self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def revoked(self) -> list[Revocation]:
        """The revocations that stand."""
        kept = SqliteRevocations(self.folder, self.clock)
        found = list(kept.standing())
        kept.close()
        return found

    def trail(self) -> list[tuple[str, str, str, str]]:
        """Who did what to what, and how it went."""
        return [(act.who, act.action, act.target, act.outcome.value) for act in self.books.audit.acts]


def issuer(name: str, scim: Scim | None) -> Issuer:
    return Issuer(name=name, issuer=f"https://{name}.example", audience="narrows", scim=scim)


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[ScimWorld]:
    world = ScimWorld(folder, **settings)
    await world.desk.start()
    try:
        yield world
    finally:
        await world.client.aclose()
        await world.desk.close()
