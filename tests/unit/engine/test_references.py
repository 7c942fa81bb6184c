"""Stored responses and conversations are the caller's who received them through this connection."""

import pytest

from narrows.engine.references import foreign
from narrows.model.refusal import Code
from unit.controls.calls import call
from unit.engine.world import MemoryJournal


@pytest.mark.parametrize(
    ("owned", "refused"),
    [
        (("corp:alice", "openai", "resp_1"), False),
        (("corp:bob", "openai", "resp_1"), True),
        (("corp:alice", "other", "resp_1"), True),
        (("corp:alice", "openai", "resp_2"), True),
    ],
)
async def test_a_reference_is_good_for_whoever_received_it(owned: tuple[str, str, str], refused: bool) -> None:
    journal = MemoryJournal()
    about = call(asked={"references": ("resp_1", "resp_1")})
    journal.owned.add((about.principal.key if owned[0] == "corp:alice" else owned[0], *_in(about.connection, owned)))
    deny = await foreign(journal, about)
    assert (deny is not None and deny.code is Code.REFERENCE_NOT_ALLOWED) is refused


def _in(connection: str, owned: tuple[str, str, str]) -> tuple[str, str]:
    return (connection if owned[1] == "openai" else owned[1]), owned[2]
