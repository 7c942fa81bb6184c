"""The part of a configuration that decisions depend on, in one canonical form without secrets, and its hash."""

import hashlib
from typing import Any

import msgspec

from narrows.config.schema import Config, Connection

REVISION_LENGTH = 16
"""Hexadecimal digits of a revision."""


def describe(config: Config) -> dict[str, Any]:
    """Policies, limits, detectors, connections and issuers as plain data, without credentials and certificates."""
    issuers = [
        {
            "name": issuer.name,
            "issuer": issuer.issuer,
            "audience": issuer.audience,
            "tokens": issuer.tokens,
            "groups_claim": issuer.groups_claim,
            "subject_claim": issuer.subject_claim,
            "attributes": list(issuer.attributes),
        }
        for issuer in config.identity.issuers
    ]
    return {
        "policies": msgspec.to_builtins(config.policies),
        "limits": msgspec.to_builtins(config.limits),
        "detectors": _bare(config.detectors),
        "classifiers": _bare(config.classifiers),
        "controls": _bare(config.controls),
        "connections": {name: _connection(connection) for name, connection in config.connections.items()},
        "issuers": issuers,
    }


def _bare(settings: Any) -> Any:
    """Settings as plain data, every secret as its placeholder."""
    return msgspec.to_builtins(settings, enc_hook=str)


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "url": connection.url,
        "dialect": connection.dialect,
        "models": list(connection.models),
        "aliases": dict(connection.aliases),
        "cap_fields": msgspec.to_builtins(connection.cap_fields),
        "json": msgspec.to_builtins(connection.json),
        "provider": connection.provider,
        "prices": msgspec.to_builtins(connection.prices),
        "compute": msgspec.to_builtins(connection.compute),
        "output_default": connection.output_default,
        "media_tokens": connection.media_tokens,
        "prompt_overhead": connection.prompt_overhead,
    }


def revision(config: Config, content: str = "") -> str:
    """Names what the configuration permits: equal for equal policies, different after any change to one, or to what
    `content` names: the files that detectors read."""
    canonical = msgspec.json.encode(describe(config), order="sorted") + content.encode()
    return hashlib.sha256(canonical).hexdigest()[:REVISION_LENGTH]
