"""The control-plane process, put together: who may come in, the files on the desk, the API, the server.

It shares with the gate its configuration and its data directory, and nothing else: files of the gate it only reads.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from narrows.config.problem import ConfigError
from narrows.config.schema import Config, IdentitySettings
from narrows.console.app import build_app
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.console.identity import Admission, Door
from narrows.console.roles import RoleBook
from narrows.console.server import HttpServer
from narrows.console.teams import Judged, Teams
from narrows.edge.server import parse_listen
from narrows.edge.tls import Certificates
from narrows.identity.authenticator import GateAuthenticator, build_authenticator
from narrows.identity.cache import Checks
from narrows.identity.containment import Holdings, holdings
from narrows.model.approval import RecentCall, Ticket, TicketState
from narrows.model.change import Change
from narrows.policy.access import compile_access
from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.audit import SqliteAudit
from narrows.stores.sqlite.changes import SqliteChanges
from narrows.stores.sqlite.control import ControlDb, ControlWatch
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.gatefile import GateView
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.stores.sqlite.people import PeopleWatch, SqlitePeople
from narrows.stores.sqlite.recentcalls import recent_calls
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.tokens import SqliteTokens, SqliteTokenWatch
from narrows.upstream.fetch import DocumentFetcher
from narrows.wiring.clock import SequentialIds, SystemClock
from narrows.wiring.configuration import read_checked
from narrows.wiring.exchanging import Exchanging
from narrows.wiring.listening import Listening
from narrows.wiring.looking import Looking
from narrows.wiring.reload import FileWatch, cancel
from narrows.wiring.revoking import Following
from narrows.wiring.teams import tried

_log = logging.getLogger("narrows.console")

_TICK: Final = 1.0
"""Seconds between two looks at the TLS files."""


class SqliteBooks:
    """The files of a data directory that the console uses."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.audit: Final = SqliteAudit(directory, clock)
        self.decisions: Final = SqliteDecisions(directory, clock)
        self.grants: Final = SqliteGrants(directory, clock)
        self.tokens: Final = SqliteTokens(directory, clock)
        self.directory: Final = SqlitePeople(directory, clock)
        self.revocations: Final = SqliteRevocations(directory, clock)
        self.changes: Final = SqliteChanges(directory, clock)
        self.sighted: Final = GateView(directory)
        self._place = directory
        self._clock = clock

    def recent(self, ticket: Ticket) -> Sequence[RecentCall]:
        """Calls of a ticket's session before it was asked, from the gate's record; none where that can't be read, so
        that people can decide without them."""
        try:
            return recent_calls(Archive(self._place), ticket)
        except DataDirectoryError as error:
            _log.warning("what a session did before can't be read: %s", error)
            return ()

    def holdings(self, who: str) -> Holdings:
        """What a person has in hand; of files that are opened for it and left."""
        accounts, grants = ControlDb(self._place, self._clock), SqliteGrants(self._place, self._clock)
        try:
            asked = self.decisions.list((TicketState.PENDING, TicketState.APPROVED))
            return holdings(who, accounts, self.tokens, grants, asked, self._clock.now(), self.directory)
        finally:
            grants.close()
            accounts.close()

    def close(self) -> None:
        """Closes them."""
        self.changes.close()
        self.revocations.close()
        self.directory.close()
        self.tokens.close()
        self.grants.close()
        self.decisions.close()
        self.audit.close()


def _judged(config: Config, changes: Sequence[Change], proposed: Sequence[Change]) -> Judged:
    """What is wrong with policies of teams, and what they are warned of."""
    found = tried(config, changes, proposed)
    return Judged(found.unusable, found.warnings)


class Keys:
    """The authenticator in force, and what it fetches with. Kept while the settings of identity are the same."""

    def __init__(self, directory: Path, clock: Clock, checks: Checks) -> None:
        self._directory = directory
        self._clock = clock
        self._checks = checks
        self._settings: IdentitySettings | None = None
        self._current: GateAuthenticator | None = None
        self._fetchers: tuple[DocumentFetcher, ...] = ()

    async def of(self, settings: IdentitySettings) -> GateAuthenticator:
        """The authenticator for these settings, started; the one before is closed. Raises ValueError and what starting
        it raises; then the one before stays."""
        if self._current is not None and settings == self._settings:
            return self._current
        own = {each.name: DocumentFetcher(each.ca_bundle) for each in settings.issuers if each.ca_bundle is not None}
        fetchers = (DocumentFetcher(), *own.values())
        try:
            fresh = build_authenticator(
                settings,
                fetchers[0],
                ControlWatch(self._directory),
                self._clock,
                fetchers=own,
                issued=SqliteTokenWatch(self._directory),
                directory=PeopleWatch(self._directory),
                checks=self._checks,
            )
            await fresh.start()
        except BaseException:
            _close(fetchers)
            raise
        await self.close()
        self._settings, self._current, self._fetchers = settings, fresh, fetchers
        return fresh

    async def close(self) -> None:
        """Ends what is in force."""
        if self._current is not None:
            await self._current.close()
        _close(self._fetchers)
        self._current, self._fetchers = None, ()


