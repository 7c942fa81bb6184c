"""Policies and principals for tests, as short as they can be written."""

from typing import Any

import msgspec

from narrows.config.entities import Vocabulary
from narrows.config.schema import Config
from narrows.model.principal import Principal
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet

CONNECTIONS = ("openai", "claude", "local")
VOCABULARY = Vocabulary(
    frozenset(("US_SSN", "US_ITIN", "CREDIT_CARD", "PIN")),
    {"US": frozenset(("US_SSN", "US_ITIN")), "PAYMENT": frozenset(("CREDIT_CARD", "PIN"))},
)


def policy(
    name: str, *, who: dict[str, Any] | None = None, may: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A policy about group `research`, who may chat with every model on openai, unless told otherwise."""
    permitted = {"connections": ["openai"], "models": ["*"], "operations": ["chat"], **(may or {})}
    return {"name": name, "who": who or {"groups": ["research"]}, "may": permitted, **more}


def settings(*policies: dict[str, Any], issuers: tuple[str, ...] = ("corp",)) -> Config:
    """A configuration with these policies."""
    connection = {"url": "https://x", "dialect": "openai", "credential": {"none": True}}
    plain = {
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "connections": dict.fromkeys(CONNECTIONS, connection),
        "policies": policies,
    }
    return msgspec.convert(plain, Config)


def compiled(*policies: dict[str, Any], issuers: tuple[str, ...] = ("corp",)) -> PolicySet:
    """The PolicySet of these policies."""
    return compile_policies(settings(*policies, issuers=issuers), VOCABULARY)


def person(*groups: str, issuer: str = "corp", subject: str = "alice", **attributes: tuple[str, ...]) -> Principal:
    """A person with these groups."""
    return Principal(issuer, subject, groups=frozenset(groups), attributes=attributes)


def account(name: str) -> Principal:
    """A service account."""
    return Principal("narrows", name, kind="service_account")


def denying(pattern: str, **more: Any) -> dict[str, Any]:
    """A prompt rule."""
    return {"deny": {"pattern": pattern, **more}}
