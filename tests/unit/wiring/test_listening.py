"""Who hears what: those that are configured so, with keys of their own, and others after a change."""

from pathlib import Path

import msgspec

from narrows.config.load import read_text
from narrows.config.schema import Config
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.wiring.clock import SystemClock
from narrows.wiring.listening import Listening
from unit.console.world import MemoryBooks, StillClock

CONFIG = """
connections: {openai: {url: https://x.example, dialect: openai, credential: {none: true}}}
policies: [{name: all, who: {users: ["corp:*"]}, may: {connections: ["*"], operations: ["*"]}}]
identity:
  issuers:
    - {name: corp, issuer: https://idp.example, audience: narrows, logout: {clients: [cli]}}
    - name: other
      issuer: https://other.example
      audience: narrows
      events: {issuer: https://events.example, jwks_uri: https://events.example/keys, audience: [a]}
"""


def config() -> Config:
    return read_text(CONFIG.encode(), "narrows.yaml", {}).config


async def test_those_hear_who_are_told_to(tmp_path: Path) -> None:
    desk = Desk(lambda: MemoryBooks(StillClock()), SystemClock())
    listening = Listening(SystemClock(), desk, Failures())
    providers = listening.providers
    await listening.settle(config())
    assert (set(providers.settings), set(providers.logouts), set(providers.events)) == (
        {"corp", "other"}, {"corp"}, {"other"},
    )  # fmt: skip
    kept = providers.logouts["corp"]
    await listening.settle(config())
    assert providers.logouts["corp"] is kept
    bare = msgspec.structs.replace(config().identity.issuers[0], logout=None)
    fewer = msgspec.structs.replace(config(), identity=msgspec.structs.replace(config().identity, issuers=(bare,)))
    await listening.settle(fewer)
    assert (set(providers.settings), providers.logouts, providers.events) == ({"corp"}, {}, {})
    await listening.close()
    await listening.close()
    await desk.close()
