"""With masks on replies the caller gets exactly the masked whole, whatever the model server's cuts: official SDKs.

Every stream is cut three times over: words into deltas, events into chunks, and characters into bytes.
"""

import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.masking import wire
from e2e.records import ended
from e2e.scripted import Behaviour
from narrows.stores.sqlite.archive import Archive

Post = Callable[..., httpx.Response]
Says = Callable[[Behaviour], str]
OpenAI = Callable[[str], openai.OpenAI]
Anthropic = Callable[[str], anthropic.Anthropic]

TEXT = "Zoë 😀: ssn 054-28-6917, card 4111 1111 1111 1111 · mail ada@example.org."
MASKED = "Zoë 😀: ssn [US_SSN], card [CREDIT_CARD] · mail [EMAIL_ADDRESS]."
PLAIN = ("054-28-6917", "4111 1111 1111 1111", "4111111111111111", "ada@example.org")
ARGUMENTS = json.dumps({"to": TEXT, "card": 4111111111111111, "n": 7, "ada@example.org": ["054-28-6917"]})
MASKED_ARGUMENTS = {"to": MASKED, "card": "[CREDIT_CARD]", "n": 7, "[EMAIL_ADDRESS]": ["[US_SSN]"]}
ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
CUTS = [(1, 1), (1, 1 << 20), (3, 7), (11, 64), (1000, 1), (1000, 1 << 20)]
"""Characters a delta and bytes a chunk."""

every_cut = pytest.mark.parametrize(("delta", "size"), CUTS)
either_way = pytest.mark.parametrize("ascii_only", [True, False], ids=["escapes", "utf-8"])


def clean(text: str) -> bool:
    return not any(plain in text for plain in PLAIN)


class TestWhole:
    def test_chat(self, openai_of: OpenAI, says: Says) -> None:
        fields = {"content": TEXT, "refusal": TEXT, "reasoning_content": TEXT, "tool_calls": [wire.call(ARGUMENTS)]}
        model = says(wire.replies(wire.chat_reply(fields, {"content": f"2: {TEXT}"})))
        reply = openai_of("redact").chat.completions.create(model=model, n=2, **ASK)
        first, second = (choice.message for choice in reply.choices)
        assert (first.content, first.refusal, first.model_dump()["reasoning_content"]) == (MASKED,) * 3
        assert second.content == f"2: {MASKED}"
        assert first.tool_calls is not None
        assert json.loads(first.tool_calls[0].function.arguments) == MASKED_ARGUMENTS  # type: ignore[union-attr]

    def test_probabilities_do_not_spell_it_once_more(self, post: Post, says: Says) -> None:
        tokens = [{"token": piece, "logprob": -0.1, "bytes": list(piece.encode()), "top_logprobs": []}
                  for piece in wire.cut(TEXT, 12)]  # fmt: skip
        model = says(wire.replies(wire.chat_reply({"content": TEXT}, logprobs={"content": tokens})))
        reply = post("redact", "/openai/v1/chat/completions", {"model": model, "logprobs": True, **ASK})
        assert reply.json()["choices"][0]["message"]["content"] == MASKED
        assert not any(piece in reply.text for piece in ("054-28", "4111", "ada@"))

    def test_completions(self, openai_of: OpenAI, says: Says) -> None:
        choices = [{"index": index, "text": TEXT, "finish_reason": "stop", "logprobs": None} for index in range(2)]
        body = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": choices}
        reply = openai_of("redact").completions.create(model=says(wire.replies(body)), prompt="hello", n=2)
        assert [choice.text for choice in reply.choices] == [MASKED, MASKED]

    def test_responses(self, openai_of: OpenAI, says: Says) -> None:
        model = says(wire.replies(wire.response(wire.said(TEXT), wire.called(ARGUMENTS))))
        reply = openai_of("redact").responses.create(model=model, input="hello", store=False)
        assert reply.output_text == MASKED
        assert json.loads(reply.output[1].arguments) == MASKED_ARGUMENTS  # type: ignore[union-attr]

    def test_messages(self, anthropic_of: Anthropic, says: Says) -> None:
        given = json.loads(ARGUMENTS) | {"card": "4111111111111111"}
        blocks = [{"type": "text", "text": TEXT}, {"type": "tool_use", "id": "t", "name": "f", "input": given}]
        model = says(wire.replies(wire.message_reply(*blocks)))
        reply = anthropic_of("redact").messages.create(model=model, max_tokens=9, **ASK)
        text, use = reply.content
        assert text.text == MASKED  # type: ignore[union-attr]
        assert use.input == MASKED_ARGUMENTS  # type: ignore[union-attr]

    def test_any_json(self, post: Post, says: Says) -> None:
        model = says(wire.replies({"deep": [{"er": TEXT, "ada@example.org": 1}], "n": 4.50}))
        reply = post("redact", "/json/predict", {"model": model})
        assert reply.json() == {"deep": [{"er": MASKED, "[EMAIL_ADDRESS]": 1}], "n": 4.5}

    def test_fields_of_structured_outputs(self, openai_of: OpenAI, says: Says) -> None:
        answer = json.dumps({"customer": {"ssn": "any", "name": "Ada"}, "items": [{"note": 5}], "Password": "x"})
        model = says(wire.replies(wire.chat_reply({"content": answer, "tool_calls": [wire.call(answer)]})))
        message = openai_of("fields").chat.completions.create(model=model, **ASK).choices[0].message
        expected = {
            "customer": {"ssn": "[FIELD]", "name": "Ada"},
            "items": [{"note": "[FIELD]"}],
            "Password": "[FIELD]",
        }
        assert json.loads(message.content or "") == expected
        assert message.tool_calls is not None
        assert json.loads(message.tool_calls[0].function.arguments) == expected  # type: ignore[union-attr]


