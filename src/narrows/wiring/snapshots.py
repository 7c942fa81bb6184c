"""Builds a snapshot from a configuration; what did not change between two versions is kept (pools, verified tokens)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from narrows.accounting.end_users import Pseudonyms
from narrows.config.schema import Config, Connection, IdentitySettings
from narrows.controls.throttle import Throttle
from narrows.dialects.registry import build_dialect
from narrows.engine.counting import counting
from narrows.engine.snapshot import Connected, Snapshot, as_it_is, nothing_sent
from narrows.identity.authenticator import GateAuthenticator, build_authenticator
from narrows.identity.cache import Checks
from narrows.inspection.novelty import Sessions
from narrows.policy.globs import GlobSet
from narrows.policy.inspect import RuleInspector
from narrows.policy.policyset import PolicySet
from narrows.ports.accounts import AccountWatch
from narrows.ports.clock import Clock
from narrows.ports.control import Control
from narrows.ports.directory import DirectoryWatch
from narrows.ports.ledger import Ledger
from narrows.ports.offload import Apart
from narrows.ports.prices import Prices
from narrows.ports.tokens import TokenWatch
from narrows.upstream.fetch import DocumentFetcher
from narrows.upstream.registry import Upstreams
from narrows.wiring.approvals import GATE_ONLY as ASKING
from narrows.wiring.approvals import NO_APPROVALS, ApprovalControls, Approving, asking, judged_by
from narrows.wiring.blueprint import PURE
from narrows.wiring.discovery import document
from narrows.wiring.gates import GateMaking, RuleGates
from narrows.wiring.limits import GATE_ONLY as COUNTING
from narrows.wiring.limits import NO_LIMITS, LimitControls, limit_controls
from narrows.wiring.masks import MaskControls
from narrows.wiring.order import controls
from narrows.wiring.plugged import PluggedControls
from narrows.wiring.probing import GATE_ONLY, Tried, probing_controls
from narrows.wiring.readings import TextReadings
from narrows.wiring.viewgates import ViewGates

MakesApart = Callable[[Config, PolicySet], Awaitable[Apart]]
FindsPrices = Callable[[Config], Awaitable[Prices | None]]


class SnapshotBuilder:
    """Makes snapshots one after another, on the event loop. `accounts` opens a new watch of the service accounts,
    `issued` one of the tokens that Narrows issued, `masks` makes the control for `mask`, `sent` knows what sessions
    have sent, `apart` makes the way to the process that judges large calls, `plugged` the controls behind plug-ins,
    `gates` those of prompt rules. `ledger` counts, `prices` finds what models cost, where a limit is in money;
    `pseudonyms` are what end users are called where prompts are masked; `checks` says whom revocations are about,
    `directory` opens a new watch of people whom providers keep here; `came` is told what comes into force."""

    def __init__(
        self,
        upstreams: Upstreams,
        accounts: Callable[[], AccountWatch],
        clock: Clock,
        masks: MaskControls,
        sent: Sessions,
        apart: MakesApart | None = None,
        plugged: PluggedControls | None = None,
        gates: RuleGates | None = None,
        ledger: Ledger | None = None,
        prices: FindsPrices | None = None,
        pseudonyms: Callable[[], Pseudonyms] | None = None,
        *,
        approving: Approving | None = None,
        issued: Callable[[], TokenWatch] | None = None,
        checks: Checks | None = None,
        directory: Callable[[], DirectoryWatch] | None = None,
        came: Callable[[Config, PolicySet], None] | None = None,
    ) -> None:
        self._upstreams = upstreams
        self._plugged = plugged or PluggedControls()
        self._gates = GateMaking(gates or RuleGates(None))
        self._views = ViewGates(None if gates is None else gates.directory)
        self._apart = apart
        self._ledger = ledger
        self._prices = prices
        self._approving = approving
        self._checks = checks
        self._directory = directory
        self._came = came
        self._built: tuple[Config, PolicySet] | None = None
        self._pseudonyms = pseudonyms
        self._sent = sent
        self._tried = Tried()
        self._masks = masks
        self._accounts = accounts
        self._issued = issued
        self._clock = clock
        self._identity: IdentitySettings | None = None
        self._authenticator: GateAuthenticator | None = None
        self._fetchers: tuple[DocumentFetcher, ...] = ()

    async def build(self, config: Config, policies: PolicySet) -> Snapshot:
        """The snapshot of a checked configuration, ready to judge calls.

        Raises ConnectionInvalid or ValueError where a file that the configuration names can't be used; what was in
        force before stays usable.
        """
        connections = {name: self._connected(name, settings) for name, settings in config.connections.items()}
        authenticator = await self._identified(config.identity)
        mask = await self._masks.control(config, policies)
        analyze = await self._masks.analyze(config, policies)
        gates, complete = await self._gates.kept(policies.rules)
        inspector = RuleInspector(TextReadings(self._views), await self._masks.sights(config, policies), gates)
        probing = probing_controls(config, policies, self._tried)
        own = await self._plugged.build(config, policies)
        defaults = {name: settings.output_default for name, settings in config.connections.items()}
        priced = self._prices if policies.limited or asking(policies) else None
        prices = None if priced is None else await priced(config)
        limits = self._limits(config, policies, prices)
        approvals = self._approvals(config, policies, connections, prices)
        request, reply = controls(
            inspector,
            self._sent,
            mask,
            analyze,
            probing,
            own=own,
            output_defaults=defaults,
            limits=limits,
            approvals=approvals,
        )
        if not complete:
            self._gates.begin(inspector, policies.rules)
        snapshot = Snapshot(
            revision=policies.revision,
            connections=connections,
            hosts={host: connections[name] for name, host in _hosts(config.connections)},
            policies=policies,
            authenticator=authenticator,
            controls=request,
            reply_controls=reply,
            max_body=int(config.gate.max_body),
            recordable=None if mask is None else mask.redacted,
            sent=self._sent.of if policies.rules else nothing_sent,
            apart=await self._judged_apart(config, policies, request),
            refused=probing.enumeration[0].refused if probing.enumeration else as_it_is,
            throttle=limits.peek,
            end_user=limits.end_user,
            whose=limits.whose,
            asks=bool(approvals.approve),
            judged_by=judged_by(config, policies, self._masks.files()),
            public=document(config),
        )
        self._built = (config, policies)
        return counting(snapshot, _counts)

    def _approvals(
        self, config: Config, policies: PolicySet, connections: Mapping[str, Connected], prices: Prices | None
    ) -> ApprovalControls:
        """What asks people."""
        if not asking(policies):
            return NO_APPROVALS
        if self._approving is None:
            raise ValueError("policies ask people, and there is nowhere to keep what is asked")
        dialects = {name: connected.dialect for name, connected in connections.items()}
        return self._approving.controls(config, policies, dialects, prices)

    def _limits(self, config: Config, policies: PolicySet, prices: Prices | None) -> LimitControls:
        """What counts calls, and by which prices."""
        if not policies.limited:
            return NO_LIMITS
        if self._ledger is None:
            raise ValueError("the configuration has limits, and there is no ledger to count by")
        pseudonyms = None if self._pseudonyms is None else self._pseudonyms()
        return limit_controls(config, policies, self._ledger, self._clock, prices, pseudonyms)

    async def _judged_apart(self, config: Config, policies: PolicySet, request: Sequence[Control]) -> Apart | None:
        """None where a control must see every call itself."""
        if self._apart is None or not all(control.name in PURE | GATE_ONLY | COUNTING | ASKING for control in request):
            return None
        return await self._apart(config, policies)

    def settle(self, config: Config) -> None:
        """The snapshot of `config` is in force: pools that it does not name are drained."""
        self._upstreams.retain(config.connections)
        if self._came is not None and self._built is not None and self._built[0] is config:
            self._came(*self._built)
        self._masks.settle()
        self._plugged.settle(config)

    async def close(self) -> None:
        """Ends what the snapshots own."""
        await self._gates.close()
        await self._close_identity()
        await self._masks.close()
        await self._plugged.close()
        self._upstreams.close()

    def _connected(self, name: str, settings: Connection) -> Connected:
        dialect = build_dialect(settings)
        own = frozenset(header.lower().encode() for header in settings.forward_headers)
        return Connected(
            name=name,
            settings=settings,
            dialect=dialect,
            upstream=self._upstreams.get(name, settings),
            headers=dialect.request_headers | own,
            serves=GlobSet((*settings.models, *settings.aliases)).covers,
        )

    async def _identified(self, identity: IdentitySettings) -> GateAuthenticator:
        """The authenticator, kept with all it has verified while the settings of identity are the same."""
        if self._authenticator is not None and identity == self._identity:
            return self._authenticator
        own = {i.name: DocumentFetcher(i.ca_bundle) for i in identity.issuers if i.ca_bundle is not None}
        usual = DocumentFetcher()
        issued = None if self._issued is None else self._issued()
        fresh = build_authenticator(
            identity,
            usual,
            self._accounts(),
            self._clock,
            fetchers=own,
            issued=issued,
            checks=self._checks,
            directory=None if self._directory is None else self._directory(),
        )
        try:
            await fresh.start()
        except BaseException:
            _close_all((usual, *own.values()))
            raise
        await self._close_identity()
        self._identity, self._authenticator, self._fetchers = identity, fresh, (usual, *own.values())
        return fresh

    async def _close_identity(self) -> None:
        if self._authenticator is not None:
            await self._authenticator.close()
        _close_all(self._fetchers)


def _counts(control: Control) -> bool:
    return control.name in GATE_ONLY or control.name == Throttle.name


def _close_all(fetchers: tuple[DocumentFetcher, ...]) -> None:
    for fetcher in fetchers:
        fetcher.close()


def _hosts(connections: Mapping[str, Connection]) -> list[tuple[str, str]]:
    return [(name, host.lower()) for name, settings in connections.items() for host in settings.hosts]
