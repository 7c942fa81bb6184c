"""What every kind of credential must do behind the Authenticator port."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from narrows.model.principal import Identity
from narrows.model.refusal import Code
from narrows.model.revocation import Revoked
from narrows.model.verdict import Deny
from narrows.ports.identity import Authenticator
from narrows.ports.revocations import RevocationsUnavailable
from unit.identity.revoking import revocation
from unit.identity.world import START, Gate

LIFE = 600.0
"""Every credential made here ends so many seconds after START; the issuer's leeway is 30 seconds."""

Maker = Callable[[Gate], str]
MAKERS: dict[str, Maker] = {
    "signed token": lambda gate: gate.provider.token(),
    "opaque token": lambda gate: gate.opaque(),
    "service account": lambda gate: gate.account(days=LIFE / 86_400).key.reveal(),
}


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    world = Gate(tmp_path)
    yield world
    await world.close()


@pytest.fixture(params=list(MAKERS))
def token(request: pytest.FixtureRequest, gate: Gate) -> str:
    return MAKERS[request.param](gate)


@pytest.fixture
def authenticator(gate: Gate) -> Authenticator:
    return gate.authenticator


def test_a_stranger_is_not_recalled(authenticator: Authenticator, token: str) -> None:
    assert authenticator.recall(authenticator.digest(token)) is None


async def test_who_was_verified_is_recalled(authenticator: Authenticator, token: str) -> None:
    found = await authenticator.verify(token)
    assert isinstance(found, Identity)
    assert authenticator.recall(authenticator.digest(token)) == found
    assert await authenticator.verify(token) == found


async def test_an_identity_names_its_credential_without_the_secret(authenticator: Authenticator, token: str) -> None:
    found = await authenticator.verify(token)
    assert isinstance(found, Identity)
    assert found.credential.id
    assert token not in repr(found)
    assert found.credential.id not in ("", token)
    assert found.credential.expires == pytest.approx(START + LIFE)


async def test_nothing_outlives_its_end(authenticator: Authenticator, gate: Gate, token: str) -> None:
    await authenticator.verify(token)
    gate.clock.advance(LIFE + 30)
    assert authenticator.recall(authenticator.digest(token)) is None
    denied = await authenticator.verify(token)
    assert isinstance(denied, Deny)
    assert denied.code is Code.CREDENTIAL_EXPIRED


async def test_a_changed_credential_is_another_one(authenticator: Authenticator, token: str) -> None:
    await authenticator.verify(token)
    for changed in (token + "A", token[:-1], token.swapcase(), " " + token, token + "\n"):
        assert authenticator.recall(authenticator.digest(changed)) is None
        assert isinstance(await authenticator.verify(changed), Deny)
    assert authenticator.recall(authenticator.digest(token)) is not None


async def test_a_refusal_is_an_authentication_or_availability_matter(authenticator: Authenticator) -> None:
    for token in ("", "a", "a.b.c", "nrw_sa_x", "x" * 20_000, "\x00", "é"):
        denied = await authenticator.verify(token)
        assert isinstance(denied, Deny)
        assert denied.meaning.status in (401, 503)
        assert authenticator.recall(authenticator.digest(token)) is None


async def test_what_is_revoked_ends_at_once_and_names_whose_it_was(gate: Gate, token: str) -> None:
    found = await gate.identity(token)
    gate.revoked.make(revocation(Revoked.TOKEN, found.credential.id))
    gate.revocations.poll()
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    for _ in range(2):
        denied = await gate.denied(token)
        assert (denied.code, denied.rule, denied.whose) == (Code.CREDENTIAL_REVOKED, "rev_1", found)
    gate.revoked.lift("rev_1")
    gate.revocations.poll()
    assert await gate.identity(token) == found


async def test_who_is_contained_is_never_let_in(gate: Gate, token: str) -> None:
    owner = revocation(Revoked.USER, "corp:alice")
    gate.revoked.make(owner)
    gate.revocations.poll()
    assert (await gate.denied(token)).code is Code.IDENTITY_CONTAINED
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None


async def test_what_has_expired_names_whose_it_was(gate: Gate, token: str) -> None:
    found = await gate.identity(token)
    gate.clock.advance(LIFE + 30)
    denied = await gate.denied(token)
    assert denied.code is Code.CREDENTIAL_EXPIRED
    assert denied.whose is not None
    assert (denied.whose.principal, denied.whose.credential.id) == (found.principal, found.credential.id)


async def test_nobody_is_let_in_while_nobody_knows_what_was_revoked(gate: Gate, token: str) -> None:
    await gate.identity(token)
    gate.revoked.failing = True
    gate.clock.advance(31)
    with pytest.raises(RevocationsUnavailable):
        gate.revocations.poll()
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    assert (await gate.denied(token)).code is Code.IDENTITY_UNAVAILABLE