class TestStreamed:
    @every_cut
    @either_way
    def test_chat(self, delta: int, size: int, ascii_only: bool, openai_of: OpenAI, says: Says, gate: Gate) -> None:
        chunks = wire.chat_stream(TEXT, delta, reasoning_content=TEXT, refusal=TEXT)
        data = wire.events(chunks, done=True, ascii_only=ascii_only)
        model = says(wire.streams(data, size, pause=not ascii_only))
        client = openai_of("redact").chat.completions
        with client.with_streaming_response.create(model=model, stream=True, **ASK) as reply:
            call = reply.headers["narrows-call-id"]
            lines = [line.removeprefix("data: ") for line in reply.iter_lines() if line.startswith("data: {")]
        deltas = [json.loads(line)["choices"][0]["delta"] for line in lines]
        for field in ("content", "reasoning_content", "refusal"):
            assert "".join(delta.get(field) or "" for delta in deltas) == MASKED, field
        assert clean("".join(lines))
        rows = {(row.path, row.entity): row.count for row in ended(gate, call).masked}
        assert rows == {
            (field, entity): 1
            for field in ("content", "reasoning", "refusal")
            for entity in ("US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS")
        }
        record = Archive(gate.store).call(call)
        assert record is not None
        assert record.transcript is not None
        kept = {stream.field: stream.text for stream in record.transcript.streams}
        assert [kept[field] for field in ("content", "reasoning", "refusal")] == [MASKED] * 3

    @every_cut
    def test_choices_and_tool_calls_beside_each_other(
        self, delta: int, size: int, openai_of: OpenAI, says: Says
    ) -> None:
        pieces = wire.cut(ARGUMENTS, delta)
        chunks = [wire.chat_chunk({"role": "assistant", "content": ""}, index=choice) for choice in (0, 1)]
        for piece in wire.cut(TEXT, delta):
            chunks += [wire.chat_chunk({"content": piece}, index=choice) for choice in (0, 1)]
        for number in (0, 1):
            chunks.append(wire.chat_chunk({"tool_calls": [wire.call("", number)]}))
            chunks += [wire.chat_chunk({"tool_calls": [wire.call(piece, number, first=False)]}) for piece in pieces]
        chunks += [wire.chat_chunk({}, "tool_calls"), wire.chat_chunk({}, "stop", 1)]
        model = says(wire.streams(wire.events(chunks, done=True), size))
        with openai_of("redact").chat.completions.stream(model=model, n=2, **ASK) as stream:
            final = stream.get_final_completion()
        assert [choice.message.content for choice in final.choices] == [MASKED, MASKED]
        calls = final.choices[0].message.tool_calls
        assert calls is not None
        assert [json.loads(call.function.arguments) for call in calls] == [MASKED_ARGUMENTS] * 2

    @every_cut
    def test_completions(self, delta: int, size: int, openai_of: OpenAI, says: Says) -> None:
        body = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
        chunks = [{**body, "choices": [{"index": 0, "text": piece, "logprobs": None, "finish_reason": None}]}
                  for piece in wire.cut(TEXT, delta)]  # fmt: skip
        chunks[-1]["choices"][0]["finish_reason"] = "stop"  # type: ignore[index]
        model = says(wire.streams(wire.events(chunks, done=True), size))
        stream = openai_of("redact").completions.create(model=model, prompt="hello", stream=True)
        assert "".join(choice.text for chunk in stream for choice in chunk.choices) == MASKED

    @every_cut
    @either_way
    def test_responses(self, delta: int, size: int, ascii_only: bool, openai_of: OpenAI, says: Says) -> None:
        data = wire.events(wire.response_stream(TEXT, ARGUMENTS, delta), named=True, ascii_only=ascii_only)
        model = says(wire.streams(data, size))
        events = list(openai_of("redact").responses.create(model=model, input="hi", store=False, stream=True))
        of = {kind: [event for event in events if event.type == f"response.{kind}"] for kind in (
            "output_text.delta", "output_text.done", "function_call_arguments.delta", "function_call_arguments.done",
            "completed")}  # fmt: skip
        assert "".join(event.delta for event in of["output_text.delta"]) == MASKED  # type: ignore[union-attr]
        assert [event.text for event in of["output_text.done"]] == [MASKED]  # type: ignore[union-attr]
        arguments = "".join(event.delta for event in of["function_call_arguments.delta"])  # type: ignore[union-attr]
        done = of["function_call_arguments.done"][0].arguments  # type: ignore[union-attr]
        assert json.loads(arguments) == json.loads(done) == MASKED_ARGUMENTS
        final = of["completed"][0].response  # type: ignore[union-attr]
        assert final.output_text == MASKED
        assert json.loads(final.output[1].arguments) == MASKED_ARGUMENTS  # type: ignore[union-attr]
        assert clean(json.dumps([event.to_dict() for event in events], ensure_ascii=False))

    @every_cut
    @either_way
    def test_messages(self, delta: int, size: int, ascii_only: bool, anthropic_of: Anthropic, says: Says) -> None:
        thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in wire.cut(TEXT, delta)]
        blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
            ({"type": "thinking", "thinking": "", "signature": ""},
             [*thoughts, {"type": "signature_delta", "signature": "c2ln"}]),
            ({"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in wire.cut(TEXT, delta)]),
            ({"type": "tool_use", "id": "t", "name": "f", "input": {}},
             [{"type": "input_json_delta", "partial_json": piece} for piece in wire.cut(ARGUMENTS, delta)]),
        ]  # fmt: skip
        data = wire.events(wire.message_stream(*blocks), named=True, ascii_only=ascii_only)
        model = says(wire.streams(data, size))
        with anthropic_of("redact").messages.stream(model=model, max_tokens=9, **ASK) as stream:
            final = stream.get_final_message()
        thinking, text, use = final.content
        assert thinking.thinking == MASKED  # type: ignore[union-attr]
        assert text.text == MASKED  # type: ignore[union-attr]
        assert use.input == MASKED_ARGUMENTS  # type: ignore[union-attr]
        assert thinking.signature == "", "it signs other words"  # type: ignore[union-attr]

    @pytest.mark.parametrize("delta", [1, 9, 40])
    def test_a_value_that_two_blocks_share(self, delta: int, anthropic_of: Anthropic, says: Says) -> None:
        """Citations cut a sentence into blocks; the caller's program joins them again."""
        blocks = [({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece}])
                  for piece in wire.cut(TEXT, delta)]  # fmt: skip
        model = says(wire.streams(wire.events(wire.message_stream(*blocks), named=True)))
        with anthropic_of("redact").messages.stream(model=model, max_tokens=9, **ASK) as stream:
            final = stream.get_final_message()
        assert "".join(block.text for block in final.content if block.type == "text") == MASKED

    @every_cut
    def test_any_json(self, delta: int, size: int, post: Post, says: Says) -> None:
        events = [{"id": "x", "out": {"text": piece}} for piece in wire.cut(TEXT, delta)]
        model = says(wire.streams(wire.events(events, done=True), size))
        lines = post("redact", "/json/predict", {"model": model, "stream": True}).text.splitlines()
        received = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        assert "".join(event["out"]["text"] for event in received) == MASKED

    @every_cut
    def test_probabilities(self, delta: int, size: int, post: Post, says: Says) -> None:
        chunks = [
            wire.chat_chunk({"content": piece}, logprobs={"content": [{"token": piece, "logprob": -1.0}]})
            for piece in wire.cut(TEXT, delta)
        ]
        model = says(wire.streams(wire.events([*chunks, wire.chat_chunk({}, "stop")], done=True), size))
        reply = post("redact", "/openai/v1/chat/completions", {"model": model, "stream": True, "logprobs": True, **ASK})
        choices = [json.loads(line[6:])["choices"][0] for line in reply.text.splitlines() if line[:7] == "data: {"]
        assert "".join(choice["delta"].get("content") or "" for choice in choices) == MASKED
        rows = [row for choice in choices for row in (choice.get("logprobs") or {}).get("content") or ()]
        assert clean("".join(row["token"] for row in rows))


