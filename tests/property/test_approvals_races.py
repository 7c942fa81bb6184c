"""Whoever decides at the same moment, and however many calls want what was approved: the first word that was written
holds, an answer that came too late counts for nothing, and no more calls pass than were approved."""

import asyncio
import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.model.approval import Answered, Decision, TicketState
from narrows.policy.approvals import rejection, satisfied, terms
from narrows.ports.approvals import DecisionRefused
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.decisions import SqliteDecisions
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import BODY, HOUR, prepared, requirement, said, ticket

RETRIES = 100

answers = st.lists(
    st.tuples(
        st.sampled_from(("corp:sam", "corp:eva", "corp:max")),
        st.sampled_from((Answered.APPROVE, Answered.APPROVE, Answered.REJECT)),
        st.sampled_from((None, None, 1, 3)),
    ),
    min_size=2,
    max_size=4,
)
moments = st.sampled_from((0, HOUR - 1, HOUR))
"""When they decide, from the question on: the last is when it has expired."""


def at_once(folder: Path, clock: StillClock, said_: list[Decision]) -> list[bool]:
    """They decide together, each in a thread with files of its own; whose word was taken."""
    ready = threading.Barrier(len(said_))
    taken = [False] * len(said_)

    def decide(place: int, decision: Decision) -> None:
        people = SqliteDecisions(folder, clock)
        ready.wait()
        try:
            people.decide(decision)
            taken[place] = True
        except DecisionRefused:
            pass
        finally:
            people.close()

    threads = [threading.Thread(target=decide, args=each) for each in enumerate(said_)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


async def play(folder: Path, needed: int, who: list[tuple[str, Answered, int | None]], moment: int) -> None:
    clock = StillClock()
    gate = SqliteApprovals(prepared(folder), clock, every=3600)
    await gate.start()
    asked = ticket(1, requirement(needed=needed))
    await gate.ask(asked, BODY)
    clock.time = NOW + moment
    decisions = [said(1, person, answer, repeats=None if answer is Answered.REJECT else repeats)
                 for person, answer, repeats in who]  # fmt: skip
    taken = await asyncio.to_thread(at_once, folder, clock, decisions)
    passed = await asyncio.gather(*(gate.consume(asked.id, f"call_{number}") for number in range(RETRIES)))
    people = SqliteDecisions(folder, clock)
    found = people.show(asked.id)
    people.close()
    await gate.stop()
    assert found is not None
    known = found.decisions
    assert len(known) == sum(taken)
    if moment >= HOUR:
        assert not any(taken), "it had expired"
    elif decisions:
        assert any(taken), "the first to come is heard"
    refused = rejection(asked, known) is not None
    approved = satisfied(asked, known)
    assert not (refused and approved) or [each.answer for each in known][-1] is Answered.REJECT
    allowed = terms(asked, known).uses if approved and not refused else 0
    assert passed.count(True) == (allowed or 0)
    assert found.used == passed.count(True)
    again = SqliteApprovals(folder, clock, every=3600)
    await again.start()
    kept = again.find(asked.digest, asked.requester)
    await again.stop()
    assert kept is not None
    assert (kept.state, kept.used) == (found.state, found.used), "a start changes nothing of it"
    if approved and not refused:
        assert kept.state is TicketState.CONSUMED


@settings(max_examples=25)
@given(st.integers(1, 2), answers, moments)
def test_however_it_comes_at_once(needed: int, who: list[tuple[str, Answered, int | None]], moment: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(play(Path(directory) / "data", needed, who, moment))
