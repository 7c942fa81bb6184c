"""The whole authenticator: routing, several issuers, memory, upkeep."""

import asyncio
import logging
from pathlib import Path

import pytest

from narrows.config.schema import IdentitySettings
from narrows.identity import authenticator as module
from narrows.identity.authenticator import MAX_TOKEN, build_authenticator
from narrows.identity.jwks import KeyTiming
from narrows.identity.jws import take_apart
from narrows.model.principal import Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.accounts import AccountsUnavailable
from narrows.stores.sqlite.control import ControlWatch
from unit.identity.world import (
    INTROSPECTION,
    ISSUER,
    START,
    Gate,
    MemoryFetcher,
    Provider,
    StillClock,
    encode,
    issuer,
    signing_key,
)


async def test_each_kind_of_credential_finds_its_verifier(gate: Gate) -> None:
    kinds = {
        (await gate.identity(token)).credential.kind
        for token in (gate.provider.token(), gate.opaque(), gate.account().key.reveal(), gate.opaque("a.b.c"))
    }
    assert kinds == {"oidc", "opaque", "service_account"}


@pytest.mark.parametrize("token", ["", "x", "x" * 1000, "a.b", "a.b.c", "a.b.c.d.e", "nrw_other", "\udcff", "\x00"])
async def test_without_introspection_anything_else_is_invalid(tmp_path: Path, token: str) -> None:
    gate = Gate(tmp_path, issuer())
    denied = await gate.denied(token)
    assert denied.code is Code.CREDENTIAL_INVALID
    assert gate.fetcher.asked == []
    await gate.close()


async def test_without_any_issuer_only_service_accounts_pass(tmp_path: Path) -> None:
    clock = StillClock()
    gate = Gate(tmp_path)
    alone = build_authenticator(IdentitySettings(), gate.fetcher, gate.watch, clock)
    assert isinstance(await alone.verify(gate.provider.token()), Deny)
    assert isinstance(await alone.verify(gate.opaque()), Deny)
    assert isinstance(await alone.verify(gate.account().key.reveal()), Identity)
    await gate.close()


async def test_a_credential_that_is_too_long_is_not_looked_at(gate: Gate) -> None:
    denied = await gate.denied(gate.provider.token(padding="x" * MAX_TOKEN))
    assert "longer than 16 KiB" in denied.message
    assert gate.fetcher.asked == []
    assert gate.authenticator.recall(gate.authenticator.digest("x" * 100_000)) is None


@pytest.mark.parametrize("claims", [b"", b"[]", b"foo", b'{"iss": "a", "iss": "b"}', b'{"iss": NaN}', b"\xff"])
async def test_claims_that_are_no_strict_object_are_refused(gate: Gate, claims: bytes) -> None:
    token = encode({"alg": "ES256", "kid": "one"}, claims, gate.provider.key, "ES256")
    assert "unique members" in (await gate.denied(token)).message


@pytest.mark.parametrize("name", [None, 5, [ISSUER], "", "https://other.example", ISSUER + "/"])
async def test_only_configured_issuers_are_asked(gate: Gate, name: object) -> None:
    token = encode({"alg": "ES256", "kid": "one"}, {**gate.provider.claims(), "iss": name}, gate.provider.key, "ES256")
    assert (await gate.denied(token)).message == "the token's issuer is not configured"
    assert gate.fetcher.asked == []


async def test_one_issuer_s_keys_vouch_for_no_other(tmp_path: Path) -> None:
    other = Provider("https://two.example")
    other.key = signing_key("ES256", "two")
    gate = Gate(tmp_path, issuer(), issuer(name="two", issuer="https://two.example"))
    other.publish(other.key)
    gate.fetcher.documents.update(other.fetcher.documents)
    assert (await gate.identity(gate.provider.token())).principal.key == "corp:alice"
    assert (await gate.identity(other.token())).principal.key == "two:alice"
    forged = encode({"alg": "ES256", "kid": "one"}, other.claims(), gate.provider.key, "ES256")
    assert "no key" in (await gate.denied(forged)).message
    forged = encode({"alg": "ES256", "kid": "two"}, gate.provider.claims(), other.key, "ES256")
    assert "no key" in (await gate.denied(forged)).message
    await gate.close()


