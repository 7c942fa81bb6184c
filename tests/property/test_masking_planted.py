"""Wherever a server puts something sensitive into a reply, whole or streamed, none of it reaches the caller."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.dialects.fields import grows, is_json
from narrows.masking.applied import Side, apply
from narrows.masking.replies import ReplyMask
from narrows.model.plan import Mask, Transform
from unit.dialects.payloads import REPLIES, STREAMS, reader, sse
from unit.masking.samples import engine

TEXTS = ("078-05-1120", "4111111111111111", "ada.lovelace@example.org")
NUMBER = 4111111111111111
KEPT = frozenset({"type", "role", "finish_reason", "stop_reason", "status", "object"})
"""Members with words by which an event is told from another; elsewhere anything is planted."""

PLACES = frozenset({"index", "output_index", "content_index", "summary_index", "sequence_number", "embedding"})
"""Numbers by which events belong together, and vectors."""


def side() -> Side:
    entities = frozenset({"US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS"})
    made = apply(engine(), (Mask("m", "p", entities, Transform.REDACT),), b"k" * 32).response
    assert made is not None
    return made


SIDE = side()


def planted(tree: Any, chance: Random, key: str = "") -> Any:
    """A copy in which strings, numbers and new members hold something sensitive, here and there."""
    if isinstance(tree, dict):
        made = {name: planted(value, chance, name) for name, value in tree.items()}
        if chance.random() < 0.2:
            made[chance.choice(["x_odd", f"k {chance.choice(TEXTS)}"])] = chance.choice(
                [NUMBER, [NUMBER], [*range(30), NUMBER], {"n": {"text": chance.choice(TEXTS)}}, *TEXTS]
            )
        return made
    if isinstance(tree, list):
        return [planted(value, chance, key) for value in tree]
    if chance.random() > 0.3 or key in KEPT:
        return tree
    if isinstance(tree, str):
        return f"{tree} {chance.choice(TEXTS)} " if key != "arguments" else json.dumps({"a": [NUMBER, *TEXTS]})
    return NUMBER * 10 + 3 if type(tree) is int and key not in PLACES else tree


def caught(written: bytes) -> list[str]:
    text = written.decode()
    return [secret for secret in (*TEXTS, str(NUMBER)) if secret in text]


def reached(name: str, data: bytes, chance: Random, *, stream: bool) -> bytes:
    """What the caller gets until the reply ends or is stopped."""
    reads, mask = reader(name, stream=stream), ReplyMask(SIDE, grows, is_json)
    size, out = chance.choice([1, 7, 1 << 20]), b""
    for at in range(0, len(data) + 1, size):
        for event in reads.feed(data[at : at + size]) if at < len(data) else reads.close():
            if mask.take(event) is not None:
                return out
            for choice, field, text in event.before:
                said = reads.say(choice, field, text)
                assert said is not None
                out += reads.write(said)
            out += reads.write(event)
    return out


@pytest.mark.parametrize("name", sorted(REPLIES))
@given(seed=st.integers(0, 1 << 32))
def test_whole(name: str, seed: int) -> None:
    chance = Random(seed)
    data = json.dumps(planted(REPLIES[name], chance)).encode()
    assert caught(reached(name, data, chance, stream=False)) == []


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(seed=st.integers(0, 1 << 32))
def test_streamed(name: str, seed: int) -> None:
    chance = Random(seed)
    blocks = [block.rpartition(b"data: ")[2] for block in STREAMS[name].split(b"\n\n")]
    trees = [planted(json.loads(block), chance) for block in blocks if block.startswith(b"{")]
    named = name not in ("chat", "json")
    data = sse(*trees, *([] if named else ["[DONE]"]), named=named)
    assert caught(reached(name, data, chance, stream=True)) == []
