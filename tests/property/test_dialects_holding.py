"""However much of a stream a guard holds back, and wherever it lets go: what the official clients put together is the
same, and nothing is left behind."""

import json
from collections import defaultdict
from itertools import groupby, pairwise
from random import Random
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from narrows.dialects.fields import grows
from narrows.model.reply import Event
from narrows.ports.dialect import ReplyReader
from unit.dialects.payloads import CHAT_STREAM, MESSAGE, RESPONSE, STREAMS, chunk, reader, replay, sse

SEEDS = st.integers(0, 1 << 32)
Key = tuple[int, str]


def let_go(reads: ReplyReader, events: list[Event], chance: Random) -> bytes:
    """What is written when every growing text is held back for a while, or until it ends."""
    held: dict[Key, str] = defaultdict(str)
    greed = chance.choice([0.0, 0.5, 1.0])
    out = b""
    for event in events:
        latest = {}
        for delta in event.deltas:
            key = (delta.choice, delta.field)
            if grows(delta.field):
                text = held[key] + delta.text
                cut = 0 if chance.random() < greed else chance.randint(0, len(text))
                delta.text, held[key] = text[:cut], text[cut:]
                latest[key] = delta
        for key in event.ends:
            rest = held.pop(key, "")
            if key in latest:
                latest[key].text += rest
            elif rest:
                said = reads.say(*key, rest)
                assert said is not None
                assert [(delta.choice, delta.field, delta.text) for delta in said.deltas] == [(*key, rest)]
                out += reads.write(said)
        out += reads.write(event)
    assert not any(held.values())
    return out


def passed(name: str, data: bytes, seed: int, **request: Any) -> bytes:
    """The stream as a client gets it, read at once (all of it ahead of writing) or as it comes."""
    chance = Random(seed)
    reads = reader(name, stream=True, **request)
    return let_go(reads, replay(reads, data, size=chance.choice([1, 100, 1 << 20])), chance)


