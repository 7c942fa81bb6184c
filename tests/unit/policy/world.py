"""Policies and principals for tests, as short as they can be written."""

from typing import Any

import msgspec

from narrows.config.entities import Vocabulary
from narrows.config.limits import BudgetSetting, CostSetting, RateSetting
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


def limiting(**limits: Any) -> dict[str, Any]:
    """Limits, of which budgets, rates and the cost of a call may be texts, as in a file."""
    shorts = {"budgets": BudgetSetting, "calls": RateSetting, "tokens": RateSetting}
    for name in limits.keys() & shorts.keys():
        limits[name] = [shorts[name].short(one) if isinstance(one, str) else one for one in limits[name]]
    if isinstance(limits.get("max_cost"), str):
        limits["max_cost"] = CostSetting.short(limits["max_cost"])
    return limits


def settings(
    *policies: dict[str, Any], issuers: tuple[str, ...] = ("corp",), own: dict[str, Any] | None = None
) -> Config:
    """A configuration with these policies. `own` are the gateway's limits."""
    connection = {"url": "https://x", "dialect": "openai", "credential": {"none": True}}
    plain = {
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "connections": dict.fromkeys(CONNECTIONS, connection),
        "policies": policies,
        "limits": own or {},
    }
    return msgspec.convert(plain, Config)


def compiled(
    *policies: dict[str, Any], issuers: tuple[str, ...] = ("corp",), own: dict[str, Any] | None = None
) -> PolicySet:
    """The PolicySet of these policies. `own` are the gateway's limits."""
    return compile_policies(settings(*policies, issuers=issuers, own=own), VOCABULARY)


def person(*groups: str, issuer: str = "corp", subject: str = "alice", **attributes: tuple[str, ...]) -> Principal:
    """A person with these groups."""
    return Principal(issuer, subject, groups=frozenset(groups), attributes=attributes)


def account(name: str) -> Principal:
    """A service account."""
    return Principal("narrows", name, kind="service_account")


def denying(pattern: str, **more: Any) -> dict[str, Any]:
    """A prompt rule."""
    return {"deny": {"pattern": pattern, **more}}
