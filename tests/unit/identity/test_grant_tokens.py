"""Tokens for access that was approved: to whom it was given, while it lasts, and as often as it makes sense."""

from pathlib import Path

import msgspec
import pytest

from narrows.identity.grant_tokens import MOST, token_for
from narrows.model.access import Grant, GrantState, Origin, Request
from narrows.model.approval import Approvers
from narrows.model.principal import Principal, Scope
from narrows.ports.tokens import TokenRefused
from narrows.stores.sqlite.tokens import SqliteTokens
from unit.identity.world import StillClock

ALICE = Principal("corp", "alice", groups=frozenset({"research"}))


def grant(clock: StillClock, **changes: object) -> Grant:
    at = clock.now()
    scope = Scope(("openai",), ("gpt-*",), ("chat",))
    request = Request(
        "grt_1", ALICE, scope, 60, "why", at, at + 10, "chat", Approvers(), 0, network=True, certificate="ab" * 32
    )
    return msgspec.structs.replace(Grant(request, GrantState.ACTIVE, (), at, at + 60), **changes)


def test_it_is_what_was_granted(tmp_path: Path) -> None:
    clock = StillClock()
    tokens = SqliteTokens(tmp_path, clock)
    now = msgspec.structs.replace(ALICE, groups=frozenset({"other"}))
    token, secret = token_for(grant(clock), now, tokens, clock)
    assert (token.origin, token.source, token.principal, token.expires) == (
        Origin.GRANT,
        "grt_1",
        now,
        clock.now() + 60,
    )
    assert (token.scope, token.network, token.certificate) == (grant(clock).request.scope, True, "ab" * 32)
    assert tokens.issued_for("grt_1") == [token]
    assert secret.reveal().startswith("nrw_at_")
    tokens.close()


@pytest.mark.parametrize("state", [state for state in GrantState if state is not GrantState.ACTIVE])
def test_only_what_is_active_gives_one(tmp_path: Path, state: GrantState) -> None:
    clock = StillClock()
    tokens = SqliteTokens(tmp_path, clock)
    with pytest.raises(TokenRefused, match=state.value):
        token_for(grant(clock, state=state), ALICE, tokens, clock)
    tokens.close()


def test_nobody_else_gets_one_and_nobody_without_end(tmp_path: Path) -> None:
    clock = StillClock()
    tokens = SqliteTokens(tmp_path, clock)
    with pytest.raises(TokenRefused, match="was given to corp:alice"):
        token_for(grant(clock), Principal("corp", "bob"), tokens, clock)
    for _ in range(MOST):
        token_for(grant(clock), ALICE, tokens, clock)
    with pytest.raises(TokenRefused, match="32 tokens were issued"):
        token_for(grant(clock), ALICE, tokens, clock)
    clock.time += 60
    with pytest.raises(TokenRefused):
        token_for(grant(clock, ends=clock.now()), ALICE, tokens, clock)
    tokens.close()
