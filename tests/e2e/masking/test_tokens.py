"""The model sees stand-ins, the caller its own words, and the record what the model saw: with the official SDKs."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import httpx
import openai
import pytest

from e2e import scripted as scripts
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.masking import wire
from e2e.records import ended
from e2e.scripted import Connection, Scripted, Seen

SSN, CARD, MAIL = "054-28-6917", "4111 1111 1111 1111", "ada@example.org"
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 8 + "-----END PRIVATE KEY-----"
VALUES = (SSN, CARD, MAIL, KEY)
PROMPT = f"ssn {SSN}, card {CARD}, mail {MAIL}, key\n{KEY}\nend"
TOKEN = re.compile(r"\[[A-Z_]+:[bcdfghjkmnpqrstv]{12}\]")
SOME = ["US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS", "PRIVATE_KEY"]
MAY: dict[str, Any] = {"connections": ["*"], "models": ["*"], "operations": ["*"], "parameters": ["store"]}
MASKS: dict[str, list[dict[str, Any]]] = {
    "both": [{"entities": SOME, "with": "token"}],
    "prompts": [{"entities": SOME, "with": "token", "where": ["prompt"]}],
    "mixed": [
        {"entities": SOME, "with": "token", "where": ["prompt"]},
        {"entities": ["US_SSN"], "with": "redact", "where": ["response"]},
    ],
    "refused": [{"entities": SOME, "with": "token"}, {"entities": ["IBAN_CODE"], "with": "block"}],
}
PADDING = "so " * 4_000
"""Makes a call, or a reply, so large that it is judged in the process beside the gate."""


def last_prompt(seen: Seen) -> str:
    content = json.loads(seen.body)["messages"][-1]["content"]
    return content if isinstance(content, str) else json.dumps(content)


def arguments_of(text: str) -> str:
    return json.dumps({"to": text, "body": json.dumps({"note": text, "deep": json.dumps([text])})})


async def repeats(seen: Seen, writer: Connection) -> None:
    """Says the last prompt again, in its words and in the arguments of a tool, and leaks a number of its own."""
    body = json.loads(seen.body)
    text = last_prompt(seen)
    said, arguments = f"You said: {text}", arguments_of(text)
    if seen.dialect == "anthropic":
        blocks = ({"type": "text", "text": said}, {"type": "tool_use", "id": "t", "name": "f", "input": {"to": text}})
        if not body.get("stream"):
            writer.write(scripts.whole(json.dumps(wire.message_reply(*blocks)).encode()))
            return
        pieces = wire.cut(json.dumps({"to": text}), 3)
        events = wire.message_stream(
            ({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in wire.cut(said, 3)]),
            (
                {"type": "tool_use", "id": "t", "name": "f", "input": {}},
                [{"type": "input_json_delta", "partial_json": piece} for piece in pieces],
            ),
        )
        await wire.streams(wire.events(events, named=True), 50)(seen, writer)
        return
    fields = {"content": said, "tool_calls": [wire.call(arguments)]}
    if not body.get("stream"):
        writer.write(scripts.whole(json.dumps(wire.chat_reply(fields)).encode()))
        return
    first, *rest = wire.cut(arguments, 5 if len(said) < len(PADDING) else 41)
    size = 2 if len(said) < len(PADDING) else 37
    chunks = [
        *(wire.chat_chunk({"content": piece}) for piece in wire.cut(said, size)),
        wire.chat_chunk({"tool_calls": [wire.call(first)]}),
        *(wire.chat_chunk({"tool_calls": [wire.call(piece, first=False)]}) for piece in rest),
        wire.chat_chunk({}, "tool_calls"),
    ]
    await wire.streams(wire.events(chunks, done=True), 700)(seen, writer)
    await asyncio.sleep(0)


async def fails(seen: Seen, writer: Connection) -> None:
    """Quotes the prompt in an error."""
    body = json.dumps({"error": {"message": f"can't read: {last_prompt(seen)}", "type": "x"}}).encode()
    writer.write(scripts.whole(body, "400 Bad Request"))


@pytest.fixture(scope="module")
def gate(
    tmp_path_factory: pytest.TempPathFactory,
    settings: dict[str, Any],
) -> Iterator[Gate]:
    policies = [{"name": name, "who": {"groups": [name]}, "may": MAY, "mask": mask} for name, mask in MASKS.items()]
    debug = {"logging": {"level": "debug", "format": "json"}, "policies": policies}
    gate = Gate(tmp_path_factory.mktemp("tokens"), {**settings, **debug}).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(scripts.BEHAVIOURS, "repeats", repeats)
        patch.setitem(scripts.BEHAVIOURS, "fails", fails)
        yield gate
    metrics = httpx.get(f"{gate.admin}/metrics").text
    assert gate.stop() == 0, gate.output
    # Whatever was asked in these tests: nothing of it is in any file of the gate, its log or its metrics.
    kept = {path: path.read_bytes() for path in gate.directory.rglob("*") if path.is_file() and path != gate.config}
    assert len(kept) > 3
    for value in (*VALUES, KEY.split("\n")[1]):
        assert value not in metrics + gate.output
        assert [path for path, data in kept.items() if value.encode() in data] == []


@pytest.fixture
def clients(gate: Gate, issuer: Issuer) -> Iterator[Callable[..., openai.OpenAI]]:
    with ExitStack() as made:

        def make(group: str, user: str = "ada") -> openai.OpenAI:
            key = issuer.token(user, (group,))
            return made.enter_context(openai.OpenAI(base_url=f"{gate.url}/openai/v1", api_key=key, max_retries=0))

        yield make


def ask(text: str = PROMPT, model: str = "repeats") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def received(scripted: Scripted) -> str:
    return last_prompt(scripted.seen[-1])


def on_record(gate: Gate, call: str) -> str:
    ended(gate, call)
    shown = gate.run("sessions", "show", call, "--full")
    shown = shown if shown.returncode == 0 else gate.run("sessions", "show", call)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout


def checked(gate: Gate, call: str, scripted: Scripted) -> None:
    """The model has seen a stand-in for each value, and the record shows those."""
    tokens = TOKEN.findall(received(scripted))
    assert len(set(tokens)) == len(VALUES)
    assert not any(value in scripted.seen[-1].body.decode() for value in VALUES)
    record = re.sub(r"\s+", "", on_record(gate, call))
    assert all(token in record for token in tokens)
    assert not any(re.sub(r"\s+", "", value) in record for value in VALUES)


@pytest.mark.parametrize("padding", ["", PADDING], ids=["small", "large"])
@pytest.mark.parametrize("group", ["both", "prompts", "mixed"])
class TestOpenAI:
    def test_whole(
        self, group: str, padding: str, gate: Gate, clients: Callable[..., openai.OpenAI], scripted: Scripted
    ) -> None:
        prompt = padding + PROMPT
        reply = clients(group).chat.completions.with_raw_response.create(**ask(prompt))
        message = reply.parse().choices[0].message
        assert message.content == f"You said: {prompt}"
        assert message.tool_calls is not None
        arguments = json.loads(message.tool_calls[0].function.arguments)  # type: ignore[union-attr]
        assert arguments == json.loads(arguments_of(prompt))
        checked(gate, reply.headers["narrows-call-id"], scripted)

    def test_streamed(
        self, group: str, padding: str, gate: Gate, clients: Callable[..., openai.OpenAI], scripted: Scripted
    ) -> None:
        prompt = padding + PROMPT
        reply = clients(group).chat.completions.with_raw_response.create(stream=True, **ask(prompt))
        content = arguments = ""
        for chunk in reply.parse():
            delta = chunk.choices[0].delta
            content += delta.content or ""
            for call in delta.tool_calls or []:
                assert call.function is not None
                arguments += call.function.arguments or ""
        assert content == f"You said: {prompt}"
        assert json.loads(arguments) == json.loads(arguments_of(prompt))
        checked(gate, reply.headers["narrows-call-id"], scripted)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_anthropic(gate: Gate, issuer: Issuer, scripted: Scripted, stream: bool) -> None:
    key = issuer.token("ada", ("both",))
    with anthropic.Anthropic(base_url=f"{gate.url}/claude", auth_token=key, max_retries=0) as client:
        if stream:
            with client.messages.stream(max_tokens=100, **ask()) as events:
                message = events.get_final_message()
                call = events.response.headers["narrows-call-id"]
        else:
            reply = client.messages.with_raw_response.create(max_tokens=100, **ask())
            message, call = reply.parse(), reply.headers["narrows-call-id"]
    text, tool = message.content
    assert text.text == f"You said: {PROMPT}"  # type: ignore[union-attr]
    assert tool.input == {"to": PROMPT}  # type: ignore[union-attr]
    checked(gate, call, scripted)


def test_the_next_turn_has_the_same_stand_ins(clients: Callable[..., openai.OpenAI], scripted: Scripted) -> None:
    client = clients("both")
    first = client.chat.completions.create(**ask()).choices[0].message
    tokens = TOKEN.findall(received(scripted))
    history: list[Any] = [
        {"role": "user", "content": PROMPT},
        {"role": "assistant", "content": first.content, "tool_calls": [one.model_dump() for one in first.tool_calls]},  # type: ignore[union-attr]
        {"role": "tool", "tool_call_id": "call_0", "content": "done"},
        {"role": "user", "content": f"once more: {SSN}"},
    ]
    second = client.chat.completions.create(model="repeats", messages=history).choices[0].message
    assert second.content == f"You said: once more: {SSN}"
    body = scripted.seen[-1].body.decode()
    assert set(TOKEN.findall(body)) == set(tokens)
    assert tokens[0] in received(scripted)


def test_nobody_restores_another_s_stand_in(clients: Callable[..., openai.OpenAI], scripted: Scripted) -> None:
    ada, bob = clients("both", "ada"), clients("both", "bob")
    ada.chat.completions.create(**ask())
    hers = TOKEN.findall(received(scripted))
    said = bob.chat.completions.create(**ask(f"what is {hers[0]}? mine is {SSN}")).choices[0].message.content
    assert said == f"You said: what is {hers[0]}? mine is {SSN}"
    his = TOKEN.findall(received(scripted))
    assert his[0] == hers[0], "it is nobody's, so it goes on as it is"
    assert his[1] not in hers
    # Not even she, in a call that does not hold the value.
    said = ada.chat.completions.create(**ask(f"what is {hers[0]}?")).choices[0].message.content
    assert said == f"You said: what is {hers[0]}?"


def test_what_the_model_leaks_is_redacted(
    clients: Callable[..., openai.OpenAI], monkeypatch: pytest.MonkeyPatch, scripted: Scripted
) -> None:
    async def leaks(seen: Seen, writer: Connection) -> None:
        (token,) = TOKEN.findall(last_prompt(seen))
        message = {"content": f"{token} and {CARD}"}
        writer.write(scripts.whole(json.dumps(wire.chat_reply(message)).encode()))

    monkeypatch.setitem(scripts.BEHAVIOURS, "leaks", leaks)
    reply = clients("both").chat.completions.create(**ask(f"ssn {SSN}", "leaks"))
    assert reply.choices[0].message.content == f"{SSN} and [CREDIT_CARD]"


def test_errors_and_refusals_hold_stand_ins(gate: Gate, clients: Callable[..., openai.OpenAI]) -> None:
    with pytest.raises(openai.BadRequestError) as quoted:
        clients("both").chat.completions.create(**ask(model="fails"))
    assert TOKEN.search(quoted.value.message)
    assert SSN not in quoted.value.message
    with pytest.raises(openai.PermissionDeniedError) as refused:
        clients("refused").chat.completions.create(**ask(f"{PROMPT} iban GB82 WEST 1234 5698 7654 32"))
    record = on_record(gate, refused.value.response.headers["narrows-call-id"])
    assert SSN not in refused.value.message + record
    assert TOKEN.search(record)


def test_any_json(gate: Gate, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, scripted: Scripted) -> None:
    async def mirrors(seen: Seen, writer: Connection) -> None:
        writer.write(scripts.whole(seen.body))

    monkeypatch.setitem(scripts.BEHAVIOURS, "mirrors", mirrors)
    body = {"model": "mirrors", "note": KEY, MAIL: {"deep": json.dumps({"x": KEY})}, "card": 4111111111111111}
    reply = httpx.post(
        f"{gate.url}/json/predict", json=body, headers={"authorization": f"Bearer {issuer.token('ada', ('both',))}"}
    )
    sent = scripted.seen[-1].body.decode()
    assert len(TOKEN.findall(sent)) == 4
    assert reply.json() == body | {"card": "4111111111111111"}, "a number that was masked is a text"


def test_the_command_line_shows_stand_ins(gate: Gate) -> None:
    (gate.directory / "letter.txt").write_text(f"ssn {SSN}\nagain {SSN}\n", encoding="utf-8")
    done = gate.run("mask", "--with", "token", "letter.txt")
    (gate.directory / "letter.txt").unlink()
    assert done.returncode == 0, done.stderr
    first, second = TOKEN.findall(done.stdout)
    assert first == second
    policy = gate.run("policy", "explain", "--group", "both", "--connection", "openai", "--model", "m")
    assert "tokenizes" in policy.stdout, policy.stdout + policy.stderr
