"""The data-path process, put together: everything is built here, once, and ended here, in the reverse order."""

import asyncio
import contextlib
import functools
import gc
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from narrows.accounting.end_users import Pseudonyms
from narrows.config.problem import ConfigError
from narrows.config.schema import Config
from narrows.config.schema import Gate as GateSettings
from narrows.edge.server import EdgeServer
from narrows.engine.bindings import Bindings
from narrows.engine.gateway import Gateway
from narrows.engine.replying import neutral
from narrows.engine.routing import face
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Snapshot, Snapshots
from narrows.engine.strangers import StrangerCounts
from narrows.engine.visits import Services
from narrows.inspection.novelty import Sessions
from narrows.model.verdict import Deny
from narrows.policy.policyset import PolicySet
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.offload import Apart
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.control import ControlWatch
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.ledger import SqliteLedger
from narrows.stores.sqlite.masterkey import load as load_key
from narrows.stores.sqlite.people import PeopleWatch
from narrows.stores.sqlite.sightings import SqliteSightings
from narrows.stores.sqlite.tokens import SqliteTokenWatch
from narrows.upstream.registry import Upstreams
from narrows.wiring import allocator
from narrows.wiring.admin import Admin
from narrows.wiring.approval_metrics import ApprovalMetrics
from narrows.wiring.approvals import Approving
from narrows.wiring.blueprint import blueprint
from narrows.wiring.clock import SequentialIds, SystemClock
from narrows.wiring.configuration import read_checked
from narrows.wiring.first_use import FirstUses
from narrows.wiring.gates import RuleGates
from narrows.wiring.limits import MICROS
from narrows.wiring.masks import MaskControls
from narrows.wiring.notify import Notifier
from narrows.wiring.offload import Workers
from narrows.wiring.plugged import PluggedControls
from narrows.wiring.prices import PriceTables
from narrows.wiring.questions import Questions
from narrows.wiring.reload import FileWatch, cancel
from narrows.wiring.revisions import written
from narrows.wiring.revoking import Revoking
from narrows.wiring.snapshots import SnapshotBuilder
from narrows.wiring.teams import Merged, TeamPolicies
from narrows.wiring.telemetry import PrometheusTelemetry, held_by_unit

if TYPE_CHECKING:
    from narrows.wiring.reload import Stamp

_log = logging.getLogger("narrows.gate")

_SWITCH: Final = 0.0005
"""Seconds after which a thread that computes lets the event loop go on, if that has something to do."""

_TICK: Final = 5.0
"""Seconds between two rounds of housekeeping: counts of strangers, TLS files."""


