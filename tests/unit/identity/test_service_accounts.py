"""Service-account keys: their form, their checksum, their life."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config.exchange import Accounts
from narrows.identity.service_accounts import DAY, ServiceAccountVerifier, issue, rotate
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.stores.sqlite.control import ControlDb
from unit.identity.world import START, Gate, StillClock


class Shelf:
    """Both sides of the accounts, in memory; it can become unreadable."""

    def __init__(self) -> None:
        self.kept: dict[str, ServiceAccount] = {}
        self.broken = False

    def create(self, account: ServiceAccount) -> None:
        self.kept[account.id] = account

    def list(self) -> Sequence[ServiceAccount]:
        return [*self.kept.values()]

    def revoke(self, reference: str) -> Sequence[ServiceAccount]:
        raise NotImplementedError(reference)

    def changed(self) -> bool:
        if self.broken:
            raise AccountsUnavailable("disk I/O error")
        return True

    def snapshot(self) -> dict[str, ServiceAccount]:
        self.changed()
        return dict(self.kept)


def made(shelf: Shelf, clock: StillClock, name: str = "etl", seed: int = 7) -> str:
    issued = issue(
        shelf, clock, name=name, owner="alice", expires=clock.now() + DAY, entropy=lambda size: bytes([seed]) * size
    )
    return issued.key.reveal()


def judged(verifier: ServiceAccountVerifier, token: str) -> object:
    return verifier.verify(token, hashlib.sha256(token.encode()).digest())


async def test_a_key_is_an_identity(gate: Gate) -> None:
    issued = gate.account()
    found = await gate.identity(issued.key.reveal())
    assert found.principal == Principal("narrows", "etl", kind="service_account", owner="alice")
    assert found.credential == Credential(
        "service_account", issued.account.id, START + 86_400.0, issued=START * 1_000_000
    )


def test_keys_have_a_form_and_are_never_alike(tmp_path: Path) -> None:
    control = ControlDb(tmp_path, StillClock())
    issued = [
        issue(control, StillClock(), name=f"n{number}", owner="alice", expires=START * 1_000_000 + DAY)
        for number in range(20)
    ]
    keys = {one.key.reveal() for one in issued}
    assert len(keys) == 20
    for one in issued:
        key = one.key.reveal()
        assert key.startswith(f"nrw_sa_{one.account.id}_")
        assert len(key) == 59
        assert one.account.digest == hashlib.sha256(key.encode()).digest()
        assert key not in repr(one)
    control.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(key[20:53].encode() in stored for key in keys)


def test_secrets_carry_all_their_entropy() -> None:
    """192 bits in, 192 bits out: no two secrets that differ in one bit give the same key."""
    shelf, clock = Shelf(), StillClock()
    drawn = [(1 << bit).to_bytes(24, "big") for bit in range(192)]
    keys = set()
    for secret in drawn:

        def entropy(size: int, secret: bytes = secret) -> bytes:
            return secret if size == 24 else bytes(size)

        keys.add(issue(shelf, clock, name="etl", owner="a", expires=clock.now() + 1, entropy=entropy).key.reveal())
    assert len(keys) == 192


@given(place=st.integers(0, 58), letter=st.characters(codec="latin-1"))
def test_a_mistyped_character_is_told_from_a_revoked_key(place: int, letter: str) -> None:
    shelf, clock = Shelf(), StillClock()
    key = made(shelf, clock)
    typo = key[:place] + letter + key[place + 1 :]
    verifier = ServiceAccountVerifier(shelf, clock)
    verifier.poll()
    found = judged(verifier, typo)
    if typo == key:
        assert not isinstance(found, Deny)
    else:
        assert isinstance(found, Deny)
        assert found.code is Code.CREDENTIAL_INVALID
        assert "mistyped" in found.message


@pytest.mark.parametrize("rest", ["", "x", "a" * 52, "0" * 12 + "_" + "0" * 39, "é", "\n"])
def test_what_has_not_the_form_is_mistyped(rest: str) -> None:
    denied = judged(ServiceAccountVerifier(Shelf(), StillClock()), f"nrw_sa_{rest}")
    assert isinstance(denied, Deny)
    assert "mistyped" in denied.message


def test_a_key_of_another_gate_is_unknown() -> None:
    clock = StillClock()
    foreign = made(Shelf(), clock)
    denied = judged(ServiceAccountVerifier(Shelf(), clock), foreign)
    assert denied == Deny(Code.CREDENTIAL_INVALID, "the service-account key is not known here")


def test_the_id_alone_is_worth_nothing() -> None:
    """Another secret under a known id, with a right checksum, is refused."""
    mine, theirs, clock = Shelf(), Shelf(), StillClock()
    key = made(mine, clock, seed=7)
    other = issue(
        theirs,
        clock,
        name="etl",
        owner="alice",
        expires=clock.now() + DAY,
        entropy=lambda size: bytes([7 if size == 8 else 9]) * size,
    ).key.reveal()
    assert other[:20] == key[:20]
    denied = judged(ServiceAccountVerifier(mine, clock), other)
    assert isinstance(denied, Deny)
    assert denied.code is Code.CREDENTIAL_INVALID


async def test_a_key_expires_to_the_microsecond(gate: Gate) -> None:
    key = gate.account(days=1).key.reveal()
    await gate.identity(key)
    gate.clock.advance(86_399.999999)
    gate.authenticator.tend()
    await gate.identity(key)
    assert gate.authenticator.recall(gate.authenticator.digest(key)) is not None
    gate.clock.time += 1
    assert gate.authenticator.recall(gate.authenticator.digest(key)) is None
    assert (await gate.denied(key)).code is Code.CREDENTIAL_EXPIRED


async def test_a_revoked_key_ends_with_the_next_poll(gate: Gate) -> None:
    key, other = gate.account().key.reveal(), gate.account("other").key.reveal()
    await gate.identity(key)
    await gate.identity(other)
    gate.control.revoke("etl")
    assert gate.authenticator.recall(gate.authenticator.digest(key)) is not None
    gate.authenticator.tend()
    assert gate.authenticator.recall(gate.authenticator.digest(key)) is None
    assert (await gate.denied(key)).code is Code.CREDENTIAL_REVOKED
    await gate.identity(other)


async def test_a_key_that_was_made_a_moment_ago_is_accepted_at_once(gate: Gate) -> None:
    gate.authenticator.tend()
    await gate.identity(gate.account().key.reveal())


def test_unread_revocations_end_every_key() -> None:
    shelf, clock = Shelf(), StillClock()
    key = made(shelf, clock)
    verifier = ServiceAccountVerifier(shelf, clock)
    verifier.poll()
    shelf.broken = True
    clock.advance(29)
    assert not isinstance(judged(verifier, key), Deny)
    clock.advance(1)
    denied = judged(verifier, key)
    assert isinstance(denied, Deny)
    assert denied.code is Code.IDENTITY_UNAVAILABLE
    shelf.broken = False
    assert not isinstance(judged(verifier, key), Deny)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "the name must be"),
        ({"name": "Etl"}, "the name must be"),
        ({"name": "etl\n"}, "the name must be"),
        ({"name": "x" * 64}, "the name must be"),
        ({"owner": " "}, "the owner must be"),
        ({"owner": "al\nice"}, "the owner must be"),
        ({"purpose": ""}, "the purpose must be"),
        ({"expires": START * 1_000_000}, "the key must end"),
        ({"expires": START * 1_000_000 + 366 * DAY + 1}, "within 366 days"),
    ],
)
def test_a_key_that_must_not_be_made(change: dict[str, object], says: str) -> None:
    shelf, clock = Shelf(), StillClock()
    usual: dict[str, object] = {"name": "etl", "owner": "alice", "expires": clock.now() + 366 * DAY}
    with pytest.raises(AccountRefused, match=says):
        issue(shelf, clock, **{**usual, **change})  # type: ignore[arg-type]
    assert shelf.kept == {}
    issue(shelf, clock, **usual)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "change", "says"),
    [
        (Accounts(longest=30 * 86_400.0), {"expires": START * 1_000_000 + 30 * DAY + 1}, r"within 30 days \(`access"),
        (Accounts(longest=12 * 3600.0), {"expires": START * 1_000_000 + DAY}, "within 12 hours"),
        (Accounts(purpose="required"), {"purpose": None}, "purpose is missing"),
    ],
)
def test_the_configuration_bounds_every_key(rules: Accounts, change: dict[str, object], says: str) -> None:
    shelf, clock = Shelf(), StillClock()
    usual: dict[str, object] = {"name": "etl", "owner": "alice", "purpose": "nightly", "expires": clock.now() + 1}
    with pytest.raises(AccountRefused, match=says):
        issue(shelf, clock, rules=rules, **usual | change)  # type: ignore[arg-type]
    assert shelf.kept == {}
    issue(shelf, clock, rules=rules, **usual)  # type: ignore[arg-type]


async def test_a_rotated_key_works_beside_the_new_one_for_the_overlap(gate: Gate) -> None:
    old = gate.account("etl", days=10)
    gate.clock.advance(3 * 86_400)
    rotated = rotate(gate.control, gate.clock, name="etl", overlap=DAY)
    new = rotated.issued
    assert (new.account.owner, new.account.expires) == ("alice", gate.clock.now() + 10 * DAY)
    assert [(one.id, one.expires) for one in rotated.others] == [(old.account.id, gate.clock.now() + DAY)]
    for key in (old.key, new.key):
        assert (await gate.identity(key.reveal())).principal.key == "narrows:etl"
    gate.clock.advance(86_400)
    gate.authenticator.tend()
    assert (await gate.denied(old.key.reveal())).code is Code.CREDENTIAL_EXPIRED
    assert (await gate.identity(new.key.reveal())).principal.owner == "alice"


async def test_a_rotated_key_lasts_as_long_as_is_said_or_as_the_configuration_permits(gate: Gate) -> None:
    gate.account("etl", days=100)
    now = gate.clock.now()
    bound = Accounts(longest=30 * 86_400.0)
    assert (
        rotate(gate.control, gate.clock, name="etl", overlap=DAY, rules=bound).issued.account.expires == now + 30 * DAY
    )
    shorter = rotate(gate.control, gate.clock, name="etl", overlap=DAY, span=2 * DAY, rules=bound)
    assert shorter.issued.account.expires == now + 2 * DAY
    with pytest.raises(AccountRefused, match="within 30 days"):
        rotate(gate.control, gate.clock, name="etl", overlap=DAY, span=31 * DAY, rules=bound)


async def test_an_account_without_a_key_in_force_is_not_rotated(gate: Gate) -> None:
    gate.account("etl")
    gate.control.revoke("etl")
    with pytest.raises(AccountRefused, match="none to take the place of"):
        rotate(gate.control, gate.clock, name="etl", overlap=DAY)
