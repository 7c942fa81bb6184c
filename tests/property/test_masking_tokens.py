"""However a reply that repeats stand-ins is cut, the caller gets its own words back, and the record none of them."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.masking import wire
from narrows.dialects.fields import grows, is_json
from narrows.engine.transcript import TranscriptBuilder
from narrows.masking.applied import apply
from narrows.masking.replies import ReplyMask
from narrows.masking.restoring import Restorer
from narrows.masking.tokens import Tokens
from narrows.model.plan import Mask, Transform
from narrows.model.reply import Event
from unit.dialects.payloads import reader, replay
from unit.masking.samples import engine

KEY = b"a key for the tokens of the tests"
ALICE, BOB = Tokens(KEY, "alice"), Tokens(KEY, "bob")
VALUES = {
    "US_SSN": "078-05-1120",
    "EMAIL_ADDRESS": "ada@example.org",
    "PRIVATE_KEY": '-----BEGIN "KEY"-----\nab\\cd\n-----END-----',
    "PERSON": "Zoë 😀",
}
MINE = {ALICE.stand_in(entity, value): value for entity, value in VALUES.items()}
NOBODYS = [BOB.stand_in(entity, value) for entity, value in VALUES.items()] + ["[US_SSN]", "[US_SSN:", "x[", "]"]
WORDS = [*MINE, *MINE, *NOBODYS, " ", " ", "\n", "abc ", "🙂", "é", ": ", '"', "\\", "}", "US_SSN:"]
SEEDS = st.integers(0, 1 << 32)
SIDE = apply(
    engine(),
    (Mask("m", "p", frozenset({"US_SSN", "EMAIL_ADDRESS", "PRIVATE_KEY", "GITHUB_TOKEN"}), Transform.TOKEN),),
    KEY,
).response


def words(chance: Random) -> str:
    return "".join(chance.choice(WORDS) for _ in range(chance.randint(0, 12)))


def document(chance: Random, depth: int = 0) -> dict[str, Any]:
    """What a tool is called with: strings, lists, and JSON in strings of JSON."""
    tree: dict[str, Any] = {f"k{number}": words(chance) for number in range(chance.randint(0, 2))}
    tree |= {words(chance): [words(chance), 7, None]}
    if depth < 2 and chance.random() < 0.6:
        tree["body"] = json.dumps(document(chance, depth + 1), ensure_ascii=chance.random() < 0.5)
    return tree


def spelled(chance: Random, source: str) -> str:
    """The same JSON, with characters of stand-ins written as escapes."""
    escaped = {token: "".join(character if chance.random() < 0.8 else f"\\u{ord(character):04x}" for character in token)
               for token in MINE}  # fmt: skip
    for token, other in escaped.items():
        if chance.random() < 0.5 and f"\\{token}" not in source:
            source = source.replace(token, other)
    return source


def pieces(chance: Random, text: str) -> list[str]:
    if len(text) < 300 and chance.random() < 0.3:
        return list(text) or [""]
    cuts = sorted(chance.randint(0, len(text)) for _ in range(chance.randint(0, 6)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def original(text: str) -> str:
    """The reference: a text that is JSON is read, restored and written again, another one is searched."""
    try:
        tree = json.loads(text) if text.lstrip(" \t\r\n")[:1] in ("{", "[") else None
    except ValueError:
        tree = None
    if isinstance(tree, dict | list):
        return json.dumps(walked(tree), sort_keys=True)
    for token, value in MINE.items():
        text = text.replace(token, value)
    return text


def walked(tree: Any) -> Any:
    if isinstance(tree, str):
        return original(tree)
    if isinstance(tree, list):
        return [walked(item) for item in tree]
    if isinstance(tree, dict):
        return {original(key): walked(value) for key, value in tree.items()}
    return tree


def chat(chance: Random, texts: dict[str, str], arguments: str) -> bytes:
    chunks = [wire.chat_chunk({"role": "assistant", "content": ""})]
    for field, name in (("reasoning", "reasoning_content"), ("content", "content"), ("refusal", "refusal")):
        chunks += [wire.chat_chunk({name: piece}) for piece in pieces(chance, texts[field])]
    first, *rest = pieces(chance, arguments)
    chunks.append(wire.chat_chunk({"tool_calls": [wire.call(first, 0)]}))
    chunks += [wire.chat_chunk({"tool_calls": [wire.call(piece, 0, first=False)]}) for piece in rest]
    return wire.events([*chunks, wire.chat_chunk({}, "stop")], done=True, ascii_only=chance.random() < 0.5)


def responses(chance: Random, texts: dict[str, str], arguments: str) -> bytes:
    texts.pop("reasoning"), texts.pop("refusal")
    trees = wire.response_stream(texts["content"], arguments, chance.choice([1, 2, 3, 5, 8, 13, 100]))
    return wire.events(trees, named=True, ascii_only=chance.random() < 0.5)


def messages(chance: Random, texts: dict[str, str], arguments: str) -> bytes:
    texts.pop("refusal")
    blocks = [
        ({"type": "thinking", "thinking": "", "signature": ""},
         [{"type": "thinking_delta", "thinking": piece} for piece in pieces(chance, texts["reasoning"])]),
        ({"type": "text", "text": ""},
         [{"type": "text_delta", "text": piece} for piece in pieces(chance, texts["content"])]),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {}},
         [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(chance, arguments)]),
    ]  # fmt: skip
    return wire.events(wire.message_stream(*blocks), named=True, ascii_only=chance.random() < 0.5)


STREAMS = {"chat": chat, "responses": responses, "messages": messages}


def sent(name: str, data: bytes, chance: Random, *, masks: bool) -> tuple[bytes, bytes]:
    """What the caller gets of a stream that arrives in pieces, and what is on record of it."""
    reads, restorer, record = reader(name, stream=True), Restorer(ALICE.originals, grows, is_json), TranscriptBuilder()
    assert SIDE is not None
    mask = ReplyMask(SIDE, grows, is_json) if masks else None
    size = chance.choice([1, 2, 7, 100, 1 << 20] if len(data) < 10_000 else [100, 1 << 20])
    out = b""

    def write(event: Event, *, recorded: bool = False) -> bytes:
        if recorded:
            return reads.write(event)
        for delta in event.deltas:
            record.add(delta, 0)
        before = b""
        for held in restorer.take(event):
            said = reads.say(*held)
            assert said is not None
            before += write(said, recorded=True)
        return before + reads.write(event)

    def take(events: list[Event]) -> None:
        nonlocal out
        for event in events:
            if mask is not None:
                assert mask.take(event) is None
            for held in event.before:
                said = reads.say(*held)
                assert said is not None
                out += write(said)
            out += write(event)

    for at in range(0, len(data), size):
        take(reads.feed(data[at : at + size]))
    take(reads.close())
    return out, b"".join(content.data for content in record.take())


def fields(name: str, data: bytes) -> dict[str, str]:
    whole: dict[str, str] = {}
    for event in replay(reader(name, stream=True), data):
        for delta in event.deltas:
            if grows(delta.field):
                whole[delta.field] = whole.get(delta.field, "") + delta.text
            elif delta.field.startswith("repeat:"):
                whole[delta.field] = delta.text
    return whole


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(seed=SEEDS, masks=st.booleans())
def test_a_stream_is_restored_and_its_record_is_not(name: str, seed: int, masks: bool) -> None:
    chance = Random(seed)
    texts = {field: words(chance) for field in ("content", "reasoning", "refusal")}
    if chance.random() < 0.3:
        texts["content"] = json.dumps(document(chance), ensure_ascii=chance.random() < 0.5)
    arguments = spelled(chance, json.dumps(document(chance), ensure_ascii=chance.random() < 0.5))
    data = STREAMS[name](chance, texts, arguments)
    out, record = sent(name, data, chance, masks=masks)
    got = fields(name, out)
    for field, text in texts.items():
        for said in {field, f"repeat:{field}"} & got.keys():
            assert original(got[said]) == original(text), said
        assert field in got or not text
    calls = [text for field, text in got.items() if "tool_call:" in field]
    assert calls
    for call in calls:
        assert walked(json.loads(call)) == walked(json.loads(arguments))
        assert not any(token in call or token in json.dumps(json.loads(call)) for token in MINE)
    for value in VALUES.values():
        assert json.dumps(value)[1:-1].encode() not in record
        assert value.encode() not in record


@given(seed=SEEDS)
def test_a_whole_document_is_restored(seed: int) -> None:
    chance = Random(seed)
    tree = document(chance)
    reads = reader("json", stream=False)
    (event,) = replay(reads, json.dumps(tree).encode())
    recorded = json.loads(reads.write(event))
    assert recorded == tree
    Restorer(ALICE.originals, grows, is_json).take(event)
    assert not any(token in reads.write(event).decode() for token in MINE)
    assert walked(json.loads(reads.write(event))) == walked(tree)