class TestBadEnds:
    @pytest.mark.parametrize("tail", ["054-28-691", "4111 1111 1111 111", "ada@example.or"])
    def test_what_is_held_when_the_model_server_dies_is_lost(
        self, tail: str, post: Post, says: Says, gate: Gate
    ) -> None:
        chunks = [wire.chat_chunk({"content": piece}) for piece in wire.cut(f"it is {tail}", 1)]
        model = says(wire.streams(wire.events(chunks), end=b""))
        reply = post("redact", "/openai/v1/chat/completions", {"model": model, "stream": True, **ASK})
        trees = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
        text = "".join(tree["choices"][0]["delta"]["content"] for tree in trees if "choices" in tree)
        assert f"it is {tail}".startswith(text)
        assert len(text) <= len("it is ")
        assert "error" in trees[-1]
        assert "[DONE]" not in reply.text
        record = Archive(gate.store).call(ended(gate, reply.headers["narrows-call-id"]).id)
        assert record is not None
        assert record.call.outcome == "upstream_error"
        kept = record.transcript.streams if record.transcript is not None else ()
        assert "".join(stream.text for stream in kept if stream.field == "content") == text

    @pytest.mark.parametrize("path", ["/openai/v1/chat/completions", "/claude/v1/messages"])
    @pytest.mark.parametrize("status", ["400 Bad Request", "500 Internal Server Error"])
    def test_errors_of_the_model_server(self, path: str, status: str, post: Post, says: Says, gate: Gate) -> None:
        error = {"message": f"bad: {TEXT}", "type": "invalid_request_error", "param": "ada@example.org"}
        body = {"type": "error", "error": error}
        reply = post("redact", path, {"model": says(wire.replies(body, status)), "max_tokens": 9, **ASK})
        assert reply.status_code == int(status[:3])
        assert reply.json()["error"]["message"] == f"bad: {MASKED}"
        assert clean(reply.text)
        record = Archive(gate.store).call(ended(gate, reply.headers["narrows-call-id"]).id)
        assert record is not None
        assert clean("".join(piece.text or "" for piece in record.reply))

    def test_an_error_in_mid_stream(self, post: Post, says: Says) -> None:
        data = wire.events([wire.chat_chunk({"content": "it is "}), {"error": {"message": TEXT, "type": "server"}}])
        model = says(wire.streams(data))
        reply = post("redact", "/openai/v1/chat/completions", {"model": model, "stream": True, **ASK})
        assert clean(reply.text)
        assert "[US_SSN]" in reply.text


class TestBlocked:
    def test_whole(self, openai_of: OpenAI, says: Says, gate: Gate) -> None:
        model = says(wire.replies(wire.chat_reply({"content": TEXT})))
        with pytest.raises(openai.PermissionDeniedError) as caught:
            openai_of("block").chat.completions.create(model=model, **ASK)
        assert caught.value.code == "sensitive_data"
        assert clean(caught.value.response.text)
        record = Archive(gate.store).call(ended(gate, caught.value.response.headers["narrows-call-id"]).id)
        assert record is not None
        assert (record.call.outcome, record.call.refusal) == ("stopped", "sensitive_data")
        assert clean(repr(record))

    @every_cut
    def test_streamed(self, delta: int, size: int, openai_of: OpenAI, says: Says) -> None:
        model = says(wire.streams(wire.events(wire.chat_stream(TEXT, delta), done=True), size))
        received = ""
        stream = openai_of("block").chat.completions.create(model=model, stream=True, **ASK)
        with pytest.raises(openai.APIError) as caught:  # noqa: PT012 - it comes in the middle
            for chunk in stream:
                received += chunk.choices[0].delta.content or ""
        assert caught.value.code == "sensitive_data"
        assert "Zoë 😀: ssn ".startswith(received)
