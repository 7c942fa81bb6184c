"""The policies that come into force, written down so that they can be compiled again at any later time.

What is kept names no secret: it is what a revision is the hash of, the entities that there were, and who may ask for
what. The record of each call names its revision, so whoever trusts the record can tell that this is the text it means.
"""

import contextlib
import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from narrows.config.access import Access
from narrows.config.describe import REVISION_LENGTH, describe
from narrows.config.entities import Vocabulary
from narrows.config.exchange import Exchange
from narrows.config.limits import GatewayLimits
from narrows.config.policies import Policy
from narrows.config.problem import ConfigError
from narrows.config.schema import Config, Connection, ConnectionCredential, Detectors, IdentitySettings, Issuer
from narrows.identity.radius import Rules
from narrows.model.principal import Scope
from narrows.model.revision import InForce
from narrows.model.secret import PLACEHOLDER, Secret
from narrows.policy.access import compile_access
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet
from narrows.stores.sqlite.changes import SqliteChangeWatch
from narrows.stores.sqlite.gatefile import GateView
from narrows.wiring.configuration import operations
from narrows.wiring.teams import merged

FORMAT: Final = 1
_EVER: Final = 2**62
"""Later than anything."""

MOST: Final = 64 * 1024 * 1024
"""Bytes of a document, at most."""


class RevisionUnreadable(Exception):
    """What was in force can't be told; the message says why."""


class _Document(msgspec.Struct, frozen=True):
    """What is kept. `described` is what the revision is the hash of, with `content`."""

    format: int
    described: dict[str, Any]
    content: str
    entities: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    people: tuple[str, ...]
    sign_ins: dict[str, tuple[str, ...]]
    offered: tuple[tuple[str, tuple[str, ...]], ...]
    """The operations of each connection, in the order of the configuration."""

    access: dict[str, Any]


def rules(config: Config, policies: PolicySet, since: int | None = None) -> Rules:
    """What a configuration says of whom."""
    return Rules(
        policies,
        compile_access(config),
        {name: sorted(operations(connection)) for name, connection in config.connections.items()},
        {issuer.name: _sign_ins(issuer) for issuer in config.identity.issuers},
        _exchanged(config.access.exchange),
        config.limits.zone,
        since,
    )


def written(config: Config, policies: PolicySet, at: int) -> InForce:
    """What is kept of a configuration that is in force from then on."""
    now, vocabulary = rules(config, policies), policies.vocabulary
    document = _Document(
        FORMAT,
        describe(config),
        vocabulary.content,
        tuple(sorted(vocabulary.entities)),
        {name: tuple(sorted(members)) for name, members in vocabulary.groups.items()},
        config.identity.people,
        {name: tuple(kinds) for name, kinds in now.sign_ins.items()},
        tuple((name, tuple(names)) for name, names in now.offered.items()),
        msgspec.to_builtins(config.access, enc_hook=str),
    )
    packed = zlib.compress(msgspec.json.encode(document, order="sorted"), 6)
    return InForce(at, policies.revision, hashlib.sha256(packed).hexdigest(), packed)


def restored(kept: InForce) -> Rules:
    """The rules of then. Raises RevisionUnreadable."""
    document = _document(kept)
    said = document.described
    try:
        config = Config(
            identity=IdentitySettings(
                issuers=tuple(Issuer(name=name, issuer="https://x", audience="x") for name in document.people)
            ),
            connections=dict.fromkeys(dict(document.offered), _NOWHERE),
            policies=tuple(_policy(each) for each in said["policies"]),
            limits=_typed(said["limits"], GatewayLimits),
            detectors=_typed(said["detectors"], Detectors),
            access=_typed(document.access, Access),
        )
        groups = {name: frozenset(members) for name, members in document.groups.items()}
        policies = compile_policies(config, Vocabulary(frozenset(document.entities), groups, document.content))
    except (KeyError, msgspec.ValidationError, ConfigError) as error:
        raise RevisionUnreadable(
            f"the policies of revision {kept.revision} were written by another version of Narrows, and this one does "
            f"not know all that they say: {error}"
        ) from None
    # The revision of what is put together here names other connections and issuers; what is told is that of then.
    policies = PolicySet(
        kept.revision,
        policies.policies,
        policies.who,
        issuers=policies.issuers,
        connections=policies.connections,
        vocabulary=policies.vocabulary,
        own=policies.own,
        guards=policies.guards,
    )
    found = rules(config, policies, kept.at)
    return msgspec.structs.replace(found, offered=dict(document.offered), sign_ins=document.sign_ins)