async def test_one_issuer_with_two_audiences(tmp_path: Path) -> None:
    gate = Gate(tmp_path, issuer(), issuer(name="batch", audience="batch"))
    assert (await gate.identity(gate.provider.token())).principal.issuer == "corp"
    assert (await gate.identity(gate.provider.token(aud=["batch"]))).principal.issuer == "batch"
    assert "audience is not 'narrows'" in (await gate.denied(gate.provider.token(aud="other"))).message
    await gate.close()


async def test_an_issuer_may_have_a_fetcher_of_its_own(tmp_path: Path) -> None:
    own = Provider()
    gate = Gate(tmp_path)
    nobody = MemoryFetcher()
    built = build_authenticator(
        IdentitySettings(issuers=(issuer(),)), nobody, gate.watch, gate.clock, fetchers={"corp": own.fetcher}
    )
    assert isinstance(await built.verify(own.token()), Identity)
    assert nobody.asked == []
    await gate.close()


@pytest.mark.parametrize(
    ("issuers", "says"),
    [
        ((issuer(name="narrows"),), "can't be named"),
        ((issuer(), issuer(issuer="https://two.example")), "same name"),
        ((issuer(), issuer(name="two")), "same `issuer` and `audience`"),
    ],
)
def test_issuers_that_can_not_be_told_apart_are_refused(issuers: tuple[object, ...], says: str, tmp_path: Path) -> None:
    settings = IdentitySettings(issuers=issuers)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=says):
        build_authenticator(settings, MemoryFetcher(), ControlWatch(tmp_path), StillClock())


async def test_a_verified_token_is_recalled_until_it_is_refused(gate: Gate) -> None:
    token = gate.provider.token()
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    found = await gate.identity(token)
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is found
    gate.clock.advance(629.999999)
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is found
    gate.clock.time += 1
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    assert (await gate.denied(token)).code is Code.CREDENTIAL_EXPIRED


async def test_max_token_age_ends_what_is_remembered(tmp_path: Path) -> None:
    gate = Gate(tmp_path, issuer(max_token_age=60.0, leeway=0.0))
    token = gate.provider.token()
    await gate.identity(token)
    gate.clock.advance(60)
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    assert (await gate.denied(token)).code is Code.CREDENTIAL_EXPIRED
    await gate.close()


async def test_a_withdrawn_key_voids_what_it_signed(gate: Gate) -> None:
    token = gate.provider.token()
    await gate.identity(token)
    gate.provider.rotate("two")
    gate.clock.advance(300)
    gate.authenticator.tend()
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is not None
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    assert (await gate.denied(token)).code is Code.CREDENTIAL_INVALID


