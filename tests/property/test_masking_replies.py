"""Through the real readers, however a stream is cut, the caller puts together the masked whole of each field."""

import json
from collections import defaultdict
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.masking import wire
from narrows.dialects.fields import grows, is_json
from narrows.masking.applied import Side, apply
from narrows.masking.arguments import mask_arguments
from narrows.masking.replies import ReplyMask
from narrows.model.plan import Mask, Transform
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import reader, replay
from unit.masking.samples import engine

ENGINE = engine()
KEY = b"a key for the hashes of the tests"
SECRETS = ("078-05-1120", "4111 1111 1111 1111", "4111111111111111", "ada@example.org", f"ghp_{'aB3' * 12}")
WORDS = (*SECRETS, *SECRETS, "078-05-", "4111", "ada@", " ", " ", "\n", "abc ", "🙂", "é", ": ", "1", '"', "\\", "Ⅳ")
ENTITIES = frozenset({"US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS", "GITHUB_TOKEN"})
SEEDS = st.integers(0, 1 << 32)
REPEAT = "repeat:"


def side(transform: Transform, *fields: str) -> Side:
    made = apply(ENGINE, (Mask("m", "p", ENTITIES, transform, fields=fields),), KEY).response
    assert made is not None
    return made


SIDES = [side(Transform.REDACT), side(Transform.HASH), side(Transform.PARTIAL), side(Transform.REDACT, "password")]


def words(chance: Random) -> str:
    return "".join(chance.choice(WORDS) for _ in range(chance.randint(0, 14)))


def arguments(chance: Random) -> str:
    members: dict[str, Any] = {f"k{number}": words(chance) for number in range(chance.randint(0, 3))}
    members |= {"password": words(chance), words(chance): chance.choice([4111111111111111, True, [words(chance)]])}
    return json.dumps(members, ensure_ascii=chance.random() < 0.5)


