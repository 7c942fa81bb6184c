"""Paths in a configuration start at the directory of its file, so a command means the same wherever it is run. Pure."""

from pathlib import Path

import msgspec

from narrows.config.schema import Config, Connection, Detectors, Issuer, Tls


def anchored(config: Config, base: Path) -> Config:
    """The settings with every relative path below `base`."""
    issuers = tuple(_issuer(issuer, base) for issuer in config.identity.issuers)
    return msgspec.structs.replace(
        config,
        store=str(base / config.store),
        gate=msgspec.structs.replace(config.gate, tls=_tls(config.gate.tls, base)),
        identity=msgspec.structs.replace(config.identity, issuers=issuers),
        connections={name: _connection(connection, base) for name, connection in config.connections.items()},
        detectors=_detectors(config.detectors, base),
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
    return msgspec.structs.replace(detectors, words=words)


def _tls(tls: Tls | None, base: Path) -> Tls | None:
    return tls and Tls(certificate=str(base / tls.certificate), key=str(base / tls.key))


def _path(path: str | None, base: Path) -> str | None:
    return path and str(base / path)
