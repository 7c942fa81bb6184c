"""A credential that is over is on record when it is used, with its source, and fills no record."""

import logging
from typing import Any

import msgspec
import pytest

from narrows.engine.dead import _MOST, DeadUses
from narrows.model.call import Source
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.engine.world import World, chat

EVE = Identity(Principal("corp", "eve", groups=frozenset({"research"})), Credential("oidc", "jti-1", 0.0))
DENY = Deny(Code.CREDENTIAL_REVOKED, "the credential was revoked", rule="rev_1", whose=EVE)
MINUTE = 60_000_000


def test_once_a_minute_for_each_credential_address_and_reason() -> None:
    uses = DeadUses()
    here, there = Source("192.0.2.7", "curl"), Source("192.0.2.8", "curl")
    expired = Deny(Code.CREDENTIAL_EXPIRED, "the token has expired")
    assert uses.first(MINUTE, EVE, here, DENY)
    assert not uses.first(2 * MINUTE - 1, EVE, here, DENY)
    assert uses.first(MINUTE, EVE, there, DENY)
    assert uses.first(MINUTE, EVE, here, expired)
    assert uses.first(2 * MINUTE, EVE, here, DENY)


def test_nobody_can_fill_it() -> None:
    uses = DeadUses()
    for number in range(_MOST):
        assert uses.first(0, EVE, Source(f"{number}", ""), DENY)
    assert not uses.first(0, EVE, Source("one more", ""), DENY)


class Over:
    """An authenticator to which every credential is over."""

    def __init__(self, deny: Deny) -> None:
        self.deny = deny

    def digest(self, token: str) -> bytes:
        return token.encode()

    def recall(self, digest: bytes) -> None:
        return None

    async def verify(self, token: str) -> Deny:
        return self.deny


def over(deny: Deny = DENY) -> World:
    world = World()
    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, authenticator=Over(deny))
    return world


async def test_the_first_use_is_on_record_with_its_source(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    world = over()
    body: dict[str, Any] = chat("what they wanted to say")
    for _ in range(3):
        exchange = await world.call(body)
        assert (exchange.status, exchange.json["error"]["code"]) == (401, "credential_revoked")
        assert not exchange.body_read
    (opened,) = world.journal.opened
    assert (opened.principal.key, opened.credential, opened.address, opened.agent) == (
        "corp:eve", "jti-1", "192.0.2.7", "test",
    )  # fmt: skip
    assert (opened.refusal, opened.rule, opened.forwarded, opened.contents) == (
        "credential_revoked",
        "rev_1",
        False,
        (),
    )
    assert opened.operation == "chat"
    assert world.telemetry.dead_uses == ["credential_revoked"] * 3
    assert "the credential jti-1 of corp:eve was used from 192.0.2.7 ('test')" in caplog.text
    world.strangers.flush()
    assert [(row.address, row.code, row.count) for row in world.journal.counts] == [
        ("192.0.2.7", "credential_revoked", 2)
    ]


async def test_it_is_on_record_wherever_it_was_sent() -> None:
    world = over()
    assert (await world.call(b"", path="/nowhere")).status == 401
    assert [opened.path for opened in world.journal.opened] == ["/nowhere"]


async def test_strangers_have_no_record() -> None:
    world = over(Deny(Code.CREDENTIAL_EXPIRED, "the token has expired"))
    assert (await world.call(chat())).status == 401
    assert world.journal.opened == []
    assert world.telemetry.dead_uses == []
