"""Many calls at once: never one more than a budget has room for."""

import asyncio
from typing import Any

import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import HELLO, recorded
from e2e.scripted import Scripted

AT_ONCE = 200


async def crowd(gate: Gate, token: str, model: str, **more: Any) -> list[str]:
    """How so many calls at once end: "" or the code of the refusal."""
    asking = openai.AsyncOpenAI(base_url=f"{gate.url}/priced/v1", api_key=token, max_retries=0, timeout=60)

    async def one() -> str:
        try:
            await asking.chat.completions.create(model=model, messages=HELLO, **more)
        except openai.APIStatusError as refused:
            return str(refused.response.json()["error"]["code"])
        return ""

    async with asking:
        return await asyncio.gather(*(one() for _ in range(AT_ONCE)))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_budget_of_calls_is_exact(gate: Gate, issuer: Issuer, scripted: Scripted, stream: bool) -> None:
    user, model = f"ned-{stream}", f"ok:counted-{stream}"
    endings = await crowd(gate, issuer.token(user, ("counted",)), model, stream=stream)
    assert sorted(endings) == [""] * 50 + ["budget_exceeded"] * (AT_ONCE - 50)
    assert len(scripted.bodies(model)) == 50
    assert len(recorded(gate, user, AT_ONCE)) == AT_ONCE


async def test_a_budget_of_tokens_is_never_passed(gate: Gate, issuer: Issuer, scripted: Scripted) -> None:
    endings = await crowd(gate, issuer.token("mae", ("metered",)), "ok:metered", max_tokens=20)
    assert set(endings) == {"", "budget_exceeded"}
    calls = recorded(gate, "mae", AT_ONCE)
    forwarded = [call for call in calls if call.forwarded]
    assert len(forwarded) == len(scripted.bodies("ok:metered")) == endings.count("")
    # What is held and what has settled never come to more, at no moment of the log.
    events: list[tuple[int, int]] = []
    for call in forwarded:
        assert call.reserved is not None
        assert call.settled is not None
        assert call.closed_seq is not None
        (held,), (came,) = call.reserved.values(), call.settled.values()
        events += [(call.seq, held), (call.closed_seq, came - held)]
    total = 0
    for _, change in sorted(events):
        total += change
        assert 0 <= total <= 9_000