async def test_garbage_is_judged_once(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []

    def counting(token: str) -> object:
        judged.append(token)
        return take_apart(token)

    monkeypatch.setattr(module, "take_apart", counting)
    gate.provider.key = signing_key("ES256", "forged")
    token = gate.provider.token({"kid": "one"})
    first = await gate.denied(token)
    assert [await gate.denied(token) for _ in range(9)] == [first] * 9
    assert len(judged) == 1
    gate.clock.advance(5)
    await gate.denied(token)
    assert len(judged) == 2


async def test_a_new_key_set_forgives_a_refusal(gate: Gate) -> None:
    await gate.identity(gate.provider.token())
    gate.provider.rotate("two")
    await gate.identity(gate.provider.token())
    gate.provider.rotate("three")
    token = gate.provider.token()
    assert "no key" in (await gate.denied(token)).message, "the second rotation within a cooldown"
    gate.clock.advance(4)
    source = gate.authenticator._sources[0]
    await source.begin()
    await gate.identity(token)


async def test_two_issuers_of_opaque_tokens_are_asked_in_turn(tmp_path: Path) -> None:
    elsewhere = INTROSPECTION.__class__(
        endpoint="https://two.example/i", client_id="g", client_secret=INTROSPECTION.client_secret
    )
    gate = Gate(
        tmp_path,
        issuer(introspection=INTROSPECTION),
        issuer(name="two", issuer="https://two.example", introspection=elsewhere),
    )
    token = gate.opaque(iss="https://two.example")
    assert (await gate.identity(token)).principal.key == "two:alice"
    assert "not active" in (await gate.denied("unknown")).message
    gate.fetcher.down = True
    assert (await gate.denied("other")).code is Code.IDENTITY_UNAVAILABLE
    await gate.close()


async def test_start_fetches_and_survives_a_provider_that_is_down(tmp_path: Path) -> None:
    gate = Gate(tmp_path, issuer())
    gate.fetcher.down = True
    await gate.authenticator.start()
    assert gate.fetcher.asked
    gate.fetcher.down = False
    gate.clock.advance(10)
    gate.authenticator.tend()
    assert isinstance(await gate.authenticator.verify(gate.provider.token()), Identity)
    await gate.close()


async def test_an_issuer_of_opaque_tokens_is_asked_for_keys_only_when_one_is_signed(gate: Gate) -> None:
    await gate.authenticator.start()
    gate.authenticator.tend()
    assert gate.fetcher.asked == []
    await gate.identity(gate.provider.token())
    gate.clock.advance(300)
    gate.authenticator.tend()
    await asyncio.sleep(0)
    assert len(gate.fetcher.asked) > 2


async def test_the_upkeep_runs_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL", 0.001)
    gate = Gate(tmp_path, issuer())
    await gate.authenticator.start()
    key = gate.account().key.reveal()
    async with asyncio.timeout(10):
        while not isinstance(await gate.authenticator.verify(key), Identity):
            gate.clock.advance(0.01)
            await asyncio.sleep(0.002)
        gate.control.revoke("etl")
        while gate.authenticator.recall(gate.authenticator.digest(key)) is not None:
            await asyncio.sleep(0.002)
    await gate.close()


async def test_start_refuses_accounts_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "control.db").write_bytes(b"not a database " * 100)
    built = build_authenticator(IdentitySettings(), MemoryFetcher(), ControlWatch(tmp_path), StillClock())
    with pytest.raises(AccountsUnavailable, match="not a database"):
        await built.start()
    await built.close()


async def test_accounts_that_become_unreadable_are_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "POLL", 0.001)
    gate = Gate(tmp_path, issuer(), timing=KeyTiming(refresh=1e9))
    await gate.authenticator.start()
    rounds = 0

    def broken() -> bool:
        nonlocal rounds
        rounds += 1
        raise AccountsUnavailable("disk I/O error")

    monkeypatch.setattr(gate.watch, "changed", broken)
    async with asyncio.timeout(10):
        while rounds < 3:
            await asyncio.sleep(0.002)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in errors] == ["what was issued here can't be read: disk I/O error"]
    await gate.close()


async def test_a_round_that_fails_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "POLL", 0.001)
    gate = Gate(tmp_path, issuer(), timing=KeyTiming(refresh=1e9))
    await gate.authenticator.start()
    rounds = 0

    def broken() -> bool:
        nonlocal rounds
        rounds += 1
        raise RuntimeError("unexpected")

    monkeypatch.setattr(gate.watch, "changed", broken)
    async with asyncio.timeout(10):
        while rounds < 3:
            await asyncio.sleep(0.002)
    assert "a round of identity upkeep failed" in caplog.text
    await gate.close()


async def test_no_message_holds_a_token(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = [
        gate.provider.token(aud="canary", sub="canary"),
        gate.provider.token({"kid": "canary"}),
        gate.provider.token(groups="canary canary"),
        gate.provider.token(exp=START - 60, jti="canary"),
        "nrw_sa_canary",
        "canary",
        "canary.canary.canary",
    ]
    messages = [(await gate.denied(token)).message for token in tokens]
    assert "canary" not in "".join(messages)
    assert "canary" not in caplog.text


async def test_tokens_that_are_only_exchanged_are_not_taken_themselves(tmp_path: Path) -> None:
    gate = Gate(tmp_path, issuer(tokens="exchange"))
    await gate.authenticator.start()
    refused = await gate.denied(gate.provider.token())
    assert refused.code is Code.CREDENTIAL_INVALID
    assert "exchange it at the console" in refused.message
    await gate.close()
