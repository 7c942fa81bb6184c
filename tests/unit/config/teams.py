"""Teams and their policies for tests, as short as they can be written."""

from typing import Any

import msgspec

from narrows.config.policies import Policy
from narrows.config.schema import Config
from narrows.config.teams import Team


def may(**more: Any) -> dict[str, Any]:
    """Chat with gpt-4o-mini models on openai, unless told otherwise."""
    return {"connections": ["openai"], "models": ["gpt-4o-mini*"], "operations": ["chat"], **more}


def team(name: str, *, bounds: dict[str, Any] | None = None, **more: Any) -> Team:
    """A team of the group `research`."""
    plain = {"name": name, "bounds": {"who": {"groups": ["research"]}, "may": may(**(bounds or {}))}, **more}
    return msgspec.convert(plain, Team)


def policy(name: str, *, mode: str = "enforce", **more: Any) -> Policy:
    """A policy about the group `research`."""
    return msgspec.convert({"name": name, "mode": mode, "who": {"groups": ["research"]}, "may": may(**more)}, Policy)


def config(*teams: Team, issuers: tuple[str, ...] = ("corp",)) -> Config:
    """A configuration with these teams, and one policy of its own."""
    plain = {
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "connections": {
            "openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}},
            "claude": {"url": "https://y", "dialect": "anthropic", "credential": {"none": True}},
        },
        "policies": [{"name": "file", "who": {"groups": [f"{issuers[0]}:all"]}, "may": may(connections=["*"])}],
    }
    return msgspec.structs.replace(msgspec.convert(plain, Config), teams=teams)