def current(store: Path, config: Config) -> Rules:
    """The rules of a checked configuration with the policies that teams have in force. `since` is from when on the gate
    has had the same ones in force, if it has. Raises ConfigError, ChangesUnavailable and SightingsUnavailable."""
    with contextlib.closing(SqliteChangeWatch(store)) as watch:
        whole = merged(config, watch.news() or ())
    kept = GateView(store).in_force(_EVER)
    same = kept is not None and kept.revision == whole.policies.revision
    return rules(whole.config, whole.policies, kept.at if kept is not None and same else None)


def past(store: Path, at: int, now: int) -> Rules:
    """The rules that were in force at a time, by what the gate of a store has kept. Raises RevisionUnreadable, and
    SightingsUnavailable."""
    if at > now:
        raise RevisionUnreadable("what will be in force is not known: that time has not come")
    view = GateView(store)
    kept = view.in_force(at)
    if kept is not None:
        return restored(kept)
    first = view.first_in_force()
    if first is None:
        raise RevisionUnreadable(f"which policies were in force is not kept in {store}: no gate has run on it yet")
    since = datetime.fromtimestamp(first // 1_000_000, UTC).isoformat()
    raise RevisionUnreadable(f"which policies were in force then is not known: what is kept begins at {since}")


def _document(kept: InForce) -> _Document:
    if hashlib.sha256(kept.document).hexdigest() != kept.digest:
        raise RevisionUnreadable(f"what is kept of revision {kept.revision} is not what was written")
    try:
        unpack = zlib.decompressobj()
        plain = unpack.decompress(kept.document, MOST)
        document = msgspec.json.decode(plain, type=_Document)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise RevisionUnreadable(f"what is kept of revision {kept.revision} can't be read: {error}") from None
    canonical = msgspec.json.encode(document.described, order="sorted") + document.content.encode()
    if hashlib.sha256(canonical).hexdigest()[:REVISION_LENGTH] != kept.revision:
        raise RevisionUnreadable(f"what is kept of revision {kept.revision} is of another one")
    return document


_NOWHERE: Final = Connection(url="https://x", dialect="openai", credential=ConnectionCredential(none=True))
"""In the place of a connection, of which only the name matters here."""


def _policy(plain: dict[str, Any]) -> Policy:
    """A policy; those of teams are called as no policy of a file may be."""
    policy: Policy = _typed({**plain, "name": "named"}, Policy)
    return msgspec.structs.replace(policy, name=plain["name"])


def _typed(plain: Any, kind: type[Any]) -> Any:
    return msgspec.convert(plain, kind, dec_hook=_secret)


def _secret(kind: type[Any], value: Any) -> Any:
    """Secrets are not kept: each is the placeholder that stands for it."""
    if kind is Secret:
        return Secret(PLACEHOLDER)
    raise NotImplementedError(f"{kind}: {value!r}")


def _sign_ins(issuer: Issuer) -> tuple[str, ...]:
    """The kinds of credential that its people sign in for."""
    taken = ("oidc",) if issuer.tokens == "accept" else ()
    return (*taken, "login") if issuer.login is not None and issuer.login.id_tokens else taken


def _exchanged(exchange: Sequence[Exchange]) -> dict[str, tuple[Scope, ...]]:
    found: dict[str, tuple[Scope, ...]] = {}
    for rule in exchange:
        scope = Scope(rule.may.connections, rule.may.models or (), rule.may.operations)
        found[rule.account] = (*found.get(rule.account, ()), scope)
    return found