def pieces(chance: Random, text: str) -> list[str]:
    """A text cut anywhere: into single characters, or at some places."""
    if chance.random() < 0.3:
        return list(text) or [""]
    cuts = sorted(chance.randint(0, len(text)) for _ in range(chance.randint(0, 6)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def merged(chance: Random, streams: list[list[Any]]) -> list[Any]:
    """The streams, each in its order, one between the other at random."""
    order = [number for number, stream in enumerate(streams) for _ in stream]
    chance.shuffle(order)
    iterators = [iter(stream) for stream in streams]
    return [next(iterators[number]) for number in order]


def chat(chance: Random) -> bytes:
    choices = []
    for index in range(chance.randint(1, 3)):
        chunks = [wire.chat_chunk({"role": "assistant", "content": ""}, index=index)]
        for name in ("reasoning_content", "content", "refusal"):
            chunks += [wire.chat_chunk({name: piece}, index=index) for piece in pieces(chance, words(chance))]
        for number in range(chance.randint(0, 2)):
            first, *rest = pieces(chance, arguments(chance))
            chunks.append(wire.chat_chunk({"tool_calls": [wire.call(first, number)]}, index=index))
            chunks += [wire.chat_chunk({"tool_calls": [wire.call(piece, number, first=False)]}, index=index)
                       for piece in rest]  # fmt: skip
            # Some models go on to speak after they have called a tool.
            chunks += [wire.chat_chunk({"content": piece}, index=index) for piece in pieces(chance, words(chance))]
        choices.append([*chunks, wire.chat_chunk({}, "stop", index)])
    return wire.events(merged(chance, choices), done=True, ascii_only=chance.random() < 0.5)


def completions(chance: Random) -> bytes:
    trees = [{"choices": [{"index": 0, "text": piece}]} for piece in pieces(chance, words(chance))]
    trees[-1]["choices"][0]["finish_reason"] = "stop"
    return wire.events(trees, done=True, ascii_only=chance.random() < 0.5)


def responses(chance: Random) -> bytes:
    trees = wire.response_stream(words(chance), arguments(chance), chance.choice([1, 2, 3, 5, 8, 13, 100]))
    return wire.events(trees, named=True, ascii_only=chance.random() < 0.5)


def messages(chance: Random) -> bytes:
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for _ in range(chance.randint(1, 4)):
        kind = chance.choice(["text", "text", "thinking", "tool_use"])
        text = arguments(chance) if kind == "tool_use" else words(chance)
        name, start = {
            "text": ("text", {"text": ""}),
            "thinking": ("thinking", {"thinking": "", "signature": ""}),
            "tool_use": ("partial_json", {"id": "t", "name": "f", "input": {}}),
        }[kind]
        delta = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}[kind]
        blocks.append(({"type": kind, **start}, [{"type": delta, name: piece} for piece in pieces(chance, text)]))
    return wire.events(wire.message_stream(*blocks), named=True, ascii_only=chance.random() < 0.5)


def any_json(chance: Random) -> bytes:
    trees = [{"id": "x", "out": {"text": piece}} for piece in pieces(chance, words(chance))]
    return wire.events(trees, done=chance.random() < 0.5, ascii_only=chance.random() < 0.5)


STREAMS = {"chat": chat, "completions": completions, "responses": responses, "messages": messages, "json": any_json}


def masked(name: str, data: bytes, side: Side, chance: Random) -> tuple[bytes, Deny | None]:
    """What the caller gets of a stream that arrives in pieces, and why it was stopped, if it was."""
    reads, mask = reader(name, stream=True), ReplyMask(side, grows, is_json)
    size = chance.choice([1, 2, 7, 100, 1 << 20])
    out = b""
    deny: Deny | None = None

    def take(events: list[Event]) -> None:
        nonlocal out, deny
        for event in events:
            deny = deny or mask.take(event)
            if deny is not None:
                return
            for choice, field, text in event.before:
                said = reads.say(choice, field, text)
                assert said is not None
                out += reads.write(said)
            out += reads.write(event)

    for at in range(0, len(data), size):
        take(reads.feed(data[at : at + size]))
    take(reads.close())
    return out, deny


def fields(name: str, data: bytes) -> dict[tuple[int, str], list[str]]:
    """The texts of each field: of one that grows the whole until it ends, of others each. A stream may break off."""
    whole: dict[tuple[int, str], list[str]] = defaultdict(list)
    ended: set[tuple[int, str]] = set()
    reads = reader(name, stream=True)
    events = reads.feed(data)
    with suppress(ReplyInvalid):
        events += reads.close()
    for event in events:
        for delta in event.deltas:
            key = (delta.choice, delta.field)
            if grows(delta.field) and whole[key] and key not in ended:
                whole[key][-1] += delta.text
            elif delta.text:
                whole[key].append(delta.text)
                ended.discard(key)
        ended.update(event.ends)
    return whole


def expected(side: Side, field: str, text: str) -> str:
    """The field masked as a whole."""
    own = field.removeprefix(REPEAT)
    assert side.masker is not None
    if is_json(own) or (side.fields is not None and own == "content"):
        return mask_arguments(side.masker, text, side.fields).text
    return side.masker.mask(text).text


def together(side: Side, field: str, texts: list[str]) -> str:
    """A field masked: each stretch by itself, and what that leaves as the one text that it is."""
    alone = "".join(expected(side, field, text) for text in texts)
    assert side.masker is not None
    return alone if is_json(field) or field.startswith(REPEAT) else side.masker.mask(alone).text


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(seed=SEEDS)
def test_the_caller_gets_the_masked_whole(name: str, seed: int) -> None:
    chance = Random(seed)
    side, data = chance.choice(SIDES), STREAMS[name](chance)
    out, deny = masked(name, data, side, chance)
    before, after = fields(name, data), fields(name, out)
    keys = {key for key in before.keys() | after.keys() if grows(key[1].removeprefix(REPEAT))}
    if deny is None:
        for key in keys:
            assert "".join(after[key]) == together(side, key[1], before[key]), key
        return
    # It was stopped: only where something goes over from one stretch to the next, and before it was complete.
    prose = [key for key in keys if not is_json(key[1]) and not key[1].startswith(REPEAT)]
    assert any(together(side, key[1], before[key]) != alone(side, key[1], before[key]) for key in prose)
    for key in prose:
        assert side.masker is not None
        assert side.masker.mask("".join(after[key])).text == "".join(after[key])


def alone(side: Side, field: str, texts: list[str]) -> str:
    return "".join(expected(side, field, text) for text in texts)


def parts_of(data: bytes) -> list[str]:
    """The words of each part of the messages of a finished response."""
    last = json.loads(data.rstrip().rpartition(b"data: ")[2])
    return [part["text"] for item in last["response"]["output"] for part in item["content"]]


@given(seed=SEEDS)
def test_a_finished_response_says_what_its_deltas_said(seed: int) -> None:
    """In as many parts, and as the same response says it whole."""
    chance = Random(seed)
    side = chance.choice(SIDES[:3])
    texts = [[words(chance) for _ in range(chance.randint(1, 3))] for _ in range(chance.randint(1, 2))]
    data = wire.events(wire.response_of_parts(texts, chance.choice([1, 3, 100])), named=True)
    out, deny = masked("responses", data, side, chance)
    said = "".join(text for text in fields("responses", out)[0, "content"])
    reads, mask = reader("responses", stream=False), ReplyMask(side, grows, is_json)
    (whole,) = replay(reads, json.dumps(wire.response(*map(wire.said, texts))).encode())
    assert mask.take(whole) is None
    reads.write(whole)
    parts = [part["text"] for item in whole.data["output"] for part in item["content"]]
    if deny is None:
        assert parts_of(out) == parts
        assert "".join(parts) == said
    else:
        assert side.masker is not None
        assert side.masker.mask(said).text == said
        assert parts[1:] == [""] * (len(parts) - 1)
