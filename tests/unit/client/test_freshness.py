"""A token for every call: renewed behind the calls while it is good, before them when it is not."""

import asyncio
import threading

import pytest

from narrows.client.failure import SignInEnded
from narrows.client.freshness import PAUSE, Freshness
from narrows.client.tokens import Tokens
from narrows.model.secret import Secret


class Renewing:
    """Gives tokens that last 600 seconds, one after the other; `failing` raises, `held` waits."""

    def __init__(self) -> None:
        self.time = 1000
        self.made = 0
        self.asked: list[Secret | None] = []
        self.failing = False
        self.held: threading.Event | None = None
        self.freshness = Freshness(self._renew, lambda: self.time)

    def _renew(self, refused: Secret | None) -> Tokens:
        self.asked.append(refused)
        if self.held is not None:
            self.held.wait(10)
        if self.failing:
            raise SignInEnded("ended")
        self.made += 1
        return Tokens(Secret(f"t{self.made}"), self.time + 600, self.time)

    async def token(self, refused: str | None = None) -> str:
        given = None if refused is None else Secret(refused)
        return (await self.freshness.tokens(given)).access.reveal()


async def test_one_token_serves_many_calls() -> None:
    renewing = Renewing()
    assert await asyncio.gather(*(renewing.token() for _ in range(5))) == ["t1"] * 5
    assert renewing.asked == [None]


async def test_while_it_is_good_no_call_waits_for_the_next() -> None:
    renewing = Renewing()
    await renewing.token()
    renewing.time += 500
    renewing.held = threading.Event()
    assert [await renewing.token() for _ in range(3)] == ["t1"] * 3
    renewing.held.set()
    await renewing.freshness.close()
    assert await renewing.token() == "t2"
    assert renewing.asked == [None, None]


async def test_one_that_has_ended_is_waited_for() -> None:
    renewing = Renewing()
    await renewing.token()
    renewing.time += 600
    assert await asyncio.gather(renewing.token(), renewing.token()) == ["t2", "t2"]


async def test_a_renewal_that_fails_is_not_tried_with_every_call() -> None:
    renewing = Renewing()
    await renewing.token()
    renewing.time += 500
    renewing.failing = True
    for _ in range(5):
        assert await renewing.token() == "t1"
        await renewing.freshness.close()
    assert len(renewing.asked) == 2
    renewing.time += PAUSE
    assert await renewing.token() == "t1"
    await renewing.freshness.close()
    assert len(renewing.asked) == 3
    renewing.time += 600
    with pytest.raises(SignInEnded):
        await renewing.token()


async def test_one_that_the_gate_refused_is_replaced_once() -> None:
    renewing = Renewing()
    await renewing.token()
    assert await asyncio.gather(renewing.token("t1"), renewing.token("t1")) == ["t2", "t2"]
    assert renewing.asked == [None, Secret("t1")]
    assert await renewing.token() == "t2"