class Gate:
    """One gate. `start`, then `run_until_signal` or `stop`. With a path, the configuration is reloaded on change."""

    def __init__(self, config: Config, path: Path | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._path = path
        self._environ = environ
        self._clock = SystemClock()
        self._ids = SequentialIds()
        self._telemetry = PrometheusTelemetry()
        self._workers = Workers()
        directory = Path(config.store)
        self._journal = SqliteJournal(directory, config.recording, self._clock)
        self._ledger = SqliteLedger(directory, self._journal, self._clock, _unknown(config))
        self._telemetry.holding(lambda: held_by_unit(self._ledger.pending()))
        self._prices = PriceTables(directory, self._clock)
        self._masks = MaskControls(directory)
        self._plugged = PluggedControls()
        self._sent_key = secrets.token_bytes(32)
        self._sent = Sessions(self._sent_key)
        self._asked = ApprovalMetrics(self._clock)
        self._approvals = SqliteApprovals(directory, self._clock, told=self._asked.decided)
        self._approving = Approving(
            self._approvals,
            self._clock,
            self._journal,
            lambda: load_key(DataDirectory(directory)).session_key,
            FirstUses(lambda: Archive(directory)).used,
            lambda: Archive(directory),
        )
        self._sightings = SqliteSightings(directory, self._clock)
        self._revoking = Revoking(directory, self._approvals, self._sightings, self._clock, _name(config))
        self._builder = SnapshotBuilder(
            Upstreams(),
            lambda: ControlWatch(directory),
            self._clock,
            self._masks,
            self._sent,
            self._judged_apart,
            self._plugged,
            RuleGates(directory / "detectors"),
            self._ledger,
            self._prices.build,
            lambda: Pseudonyms(load_key(DataDirectory(directory)).end_user_key),
            approving=self._approving,
            issued=lambda: SqliteTokenWatch(directory),
            checks=self._revoking.standing,
            directory=lambda: PeopleWatch(directory),
            came=self._came,
        )
        self._teams = TeamPolicies(directory, self._teams_changed)
        self._changing = asyncio.Lock()
        self._strangers = StrangerCounts(self._journal)
        self._notifier = Notifier(directory, lambda: _questions(directory, self._clock), self._clock)
        self._asked.watch(self._approving.waiting.__len__, self._approvals.counts, self._notifier)
        self._telemetry.also(self._asked)
        self._snapshots: Snapshots | None = None
        self._edge: EdgeServer | None = None
        self._admin: EdgeServer | None = None
        self._jobs: list[asyncio.Task[None]] = []
        self._draining = False

    @property
    def port(self) -> int:
        """The port that clients call."""
        if self._edge is None:
            raise RuntimeError("the gate has not been started")
        return self._edge.port

    @property
    def admin_port(self) -> int:
        """The port of /healthz, /readyz and /metrics."""
        if self._admin is None:
            raise RuntimeError("the gate has not been started")
        return self._admin.port

    async def start(self) -> None:
        """Opens the journal, closes what a crash left open, reads from it what budgets have left, and accepts calls."""
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(self._release)
            await self._journal.start()
            await self._ledger.start()
            await self._approvals.start()
            await self._approving.start()
            # The same after every start, since tickets know texts by it.
            self._sent_key = load_key(DataDirectory(Path(self._config.store))).session_key
            self._sent.under(self._sent_key)
            self._approving.remember(self._sent)
            await self._sightings.start()
            await self._revoking.start()
            self._teams.read()
            found, snapshot = await self._built(self._config)
            self._snapshots = Snapshots(snapshot)
            self._teams.tell(found)
            self._approving.settle(snapshot.policies)
            self._builder.settle(found.config)
            await self._listen(self._snapshots)
            await self._notifier.settle(self._config)
            self._begin_jobs()
            undo.pop_all()
        _calm_collector()
        sys.setswitchinterval(_SWITCH)
        allocator.settle()
        _log.info("ready on %s (policies %s)", self._config.gate.listen, snapshot.revision)

    async def _listen(self, snapshots: Snapshots) -> None:
        settings = self._config.gate
        services = Services(
            journal=self._journal,
            clock=self._clock,
            ids=self._ids,
            telemetry=self._telemetry,
            tokens=EstimatingCounter(),
            strangers=self._strangers,
            sessions=SessionIds(load_key(DataDirectory(Path(self._config.store))).session_key),
            live=self._revoking.live,
            bindings=Bindings(self._sightings),
        )
        refusal = functools.partial(_edge_refusal, snapshots)
        gateway = Gateway(snapshots, services)
        self._plugged.calls.bind(gateway)
        self._edge = EdgeServer(
            settings,
            gateway,
            refusal,
            ids=self._ids,
            allows_encoded_slash=_names_a_model,
            resting=self._approving.waiting.__len__,
        )
        await self._edge.start()
        admin = GateSettings(listen=settings.admin, max_connections=256, max_body=1024)
        self._admin = EdgeServer(admin, Admin(self._telemetry, self._unready), refusal, ids=self._ids)
        await self._admin.start()

    def _came(self, config: Config, policies: PolicySet) -> None:
        """Keeps what the policies say that are in force now, so that it can be told later what they were."""
        self._sightings.came(written(config, policies, self._clock.now()))

    def _begin_jobs(self) -> None:
        self._jobs.append(asyncio.create_task(self._housekeeping()))
        self._jobs.append(asyncio.create_task(self._teams.run()))
        if self._path is not None:
            self._jobs.append(asyncio.create_task(FileWatch(self._path, self.reload, others=self._files).run()))

    def _files(self) -> "Mapping[str, Stamp]":
        return {**self._masks.files(), **self._prices.files()}

    async def _judged_apart(self, config: Config, policies: PolicySet) -> Apart:
        """The way to the processes that judge large calls, under what is built now."""
        directory = Path(config.store)
        key, loader = load_key(DataDirectory(directory)), self._masks.loader
        stamps: Mapping[str, Stamp] = {}
        if loader is not None:
            stamps = (await asyncio.to_thread(loader.organisation, config.detectors)).stamps
        keys = (key.mask_key, key.session_key, self._sent_key)
        return self._workers.bound(blueprint(config, policies.revision, directory / "detectors", keys, stamps))

    def _unready(self) -> list[str]:
        reasons = []
        if self._draining:
            reasons.append("draining")
        if not self._journal.healthy:
            reasons.append("the journal can't be written")
        return reasons

    async def reload(self) -> None:
        """Takes a new version of the configuration into force; a broken one is refused, and the old one stays."""
        if self._path is None:
            return
        async with self._changing:
            try:
                checked = await asyncio.to_thread(read_checked, self._path, self._environ, self._masks.loader)
                revision = await self._into_force(checked.config)
            except (ConfigError, ValueError, OSError) as error:
                self._telemetry.snapshot("refused")
                _log.error("the new configuration is refused and the old one stays in force:\n%s", error)
                return
            self._warn_of_restart(checked.config)
            self._config = checked.config
            self._telemetry.snapshot("accepted")
        _log.info("the new configuration is in force (policies %s)", revision)

    async def _teams_changed(self) -> None:
        """Takes what teams have changed into force, beside the configuration that is."""
        async with self._changing:
            try:
                revision = await self._into_force(self._config)
            except (ConfigError, ValueError, OSError) as error:
                self._telemetry.snapshot("refused")
                _log.error("what teams have changed can't be put into force, and the old stays:\n%s", error)
                return
            self._telemetry.snapshot("accepted")
        _log.info("what teams have changed is in force (policies %s)", revision)

    async def _into_force(self, config: Config) -> str:
        """Puts a checked configuration into force, with what teams have. Gives its revision."""
        if self._snapshots is None:
            raise RuntimeError("the gate has not been started")
        found, snapshot = await self._built(config)
        self._snapshots.current = snapshot
        self._teams.tell(found)
        self._approving.settle(snapshot.policies)
        self._builder.settle(found.config)
        self._ledger.unknown = _unknown(config)
        await self._notifier.settle(config)
        return snapshot.revision

    async def _built(self, config: Config) -> tuple[Merged, Snapshot]:
        """The snapshot of a checked configuration with what teams have; without that, where it can't be built so."""
        found = await asyncio.to_thread(self._teams.merge, config, self._masks.loader)
        try:
            return found, await self._builder.build(found.config, found.policies)
        except (ConfigError, ValueError, OSError) as error:
            bare = self._teams.without(config, error)
            if bare is None:
                raise
        return bare, await self._builder.build(bare.config, bare.policies)

    def _warn_of_restart(self, config: Config) -> None:
        for name in ("gate", "store", "recording", "logging"):
            if getattr(config, name) != getattr(self._config, name):
                _log.warning("a change of %r takes effect at the next start", name)

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._strangers.tick(self._clock.now())
            self._approving.forget(self._config.recording.approvals)
            if self._prices.due():
                _log.info("a price begins today: the table of prices is made anew")
                await self.reload()

    async def run_until_signal(self) -> None:
        """Serves until SIGTERM or SIGINT, then drains."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        await stop.wait()
        _log.info("draining: calls in flight have %g s", self._config.gate.drain)
        await self.stop()

    async def stop(self) -> None:
        """Readiness goes false, calls in flight finish within the drain time, the rest is cut; then all is closed."""
        self._draining = True
        self._approving.drain()
        if self._edge is not None:
            await self._edge.drain()
        await self._release()

    async def _release(self) -> None:
        for job in self._jobs:
            await cancel(job)
        self._jobs.clear()
        for server in (self._edge, self._admin):
            if server is not None:
                await server.close()
        self._strangers.flush()
        await self._builder.close()
        await self._workers.close()
        await self._notifier.stop()
        await self._revoking.stop()
        self._teams.close()
        await self._sightings.stop()
        await self._approvals.stop()
        await self._ledger.stop()
        await self._journal.stop()


def _calm_collector() -> None:
    """What was built so far lives as long as the process: the collector need not look at it again. A call leaves few
    cycles behind, so looking for them a hundred times a second only costs. It looks at what is new a little at a time:
    at fifty thousand objects it would keep every call waiting for 20 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_500, 400, 20)


def _name(config: Config) -> str:
    """What the gate is called where it says what it has done."""
    return f"{socket.gethostname()} {config.gate.listen}"


def _questions(directory: Path, clock: SystemClock) -> Questions:
    """All that people are asked, opened by the thread that tells them."""
    return Questions(SqliteDecisions(directory, clock), SqliteGrants(directory, clock))


def _unknown(config: Config) -> int:
    """Microseconds after which a call whose outcome is unknown settles at what it holds."""
    return round(config.limits.unknown * MICROS)


def _names_a_model(path: str) -> bool:
    """`%2F` is part of some model names; only there may it stand."""
    return "/models/" in path


def _edge_refusal(snapshots: Snapshots, deny: Deny, path: str) -> tuple[bytes, bytes]:
    """What the edge itself refuses, in the error shape of the dialect the path belongs to."""
    dialect = face(path, "", snapshots.current)
    body = neutral(deny, "") if dialect is None else dialect.refuse(deny, "")
    return b"application/json", body
