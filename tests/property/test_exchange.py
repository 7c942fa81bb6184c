"""Exchanges at their edges: a revocation at any step ends the token, its life is never longer than what it came from
permits, and a rule lets in exactly the claims that its globs cover."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.config.exchange import Exchange, Reach
from narrows.config.login import Login
from narrows.console.exchanging import Given
from narrows.identity.exchange import Exchanger, Offer, Rule
from narrows.identity.issued_tokens import identity
from narrows.identity.revocations import Revocations
from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.model.verdict import Deny
from unit.console.office import CALLER, Office
from unit.identity.world import START, Provider, StillClock, issuer

SECOND = 1_000_000


class Shelf:
    """Revocations in memory: what was made is known at the next look."""

    def __init__(self) -> None:
        self.made: list[Revocation] = []

    def news(self) -> Sequence[Revocation | Lifted] | None:
        return None

    def standing(self) -> Sequence[Revocation]:
        return list(self.made)


class Eventful(StillClock):
    """Time goes on at every look at it; at one of them somebody revokes."""

    def __init__(self, shelf: Shelf, subject: str, kind: Revoked, when: int, step: int) -> None:
        super().__init__()
        self._shelf = shelf
        self._revoked = (kind, subject)
        self._when = when
        self._step = step
        self.looks = 0

    def now(self) -> int:
        self.time += self._step
        self.looks += 1
        if self.looks == self._when:
            self.revoke()
        return self.time

    def revoke(self) -> None:
        kind, subject = self._revoked
        self._shelf.made.append(Revocation("rev_1", kind, subject, self.time, "local:op", "gone", before=self.time))


class Racing(Office):
    """An office whose clock and revocations are these."""

    def __init__(self, clock: Eventful, shelf: Shelf) -> None:
        super().__init__()
        self.clock = clock
        self.shelf = shelf
        self.exchanger._clock = clock
        self.desk.now = clock.now  # type: ignore[misc]
        self.office.checks = Revocations(shelf, clock)


WHO = [
    ("person", Revoked.USER, "corp:alice"),
    ("person", Revoked.LOGIN, "corp:s-1"),
    ("job", Revoked.ACCOUNT, "deploy"),
    ("job", Revoked.USER, "corp:ana"),
    ("job", Revoked.USER, "ci:alice"),
]


async def raced(form: str, kind: Revoked, subject: str, when: int, step: int) -> tuple[Any, Racing]:
    shelf = Shelf()
    office = Racing(Eventful(shelf, subject, kind, when, step), shelf)
    await office.start()
    try:
        reply = await office.office.answer(getattr(office, form)(exp=START + 600), CALLER)
    finally:
        await office.close()
    return reply, office


@pytest.mark.parametrize(("form", "kind", "subject"), WHO)
@given(when=st.integers(1, 40), step=st.integers(0, 3 * SECOND))
@settings(max_examples=25, deadline=None)
def test_a_revocation_at_any_moment_ends_what_was_exchanged(
    form: str, kind: Revoked, subject: str, when: int, step: int
) -> None:
    reply, office = asyncio.run(raced(form, kind, subject, when, step))
    if not office.shelf.made:
        office.clock.revoke()  # type: ignore[attr-defined]
    gate = Revocations(office.shelf, office.clock)
    gate.poll()
    for token in office.tokens.all:
        shown = identity(token)
        refused = gate.refusal(shown.principal, shown.credential)
        # The job's own name is not on the token; whoever revokes it before the exchange keeps it from beginning.
        if subject != "ci:alice":
            assert refused is not None
        elif isinstance(reply, Given):
            assert office.shelf.made[0].at >= token.created


@given(
    life=st.integers(-120, 7200),
    longest=st.none() | st.integers(1, 7200),
    age=st.integers(0, 7200),
    leeway=st.integers(0, 60),
)
@settings(max_examples=60, deadline=None)
def test_a_sign_in_never_outlives_its_id_token_nor_what_is_configured(
    life: int, longest: int | None, age: int, leeway: int
) -> None:
    async def offered() -> Offer | Deny:
        clock, provider = StillClock(), Provider()
        login = Login(client_id="cli", id_tokens=True, longest=None if longest is None else float(longest))
        configured = issuer(login=login, leeway=float(leeway), max_token_age=3600.0)
        exchanger = Exchanger([configured], [], provider.fetcher, clock)
        token = provider.token({"typ": "JWT"}, aud="cli", iat=START - age, exp=START + life)
        try:
            return await exchanger.sign_in(token)
        finally:
            await exchanger.close()

    offer = asyncio.run(offered())
    left = min(life, 3600 - age, life if longest is None else longest)
    if left <= 0:
        assert isinstance(offer, Deny)
    else:
        assert isinstance(offer, Offer)
        assert offer.expires == (START + left) * SECOND


TEXTS = st.text(alphabet="ab/*", max_size=6)


@given(
    claims=st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXTS | st.lists(TEXTS, max_size=3), max_size=3),
    wanted=st.dictionaries(
        st.sampled_from(["a", "b", "c"]), st.lists(TEXTS.filter(bool), min_size=1, max_size=3), min_size=1, max_size=3
    ),
)
def test_a_rule_lets_in_what_its_globs_cover(claims: dict[str, Any], wanted: dict[str, list[str]]) -> None:
    rule = Rule(
        Exchange(
            name="r",
            issuer="ci",
            claims={name: tuple(globs) for name, globs in wanted.items()},
            account="a",
            owner="corp:ana",
            may=Reach(connections=("*",), operations=("*",)),
        ),
        [issuer()],
    )

    def covers(glob: str, text: str) -> bool:
        return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), text, re.DOTALL) is not None

    def said(name: str) -> list[str]:
        value = claims.get(name, [])
        return [text for text in (value if isinstance(value, list) else [value]) if text]

    expected = all(any(covers(glob, text) for glob in globs for text in said(name)) for name, globs in wanted.items())
    assert rule.matches(claims) == expected