def _close(fetchers: tuple[DocumentFetcher, ...]) -> None:
    for fetcher in fetchers:
        fetcher.close()


class Console:
    """One console. `start`, then `run_until_signal` or `stop`. With a path, roles and identity are reloaded on
    change."""

    def __init__(self, config: Config, path: Path | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._path = path
        self._environ = environ
        clock = SystemClock()
        directory = Path(config.store)
        self._revoked = Following(directory, clock)
        self._keys = Keys(directory, clock, self._revoked.standing)
        self._desk = Desk(lambda: SqliteBooks(directory, clock), clock)
        self._failures = Failures()
        self._exchanging = Exchanging(directory, clock, self._desk, self._failures)
        self._listening = Listening(clock, self._desk, self._failures)
        self._looking = Looking(directory, clock, config)
        self._door: Door | None = None
        self._server: HttpServer | None = None
        self._certificates: Certificates | None = None
        self._jobs: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("the console has not been started")
        return self._server.port

    async def start(self) -> None:
        """Opens the files and listens. Raises OSError, ValueError, ApprovalsUnavailable, AuditUnavailable."""
        try:
            await self._begin()
        except BaseException:
            await self.stop()
            raise
        _log.info("ready on %s (port %d)", self._config.console.listen, self.port)

    async def _begin(self) -> None:
        config = self._config
        await self._desk.start()
        await self._revoked.start()
        self._door = Door(await self._admission(config), self._failures, self._desk)
        await self._exchanging.settle(config)
        await self._listening.settle(config)
        tls = config.console.tls
        self._certificates = None if tls is None else Certificates(tls)
        host, port = parse_listen(config.console.listen)
        server = HttpServer(
            build_app(
                self._door,
                self._desk,
                SequentialIds(),
                self._exchanging.office,
                self._listening.providers,
                self._looking,
            ),
            host,
            port,
            context=None if self._certificates is None else self._certificates.context,
            trusted_proxies=config.console.trusted_proxies,
        )
        await server.start()
        self._server = server
        self._jobs.append(asyncio.create_task(self._housekeeping()))
        if self._path is not None:
            self._jobs.append(asyncio.create_task(FileWatch(self._path, self.reload).run()))

    async def _admission(self, config: Config) -> Admission:
        roles = RoleBook(config.console.roles, config.identity.people)
        if roles.empty:
            _log.warning("nobody has a role under `console.roles`, so everybody is refused")
        keys = await self._keys.of(config.identity)
        return Admission(keys, roles, compile_access(config), Teams(config, partial(_judged, config)))

    async def reload(self) -> None:
        """Takes roles and issuers of a new version of the configuration into force; a broken one is refused, and the
        old one stays."""
        if self._path is None or self._door is None:
            return
        try:
            config = (await asyncio.to_thread(read_checked, self._path, self._environ)).config
            admission = await self._admission(config)
            await self._exchanging.settle(config)
            await self._listening.settle(config)
        except (ConfigError, ValueError, OSError, AccountsUnavailable) as error:
            _log.error("the new configuration is refused and the old one stays in force:\n%s", error)
            return
        self._door.admission = admission
        self._looking.settle(config)
        if self._changes_address(config):
            _log.warning("a change of where the console listens, and of `store`, takes effect at its next start")
        self._config = config
        _log.info("the new configuration is in force")

    def _changes_address(self, config: Config) -> bool:
        new, old = config.console, self._config.console
        return (new.listen, new.tls, new.trusted_proxies, config.store) != (
            old.listen, old.tls, old.trusted_proxies, self._config.store,
        )  # fmt: skip

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            if self._certificates is not None:
                self._certificates.poll()

    async def run_until_signal(self) -> None:
        """Serves until SIGTERM or SIGINT."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, ended.set)
        await ended.wait()
        await self.stop()

    async def stop(self) -> None:
        """Lets requests finish, then closes everything. Idempotent."""
        for job in self._jobs:
            await cancel(job)
        self._jobs.clear()
        if self._server is not None:
            await self._server.stop()
        self._failures.flush()
        await self._exchanging.close()
        await self._listening.close()
        await self._keys.close()
        await self._revoked.stop()
        await self._desk.close()
