"""Paths in a configuration start at the directory of its file, so a command means the same wherever it is run. Pure."""

from pathlib import Path
from typing import TypeVar

import msgspec

from narrows.config.notify import Notify
from narrows.config.plugins import AnalyzerSettings, ClassifierSettings, ControlSettings
from narrows.config.schema import Config, Connection, Detectors, Issuer
from narrows.config.tls import GateTls, Tls

Hooked = TypeVar("Hooked", AnalyzerSettings, ClassifierSettings, ControlSettings)
Served = TypeVar("Served", bound=Tls)


def anchored(config: Config, base: Path) -> Config:
    """The settings with every relative path below `base`."""
    issuers = tuple(_issuer(issuer, base) for issuer in config.identity.issuers)
    return msgspec.structs.replace(
        config,
        store=str(base / config.store),
        gate=msgspec.structs.replace(config.gate, tls=_gate_tls(config.gate.tls, base)),
        console=msgspec.structs.replace(config.console, tls=_tls(config.console.tls, base)),
        identity=msgspec.structs.replace(config.identity, issuers=issuers),
        connections={name: _connection(connection, base) for name, connection in config.connections.items()},
        detectors=_detectors(config.detectors, base),
        classifiers=tuple(_hooked(row, base) for row in config.classifiers),
        controls=tuple(_hooked(row, base) for row in config.controls),
        notify=_notify(config.notify, base),
    )


def _issuer(issuer: Issuer, base: Path) -> Issuer:
    return msgspec.structs.replace(issuer, ca_bundle=_path(issuer.ca_bundle, base))


def _connection(connection: Connection, base: Path) -> Connection:
    return msgspec.structs.replace(
        connection,
        ca_bundle=_path(connection.ca_bundle, base),
        client_certificate=_tls(connection.client_certificate, base),
    )


def _detectors(detectors: Detectors, base: Path) -> Detectors:
    words = tuple(msgspec.structs.replace(words, file=_path(words.file, base)) for words in detectors.words)
    analyzers = tuple(_hooked(row, base) for row in detectors.analyzers)
    return msgspec.structs.replace(detectors, words=words, analyzers=analyzers)


def _hooked(row: Hooked, base: Path) -> Hooked:
    """What may be a webhook, which may name a file."""
    hook = row.webhook
    if hook is None:
        return row
    return msgspec.structs.replace(row, webhook=msgspec.structs.replace(hook, ca_bundle=_path(hook.ca_bundle, base)))


def _notify(notify: Notify, base: Path) -> Notify:
    channels = {
        name: msgspec.structs.replace(channel, ca_bundle=_path(channel.ca_bundle, base))
        for name, channel in notify.channels.items()
    }
    return msgspec.structs.replace(notify, channels=channels)


def _tls(tls: Served | None, base: Path) -> Served | None:
    return tls and msgspec.structs.replace(tls, certificate=str(base / tls.certificate), key=str(base / tls.key))


def _gate_tls(tls: GateTls | None, base: Path) -> GateTls | None:
    served = _tls(tls, base)
    return served and msgspec.structs.replace(served, client_ca=_path(served.client_ca, base))


def _path(path: str | None, base: Path) -> str | None:
    return path and str(base / path)
