"""Tokens that Narrows issues: what they say, how long they hold, and what is refused."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from narrows.identity.cache import IdentityCache, Verified
from narrows.identity.issued_tokens import BLIND, DAY, LONGEST, SECOND, IssuedTokenVerifier, issue_token
from narrows.model.access import IssuedToken, Origin
from narrows.model.principal import Credential, Identity, Principal, Scope
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.tokens import TokenRefused, TokensUnavailable
from narrows.stores.sqlite.tokens import SqliteTokens
from unit.identity.world import START, Gate, StillClock

ALICE = Principal("corp", "alice", groups=frozenset({"research"}), attributes={"cost": ("7",)})
SCOPE = Scope(("openai",), ("gpt-4o*",), ("chat",))


class Shelf:
    """Both sides of the tokens, in memory; it can become unreadable, and be put back from a copy."""

    def __init__(self) -> None:
        self.kept: dict[bytes, IssuedToken] = {}
        self.broken = False
        self.moved = True
        self.closed = False

    def keep(self, token: IssuedToken) -> None:
        self.kept[token.digest] = token

    def get(self, ident: str) -> IssuedToken | None:
        return next((token for token in self.kept.values() if token.id == ident), None)

    def of(self, principal: str, *, live_at: int | None = None) -> Sequence[IssuedToken]:
        raise NotImplementedError(principal, live_at)

    def issued_for(self, source: str, *, live_at: int | None = None) -> Sequence[IssuedToken]:
        raise NotImplementedError(source, live_at)

    def replaced(self) -> bool:
        self._check()
        moved, self.moved = self.moved, False
        return moved

    def find(self, digest: bytes) -> IssuedToken | None:
        self._check()
        return self.kept.get(digest)

    def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.broken:
            raise TokensUnavailable("disk I/O error")


def made(shelf: Shelf, clock: StillClock, **changes: object) -> str:
    usual: dict[str, object] = {
        "origin": Origin.GRANT,
        "source": "grt_1",
        "principal": ALICE,
        "expires": clock.now() + 3_600 * SECOND,
        "scope": SCOPE,
    }
    return issue_token(shelf, clock, **{**usual, **changes})[1].reveal()  # type: ignore[arg-type]


def judged(verifier: IssuedTokenVerifier, token: str) -> Verified | Deny:
    return verifier.verify(token, hashlib.sha256(token.encode()).digest())


def refusal(verifier: IssuedTokenVerifier, token: str) -> Code:
    found = judged(verifier, token)
    assert isinstance(found, Deny)
    return found.code


def test_a_token_is_who_it_was_issued_to_and_for_what() -> None:
    shelf, clock = Shelf(), StillClock()
    token = made(shelf, clock, network=True, certificate="ab" * 32)
    (kept,) = shelf.kept.values()
    found = judged(IssuedTokenVerifier(shelf, clock), token)
    assert isinstance(found, Verified)
    credential = Credential(
        "grant",
        kept.id,
        START + 3_600.0,
        issued=clock.now(),
        grant="grt_1",
        network=True,
        certificate="ab" * 32,
    )
    assert found.identity == Identity(ALICE, credential, SCOPE)
    assert found.until == kept.expires


def test_only_the_digest_is_kept() -> None:
    shelf, clock = Shelf(), StillClock()
    token = made(shelf, clock)
    (kept,) = shelf.kept.values()
    assert kept.digest == hashlib.sha256(token.encode()).digest()
    assert kept.id == f"tok_{token[7:19]}"
    assert token[20:] not in repr(kept)


def test_a_sign_in_carries_its_login_and_no_grant() -> None:
    shelf, clock = Shelf(), StillClock()
    token = made(shelf, clock, origin=Origin.LOGIN, source="corp", scope=None, login="sid-7")
    found = judged(IssuedTokenVerifier(shelf, clock), token)
    assert isinstance(found, Verified)
    assert (found.identity.scope, found.identity.credential.login, found.identity.credential.grant) == (
        None,
        "sid-7",
        None,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": START * SECOND},
        {"expires": START * SECOND + LONGEST + 1},
        {"scope": None},
        {"origin": Origin.EXCHANGE, "scope": None},
        {"scope": Scope((), ("*",), ("chat",))},
        {"scope": Scope(("openai",), ("*",), ())},
    ],
)
def test_what_is_not_issued(changes: dict[str, object]) -> None:
    shelf = Shelf()
    with pytest.raises(TokenRefused):
        made(shelf, StillClock(), **changes)
    assert shelf.kept == {}


def test_it_holds_until_its_end_and_not_a_microsecond_longer() -> None:
    shelf, clock = Shelf(), StillClock()
    verifier = IssuedTokenVerifier(shelf, clock)
    token = made(shelf, clock, expires=clock.now() + DAY)
    clock.time += DAY - 1
    assert isinstance(judged(verifier, token), Verified)
    clock.time += 1
    assert refusal(verifier, token) is Code.CREDENTIAL_EXPIRED


def test_what_was_not_issued_here_is_invalid() -> None:
    shelf, clock = Shelf(), StillClock()
    verifier = IssuedTokenVerifier(shelf, clock)
    token = made(shelf, clock)
    swapped = "A" if token[-1] != "A" else "B"
    assert refusal(verifier, token[:-1] + swapped) is Code.CREDENTIAL_INVALID
    shelf.kept.clear()
    assert refusal(verifier, token) is Code.CREDENTIAL_INVALID


def test_what_cannot_be_read_is_refused_and_what_is_remembered_only_for_a_while() -> None:
    shelf, clock = Shelf(), StillClock()
    verifier, cache = IssuedTokenVerifier(shelf, clock), IdentityCache(clock, 10)
    token = made(shelf, clock)
    found = judged(verifier, token)
    assert isinstance(found, Verified)
    cache.put(b"it", found)
    shelf.broken = True
    assert refusal(verifier, token) is Code.IDENTITY_UNAVAILABLE
    clock.time += BLIND - 1
    assert cache.recall(b"it") == found.identity
    clock.time += 1
    assert cache.recall(b"it") is None
    assert refusal(verifier, token) is Code.IDENTITY_UNAVAILABLE


def test_a_file_that_was_put_back_voids_what_is_remembered() -> None:
    shelf, clock = Shelf(), StillClock()
    verifier, cache = IssuedTokenVerifier(shelf, clock), IdentityCache(clock, 10)
    found = judged(verifier, made(shelf, clock))
    assert isinstance(found, Verified)
    cache.put(b"it", found)
    verifier.poll()
    assert cache.recall(b"it") is not None
    shelf.moved = True
    verifier.poll()
    assert cache.recall(b"it") is None


def test_closing_lets_go() -> None:
    shelf = Shelf()
    IssuedTokenVerifier(shelf, StillClock()).close()
    assert shelf.closed


async def test_the_gate_takes_it_at_once_and_until_its_end(gate: Gate, tmp_path: Path) -> None:
    tokens = SqliteTokens(tmp_path, gate.clock)
    _, secret = issue_token(
        tokens,
        gate.clock,
        origin=Origin.GRANT,
        source="grt_1",
        principal=ALICE,
        expires=gate.clock.now() + 60 * SECOND,
        scope=SCOPE,
    )
    tokens.close()
    token = secret.reveal()
    found = await gate.identity(token)
    assert (found.principal, found.scope) == (ALICE, SCOPE)
    digest = gate.authenticator.digest(token)
    assert gate.authenticator.recall(digest) == found
    gate.clock.advance(60)
    assert gate.authenticator.recall(digest) is None
    assert (await gate.denied(token)).code is Code.CREDENTIAL_EXPIRED