def pieces(chance: Random, text: str) -> list[str]:
    cuts = sorted(chance.randint(0, len(text)) for _ in range(chance.randint(0, 4)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def words(chance: Random) -> str:
    return "".join(chance.choice("abc 🙂é1") for _ in range(chance.randint(0, 12)))


def arguments(chance: Random) -> str:
    return json.dumps({words(chance): words(chance) for _ in range(chance.randint(0, 3))})


def payload(block: bytes) -> bytes:
    return block.rpartition(b"data: ")[2]


def documents(stream: bytes) -> list[Any]:
    blocks = [payload(block) for block in stream.split(b"\n\n")]
    return [msgspec.json.decode(block) for block in blocks if block.startswith(b"{")]


def chat_choice(chance: Random, index: int) -> list[dict[str, Any]]:
    chunks = [chunk({"role": "assistant", "content": ""}, index=index)]
    name = chance.choice(["reasoning", "reasoning_content", "both"])
    for piece in pieces(chance, words(chance)):
        texts = {"reasoning": piece, "reasoning_content": piece} if name == "both" else {name: piece}
        chunks.append(chunk(texts, index=index))
    for name in chance.sample(["content", "refusal"], chance.randint(0, 2)):
        chunks += [chunk({name: piece}, index=index) for piece in pieces(chance, words(chance))]
    calls = chance.randint(0, 3)
    for number in range(calls):
        kind = {"index": number, "id": f"c{number}", "type": "function"}
        first, *rest = pieces(chance, arguments(chance))
        chunks.append(chunk({"tool_calls": [{**kind, "function": {"name": "f", "arguments": first}}]}, index=index))
        for piece in rest:
            call = {"index": number, "function": {"arguments": piece}}
            chunks.append(chunk({"tool_calls": [call]}, index=index))
    if chance.random() < 0.5:
        chunks[-1]["choices"][0]["finish_reason"] = "stop"
    else:
        chunks.append(chunk({}, "stop", index))
    return chunks


def merged(chance: Random, streams: list[list[Any]]) -> list[Any]:
    """The streams, each in its order, one after the other at random."""
    order = [number for number, stream in enumerate(streams) for _ in stream]
    chance.shuffle(order)
    iterators = [iter(stream) for stream in streams]
    return [next(iterators[number]) for number in order]


def completion(stream: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    """What OpenAI's client puts together, and what it takes as complete as soon as it does."""
    state: Any = ChatCompletionStreamState()
    chunks = [ChatCompletionChunk.model_validate(tree) for tree in documents(stream)]
    events = [event for each in chunks for event in state.handle_chunk(each)]
    done = [
        getattr(event, name)
        for event in events
        for kind, name in (("content.done", "content"), ("tool_calls.function.arguments.done", "arguments"))
        if event.type == kind
    ]
    choices = state.current_completion_snapshot.to_dict()["choices"]
    for choice in choices:
        choice["message"].pop("parsed", None)
    return choices, done


@given(seed=SEEDS)
def test_chat(seed: int) -> None:
    chance = Random(seed)
    streams = [chat_choice(chance, index) for index in range(chance.randint(1, 3))]
    # The client takes choices only in the order of their numbers.
    begun = [stream.pop(0) for stream in streams]
    whole = sse(*begun, *merged(chance, streams), "[DONE]")
    (before, done), (after, done_after) = completion(whole), completion(passed("chat", whole, seed))
    assert after == before
    if len(before) == 1:
        assert done_after == done


def test_chat_with_the_payload_of_the_tests() -> None:
    for seed in range(20):
        written = passed("chat", sse(*CHAT_STREAM), seed, stream_options={"include_usage": True})
        assert completion(written) == completion(sse(*CHAT_STREAM))


@given(seed=SEEDS)
def test_completions(seed: int) -> None:
    chance = Random(seed)
    text = words(chance)
    trees = [{"choices": [{"index": 0, "text": piece}]} for piece in pieces(chance, text)]
    trees[-1]["choices"][0]["finish_reason"] = "stop"  # type: ignore[assignment]
    written = documents(passed("completions", sse(*trees, "[DONE]"), seed))
    assert "".join(tree["choices"][0]["text"] for tree in written) == text


def block_events(chance: Random, index: int, kind: str) -> list[dict[str, Any]]:
    source = pieces(chance, arguments(chance))
    delta: dict[str, list[dict[str, str]]] = {
        "text": [{"type": "text_delta", "text": piece} for piece in pieces(chance, words(chance))],
        "thinking": [{"type": "thinking_delta", "thinking": piece} for piece in pieces(chance, words(chance))],
        "tool_use": [{"type": "input_json_delta", "partial_json": piece} for piece in source],
    }
    start = {
        "text": {"type": "text", "text": words(chance) if chance.random() < 0.2 else ""},
        "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        "tool_use": {"type": "tool_use", "id": f"t{index}", "name": "f", "input": {}},
    }
    if kind == "thinking":
        delta[kind].append({"type": "signature_delta", "signature": "c2ln"})
    events: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": index, "content_block": start[kind]},
        *({"type": "content_block_delta", "index": index, "delta": each} for each in delta[kind]),
        {"type": "content_block_stop", "index": index},
    ]
    if chance.random() < 0.3:
        events.append({"type": "ping"})
    return events


def message(stream: bytes) -> list[tuple[Any, ...]]:
    """What Anthropic's client puts together; adjacent text blocks as one, and the order of their numbers."""
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    )
    client = anthropic.Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))
    with client.messages.stream(model="m", max_tokens=5, messages=[]) as reading:
        final = reading.get_final_message()
    found: list[tuple[Any, ...]] = [("end", final.stop_reason)]
    for kind, blocks in groupby(final.content, key=lambda block: block.type):
        if kind == "text":
            each = list(blocks)
            found.append((len(each), "".join(block.text for block in each)))  # type: ignore[union-attr]
        else:
            found += [(kind, msgspec.to_builtins(block.to_dict())) for block in blocks]
    return found


@given(seed=SEEDS)
def test_messages(seed: int) -> None:
    chance = Random(seed)
    kinds = [chance.choice(["text", "text", "thinking", "tool_use"]) for _ in range(chance.randint(0, 6))]
    events = [event for index, kind in enumerate(kinds) for event in block_events(chance, index, kind)]
    start = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
    stop = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}
    whole = sse(start, *events, stop, {"type": "message_stop"}, named=True)
    written = passed("messages", whole, seed)
    assert message(written) == message(whole)
    open_block = None
    for tree in documents(written):
        match tree["type"]:
            case "content_block_start":
                assert open_block is None
                open_block = tree["index"]
            case "content_block_delta":
                assert tree["index"] == open_block
            case "content_block_stop":
                assert tree["index"] == open_block
                open_block = None


def part_events(chance: Random, stem: str, done: str, text: str, place: dict[str, Any]) -> list[dict[str, Any]]:
    more: dict[str, Any] = {"logprobs": []} if stem == "response.output_text" else {}
    events = [{"type": f"{stem}.delta", **place, **more, "delta": piece} for piece in pieces(chance, text)]
    return [*events, {"type": f"{stem}.done", **place, **more, done: text}]


