"""What a process that judges large calls builds its snapshot from: a gate's configuration without any secret of it.

It owns which controls may be asked there, and how the snapshot is built, which is as `snapshots` does but for every way
out: no upstream, no authenticator, no credential.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from narrows.config.entities import NOTHING
from narrows.config.notify import Notify
from narrows.config.paths import Hooked
from narrows.config.schema import Config, ConnectionCredential
from narrows.dialects.registry import build_dialect
from narrows.engine.apart import Tools
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Connected, Snapshot
from narrows.inspection.novelty import Sessions
from narrows.model.plan import Mask as Entry
from narrows.model.principal import Identity
from narrows.model.secret import PLACEHOLDER
from narrows.policy.compile import compile_policies
from narrows.policy.globs import GlobSet
from narrows.policy.inspect import RuleInspector
from narrows.policy.sieve import NO_GATES
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.http import HeaderList
from narrows.wiring.approvals import seals
from narrows.wiring.gates import RuleGates
from narrows.wiring.order import controls
from narrows.wiring.probing import probing_controls
from narrows.wiring.readings import TextReadings
from narrows.wiring.viewgates import ViewGates

if TYPE_CHECKING:
    from narrows.controls.mask import Mask
    from narrows.masking.engine import Engine
    from narrows.policy.inspect import Sights
    from narrows.wiring.reload import Stamp

PURE: Final = frozenset(
    {
        "access", "parameters", "prompt_size", "media", "sketch", "new_content", "scan", "prompt_rules", "seal", "mask",
        "echo", "reply_packs", "output_cap", "bounds",
    }
)  # fmt: skip
"""Controls that judge a call by itself and their settings alone, so that they judge the same in any process. Where a
snapshot has another one, large calls are judged in the gate."""


class Blueprint(msgspec.Struct, frozen=True):
    """What a snapshot is built from. `config` is without secrets; `stamps` tell the word lists' files apart."""

    config: Config
    revision: str
    cache: str
    mask_key: bytes
    session_key: bytes
    sent_key: bytes
    stamps: "Mapping[str, Stamp]"


def blueprint(
    config: Config, revision: str, cache: Path, keys: tuple[bytes, bytes, bytes], stamps: "Mapping[str, Stamp]"
) -> Blueprint:
    """The blueprint of a configuration. `keys`: of masks that hash, of session ids, and of what
    sessions have sent."""
    connections = {
        name: msgspec.structs.replace(
            connection, credential=ConnectionCredential(none=True), client_certificate=None, ca_bundle=None
        )
        for name, connection in config.connections.items()
    }
    issuers = tuple(msgspec.structs.replace(issuer, introspection=None) for issuer in config.identity.issuers)
    identity = msgspec.structs.replace(config.identity, issuers=issuers)
    analyzers = tuple(map(_hooked, config.detectors.analyzers))
    bare = msgspec.structs.replace(
        config,
        connections=connections,
        identity=identity,
        notify=Notify(),
        detectors=msgspec.structs.replace(config.detectors, analyzers=analyzers),
        classifiers=tuple(map(_hooked, config.classifiers)),
        controls=tuple(map(_hooked, config.controls)),
    )
    return Blueprint(bare, revision, str(cache), *keys, stamps)


def _hooked(row: Hooked) -> Hooked:
    """A plug-in's settings, a webhook's secret as revisions have it: nobody is asked from the other process."""
    if row.webhook is None:
        return row
    return msgspec.structs.replace(row, webhook=msgspec.structs.replace(row.webhook, secret=PLACEHOLDER))


class Unbuildable(Exception):
    """The snapshot can't be built as the gate has it."""


def build(plan: Blueprint) -> tuple[Snapshot, Tools]:
    """The snapshot of a blueprint. Raises Unbuildable, or what reading the configuration raises."""
    config = plan.config
    vocabulary = NOTHING
    if any(policy.names_entities for policy in config.policies):
        from narrows.wiring.detectors import vocabulary as named  # noqa: PLC0415 - only who masks pays for the tables

        vocabulary = named(config.detectors)
    policies = compile_policies(config, vocabulary)
    if policies.revision != plan.revision:
        raise Unbuildable(f"the policies are {policies.revision} here and {plan.revision} in the gate")
    looks = any(rule.entities for rule in policies.rules)
    masks = bool(policies.masks or policies.replies)
    engine = _engine(plan) if looks or masks else None
    mask = None if engine is None or not masks else _mask(engine, plan, policies.masks)
    sent = Sessions(plan.sent_key)
    gates = RuleGates(Path(plan.cache)).made(policies.rules) or NO_GATES
    readings = TextReadings(ViewGates(Path(plan.cache)))
    inspector = RuleInspector(readings, _sights(engine) if engine is not None and looks else None, gates)
    defaults = {name: settings.output_default for name, settings in config.connections.items()}
    probing = probing_controls(config, policies, None)
    request, reply = controls(
        inspector,
        sent,
        mask,
        probing=probing,
        output_defaults=defaults,
        approvals=seals(policies, plan.session_key),
    )
    connections = {
        name: Connected(
            name=name,
            settings=settings,
            dialect=build_dialect(settings),
            upstream=_Nowhere(),
            headers=frozenset(),
            serves=GlobSet((*settings.models, *settings.aliases)).covers,
        )
        for name, settings in config.connections.items()
    }
    snapshot = Snapshot(
        revision=policies.revision,
        connections=connections,
        hosts={},
        policies=policies,
        authenticator=_Nobody(),
        controls=request,
        reply_controls=reply,
        max_body=int(config.gate.max_body),
        recordable=None if mask is None else mask.redacted,
    )
    return snapshot, Tools(EstimatingCounter(), SessionIds(plan.session_key), sent)


def _mask(engine: "Engine", plan: Blueprint, masks: Sequence[Entry]) -> "Mask":
    from narrows.controls.mask import Mask  # noqa: PLC0415 - as above

    return Mask(engine, plan.mask_key, masks)


def _sights(engine: "Engine") -> "Sights":
    from narrows.wiring.masking import sights  # noqa: PLC0415 - as above

    return sights(engine)


def _engine(plan: Blueprint) -> "Engine":
    from narrows.wiring.masking import EngineLoader  # noqa: PLC0415 - as above

    loader = EngineLoader(Path(plan.cache))
    engine = loader.load(plan.config)
    if loader.organisation(plan.config.detectors).stamps != plan.stamps:
        raise Unbuildable("the files of word lists have changed since the gate read them; load the configuration again")
    return engine


class _Nowhere:
    """In the place of an upstream: nothing is sent from here."""

    async def send(self, method: str, target: str, headers: HeaderList, body: bytes) -> NoReturn:  # noqa: ARG002
        raise RuntimeError("nothing is sent from the process that judges")

    def echoes(self, data: bytes) -> bool:  # noqa: ARG002
        raise RuntimeError("no credential is known in the process that judges")

    leaks = echoes


class _Nobody:
    """In the place of an authenticator: callers were verified before."""

    def digest(self, token: str) -> NoReturn:  # noqa: ARG002
        raise RuntimeError("nobody is verified in the process that judges")

    def recall(self, digest: bytes) -> Identity | None:  # noqa: ARG002
        raise RuntimeError("nobody is verified in the process that judges")

    async def verify(self, token: str) -> NoReturn:  # noqa: ARG002
        raise RuntimeError("nobody is verified in the process that judges")
