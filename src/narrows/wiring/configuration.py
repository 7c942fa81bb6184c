"""Reading narrows.yaml all the way: types, cross-checks, policies that compile, files that can be used.

Every problem is reported with its place, before anything of the new version is in force.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from narrows.config.entities import NOTHING, Vocabulary
from narrows.config.load import Loaded, read
from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Config, Connection, Detectors
from narrows.dialects.registry import build_dialect
from narrows.edge.tls import load_pair
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet
from narrows.policy.reply_rules import wanted
from narrows.upstream.registry import ConnectionInvalid, Upstreams
from narrows.upstream.tls import TlsUnusable, client_context

if TYPE_CHECKING:
    from narrows.wiring.masking import EngineLoader


COMPILED: Final = "detectors"
"""The directory below the store in which a gate keeps what it has compiled."""


class Checked(msgspec.Struct, frozen=True):
    """A configuration that can be put into force, with its policies compiled."""

    loaded: Loaded
    policies: PolicySet

    @property
    def config(self) -> Config:
        """The settings."""
        return self.loaded.config


def read_checked(path: Path, environ: Mapping[str, str], engines: "EngineLoader | None" = None) -> Checked:
    """The configuration in a file. Safe in a thread. Raises ConfigError with everything that is wrong.

    `engines` will load the engine of it afterwards, and compiles what it has to only once.
    """
    loaded = read(path, environ, operations)
    problems = [*detector_problems(loaded.config, engines), *_unusable_files(loaded.config)]
    try:
        policies = compile_policies(loaded.config, vocabulary_of(loaded.config))
    except ConfigError as error:
        raise loaded.locate([*problems, *error.problems]) from None
    if problems:
        raise loaded.locate(problems)
    return Checked(loaded, policies)


def compiled(config: Config) -> PolicySet:
    """The policies of a configuration that was checked before. Raises ConfigError."""
    return compile_policies(config, vocabulary_of(config))


def operations(connection: Connection) -> frozenset[str]:
    """The operations that a connection's dialect knows."""
    return build_dialect(connection).operations


def vocabulary_of(config: Config) -> Vocabulary:
    """The entities that policies may name."""
    if config.detectors == Detectors() and not any(policy.names_entities for policy in config.policies):
        return NOTHING
    # The tables of detectors and what matches them take a quarter of a second to import: only who masks pays for it.
    from narrows.wiring.detectors import vocabulary  # noqa: PLC0415

    return vocabulary(config.detectors)


def detector_problems(config: Config, engines: "EngineLoader | None") -> list[Problem]:
    """What is wrong with an organisation's detectors, and with what rules on replies look for."""
    if config.detectors == Detectors() and not wanted(config):
        return []
    if engines is None:
        from narrows.wiring.masking import EngineLoader  # noqa: PLC0415 - as above

        # What a gate keeps beside its data is used, and nothing is made where no gate has run.
        kept = Path(config.store) / COMPILED
        engines = EngineLoader(kept if kept.is_dir() else None)
    problems: list[Problem] = []
    for checked in (partial(engines.organisation, config.detectors), partial(engines.reply_rules, config)):
        try:
            checked()
        except ConfigError as error:
            problems += error.problems
    return problems


def _unusable_files(config: Config) -> list[Problem]:
    """Certificates, keys and CA bundles that can't be loaded, and connections that can't be made."""
    problems = []
    for key, tls in (("gate.tls", config.gate.tls), ("console.tls", config.console.tls)):
        try:
            if tls is not None:
                load_pair(tls)
        except OSError as error:
            problems.append(Problem(key, f"the certificate or its key can't be used: {error}"))
    upstreams = Upstreams()
    for name, connection in config.connections.items():
        try:
            upstreams.get(name, connection)
        except ConnectionInvalid as error:
            key, _, message = str(error).partition(": ")
            problems.append(Problem(key, message))
    for index, issuer in enumerate(config.identity.issuers):
        try:
            client_context(issuer.ca_bundle)
        except TlsUnusable as error:
            problems.append(Problem(f"identity.issuers[{index}].ca_bundle", str(error)))
    upstreams.close()
    return problems
