"""Whatever stands where something else belongs: a request is read or refused, a reply is read or invalid; nothing else
is ever raised, and what was read can be sent."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.model.call import Asked
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import PATHS, REPLIES, REQUESTS, STREAMS, dialect, read, reader, replay, sse

ODD: list[Any] = [
    None, True, False, 0, -1, 1 << 60, 1.5, msgspec.Raw(b"1e400"), "", "text", "data:", "data:x;base64,%%", [], [[]],
    [None], [1], ["x"], {}, {"": ""}, {"type": []}, {"type": {}}, {"id": 5}, {"role": ["user"]}, [{"type": "text"}],
]  # fmt: skip


def mutated(tree: Any, chance: random.Random) -> Any:
    """A copy in which one node in twenty is something else."""
    if chance.random() < 0.05:
        return chance.choice(ODD)
    if isinstance(tree, dict):
        return {key: mutated(value, chance) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [mutated(value, chance) for value in tree]
    return tree


def mutated_object(tree: dict[str, Any], seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    return {key: mutated(value, chance) for key, value in tree.items()}


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=st.integers(0, 1 << 32))
def test_requests(name: str, seed: int) -> None:
    result = read(name, mutated_object(REQUESTS[name], seed))
    if isinstance(result, Asked):
        assert dialect(PATHS[name][0]).forward(result, "m", 1500).body.startswith(b"{")


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=st.integers(0, 1 << 32))
def test_replies(name: str, seed: int) -> None:
    survives(name, msgspec.json.encode(mutated_object(REPLIES[name], seed)), stream=False)


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(seed=st.integers(0, 1 << 32))
def test_streams(name: str, seed: int) -> None:
    blocks = [block.rpartition(b"data: ")[2] for block in STREAMS[name].split(b"\n\n") if block]
    trees = [msgspec.json.decode(block) for block in blocks if block.startswith(b"{")]
    events = [mutated_object(tree, seed + index) for index, tree in enumerate(trees)]
    survives(name, sse(*events, "[DONE]"), stream=True)


def survives(name: str, data: bytes, *, stream: bool) -> None:
    reads = reader(name, stream=stream)
    try:
        for event in replay(reads, data):
            reads.write(event)
    except ReplyInvalid:
        return