def item_events(chance: Random, index: int) -> list[dict[str, Any]]:
    place = {"item_id": f"i{index}", "output_index": index}
    match chance.choice(["message", "message", "reasoning", "call", "custom"]):
        case "reasoning":
            item: dict[str, Any] = {"type": "reasoning", "id": f"i{index}", "summary": []}
            parts = [
                part_events(chance, "response.reasoning_summary_text", "text", words(chance),
                            {**place, "summary_index": part})
                for part in range(chance.randint(1, 3))
            ]  # fmt: skip
        case "message":
            item = {"type": "message", "id": f"i{index}", "role": "assistant", "status": "in_progress", "content": []}
            stems = [("response.output_text", "text"), ("response.refusal", "refusal")]
            parts = [
                part_events(chance, *chance.choice(stems), words(chance), {**place, "content_index": part})
                for part in range(chance.randint(1, 3))
            ]
        case "call":
            item = {"type": "function_call", "id": f"i{index}", "call_id": "c", "name": "f", "arguments": ""}
            stem = "response.function_call_arguments"
            parts = [part_events(chance, stem, "arguments", arguments(chance), {**place, "name": "f"})]
            for event in parts[0][:-1]:
                del event["name"]
        case _:
            item = {"type": "custom_tool_call", "id": f"i{index}", "call_id": "c", "name": "f", "input": ""}
            parts = [part_events(chance, "response.custom_tool_call_input", "input", words(chance), place)]
    added = {"type": "response.output_item.added", "output_index": index, "item": item}
    return [added, *(event for part in parts for event in part)]


@given(seed=SEEDS)
def test_responses(seed: int) -> None:
    chance = Random(seed)
    events = [event for index in range(chance.randint(1, 4)) for event in item_events(chance, index)]
    parallel = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    response = {**RESPONSE, **parallel, "output": [], "usage": None}
    events = [{"type": "response.created", "response": response}, *events,
              {"type": "response.completed", "response": response}]  # fmt: skip
    whole = sse(*({**event, "sequence_number": 2 * number} for number, event in enumerate(events)), named=True)
    written = documents(passed("responses", whole, seed))
    typed: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    numbers = [typed.validate_python(tree).sequence_number for tree in written]
    assert all(before < after for before, after in pairwise(numbers))
    assert complete(written) == complete(events)


def complete(events: list[dict[str, Any]]) -> int:
    """Checks that the deltas of each place have said everything when it is done; gives how many places there were."""
    said: dict[tuple[Any, ...], str] = defaultdict(str)
    places = 0
    for event in events:
        stem, _, action = event["type"].rpartition(".")
        key = (stem, event.get("output_index"), event.get("content_index"), event.get("summary_index"))
        if action == "delta":
            said[key] += event["delta"]
        elif action == "done":
            text = next(event[name] for name in ("text", "refusal", "arguments", "input") if name in event)
            assert said.pop(key, "") == text
            places += 1
    assert not any(said.values())
    return places


@given(seed=SEEDS)
def test_any_json(seed: int) -> None:
    chance = Random(seed)
    texts = [words(chance) for _ in range(2)]
    streams = [
        [{"id": "x", "choices": [{"index": index, "delta": {"text": piece}, "n": 1}]} for piece in pieces(chance, text)]
        for index, text in enumerate(texts)
    ]
    trees = [*merged(chance, streams), *chance.choice([[], [{"id": "x", "done": True}]])]
    tail = chance.choice([[], ["[DONE]"]])
    written = documents(passed("json", sse(*trees, *tail), seed))
    said: dict[int, str] = defaultdict(str)
    for tree in written:
        assert tree["id"] == "x"
        for choice in tree.get("choices", ()):
            said[choice["index"]] += choice["delta"]["text"]
    assert [said[0], said[1]] == texts
    if "done" in trees[-1]:
        assert "done" in written[-1]


@pytest.mark.parametrize("name", sorted(STREAMS))
@given(seed=SEEDS)
def test_what_is_held_goes_out_in_every_stream(name: str, seed: int) -> None:
    before, after = (texts_of(name, data) for data in (STREAMS[name], passed(name, STREAMS[name], seed)))
    assert after == before


def texts_of(name: str, data: bytes) -> dict[Key, str]:
    texts: dict[Key, str] = defaultdict(str)
    for event in replay(reader(name, stream=True), data):
        for delta in event.deltas:
            if grows(delta.field):
                texts[delta.choice, delta.field] += delta.text
    return texts
