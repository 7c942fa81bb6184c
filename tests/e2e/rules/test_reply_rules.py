"""Rules on replies before official SDKs: what one denies never reaches the client, whatever the model server's cuts.

Every stream is cut three times over: words into deltas, events into chunks, and characters into bytes.
"""

import itertools
import json
from collections.abc import Callable, Iterator
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
from e2e.scripted import Behaviour, Scripted

EVERYTHING: dict[str, Any] = {"connections": ["*"], "models": ["*"], "operations": ["*"], "parameters": ["n"]}
RULES: list[dict[str, Any]] = [
    {"deny": {"name": "codename", "pattern": r"(?i)project\s+nautilus", "message": "That project is not public."}},
    {"deny": {"name": "words", "words": ["kill switch", "C++", "Übernahme"]}},
    {"deny": {"name": "numbers", "entities": ["US_SSN"]}},
    {"flag": {"name": "risk", "words": ["bankruptcy"]}},
    {"flag": {"name": "risk-too", "pattern": "bankrupt(?:cy)?"}},
    {"deny": {"name": "someday", "pattern": r"forecast\d{1,4}", "mode": "observe"}},
]
BEFORE = "Zoë says: "
OFFENCES = {
    "codename": "Project  Nautilus",
    "words": "the kill   switch!",
    "numbers": "054-28-6917",
}
PARTS = {"codename": "autilus", "words": "switch", "numbers": "28-69"}
"""What would tell of it; not a word of it leaves."""

PASSES = "A bankruptcy by forecast2031, in C and pineapple."
ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
CUTS = [(1, 1), (3, 7), (11, 64), (1000, 1 << 20)]
every_cut = pytest.mark.parametrize(("delta", "size"), CUTS)
every_offence = pytest.mark.parametrize("rule", OFFENCES)
Says = Callable[[Behaviour], str]
Post = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """One policy with nothing but rules on replies; another masks, too."""
    own = {"none": True}
    settings = {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {
            "openai": {"url": scripted.url, "dialect": "openai", "credential": own},
            "claude": {"url": scripted.url, "dialect": "anthropic", "credential": own},
            "json": {"url": scripted.url, "dialect": "json", "credential": own},
        },
        "policies": [
            {"name": "ruled", "who": {"groups": ["ruled"]}, "may": EVERYTHING, "responses": RULES},
            {
                "name": "masked", "who": {"groups": ["masked"]}, "may": EVERYTHING, "responses": RULES,
                "mask": [{"entities": ["EMAIL_ADDRESS", "US_SSN"]}],
            },
        ],
    }  # fmt: skip
    gate = Gate(tmp_path_factory.mktemp("replies"), settings).start(90)
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture(params=["ruled", "masked"])
def token(request: pytest.FixtureRequest, issuer: Issuer) -> str:
    return issuer.token(f"user-of-{request.param}", (request.param,))


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Says:
    """Teaches the upstream a behaviour; gives the model's name that asks for it."""

    def teach(behaviour: Behaviour) -> str:
        name = f"ruled-{next(_numbers)}"
        monkeypatch.setitem(scripts.BEHAVIOURS, name, behaviour)
        return name

    return teach


_numbers = itertools.count()


@pytest.fixture
def post(gate: Gate, token: str) -> Iterator[Post]:
    with httpx.Client(base_url=gate.url, timeout=30, headers={"authorization": f"Bearer {token}"}) as client:
        yield lambda path, body: client.post(path, json=body)


def told(error: Any, rule: str) -> None:
    """The error is of the rule, and tells nothing of what it found."""
    text = str(error)
    assert ("That project is not public." if rule == "codename" else f"rule {rule} of policy") in text, text
    assert PARTS[rule] not in text


class TestWhole:
    @every_offence
    def test_chat(self, rule: str, token: str, openai_client: Any, says: Says, gate: Gate) -> None:
        model = says(wire.replies(wire.chat_reply({"content": f"{BEFORE}{OFFENCES[rule]}."})))
        with pytest.raises(openai.PermissionDeniedError) as refused:
            openai_client(token, "openai").chat.completions.create(model=model, **ASK)
        told(refused.value, rule)
        view = ended(gate, refused.value.response.headers["narrows-call-id"])
        assert (view.outcome, view.refusal, view.rule) == ("stopped", "reply_denied", rule)
        assert not any("REPLY_RULE" in row.entity for row in view.masked)

    @every_offence
    def test_arguments_of_a_tool_call(self, rule: str, token: str, openai_client: Any, says: Says) -> None:
        """Not as they are spelled, but as what they say."""
        arguments = json.dumps({"q": [f"{BEFORE}{OFFENCES[rule]}"]}).replace("l", "\\u006c")
        model = says(wire.replies(wire.chat_reply({"content": None, "tool_calls": [wire.call(arguments)]})))
        with pytest.raises(openai.PermissionDeniedError):
            openai_client(token, "openai").chat.completions.create(model=model, **ASK)

    @every_offence
    def test_messages(self, rule: str, token: str, anthropic_client: Any, says: Says) -> None:
        model = says(wire.replies(wire.message_reply({"type": "text", "text": f"{BEFORE}{OFFENCES[rule]}"})))
        with pytest.raises(anthropic.PermissionDeniedError) as refused:
            anthropic_client(token, "claude").messages.create(model=model, max_tokens=9, **ASK)
        told(refused.value, rule)

    @every_offence
    def test_responses(self, rule: str, token: str, openai_client: Any, says: Says) -> None:
        model = says(wire.replies(wire.response(wire.said([BEFORE + OFFENCES[rule][:9], OFFENCES[rule][9:]]))))
        with pytest.raises(openai.PermissionDeniedError) as refused:
            openai_client(token, "openai").responses.create(model=model, input="hello", store=False)
        told(refused.value, rule)

    @every_offence
    def test_any_json(self, rule: str, post: Post, says: Says) -> None:
        model = says(wire.replies({"deep": [{"er": f"{BEFORE}{OFFENCES[rule]}"}]}))
        reply = post("/json/predict", {"model": model})
        assert reply.status_code == 403
        told(reply.text, rule)

    def test_a_large_reply_is_judged_apart_alike(self, post: Post, says: Says, gate: Gate) -> None:
        text = f"{'word ' * 200_000}{PASSES} "
        reply = post(
            "/openai/v1/chat/completions", {"model": says(wire.replies(wire.chat_reply({"content": text}))), **ASK}
        )
        assert reply.json()["choices"][0]["message"]["content"] == text
        assert noted(gate, reply.headers["narrows-call-id"]) == NOTED
        text += OFFENCES["codename"]
        reply = post(
            "/openai/v1/chat/completions", {"model": says(wire.replies(wire.chat_reply({"content": text}))), **ASK}
        )
        assert reply.status_code == 403
        told(reply.text, "codename")


class TestStreamed:
    @every_cut
    @every_offence
    def test_chat(
        self, rule: str, delta: int, size: int, token: str, openai_client: Any, says: Says, gate: Gate
    ) -> None:
        chunks = wire.chat_stream(f"{BEFORE}{OFFENCES[rule]} and so on. ", delta)
        model = says(wire.streams(wire.events(chunks, done=True, ascii_only=False), size, pause=True))
        client = openai_client(token, "openai").chat.completions
        with client.with_streaming_response.create(model=model, stream=True, **ASK) as raw:
            call, body = raw.headers["narrows-call-id"], raw.read().decode()
        texts = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
        received = "".join(
            choice["delta"].get("content") or "" for event in texts for choice in event.get("choices") or ()
        )
        # Up to the match of the rule, which may begin within the sentence.
        assert f"{BEFORE}{OFFENCES[rule]}".startswith(received)
        assert PARTS[rule] not in body
        assert "and so on" not in body
        told(body, rule)
        view = ended(gate, call)
        assert (view.outcome, view.refusal) == ("stopped", "reply_denied")
        stream = client.create(model=model, stream=True, **ASK)
        with pytest.raises(openai.APIError) as failed:
            for _ in stream:
                pass
        assert failed.value.code == "reply_denied"

    @every_cut
    @every_offence
    def test_messages(self, rule: str, delta: int, size: int, token: str, anthropic_client: Any, says: Says) -> None:
        text = f"{BEFORE}{OFFENCES[rule]} and so on. "
        blocks = [
            ({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in wire.cut(text, delta)])
        ]
        model = says(wire.streams(wire.events(wire.message_stream(*blocks), named=True), size))
        received = ""
        with pytest.raises(anthropic.APIStatusError) as failed:  # noqa: PT012 - the stream fails where it is read
            stream = anthropic_client(token, "claude").messages.create(model=model, max_tokens=9, stream=True, **ASK)
            for event in stream:
                if event.type == "content_block_delta":
                    received += event.delta.text
        assert f"{BEFORE}{OFFENCES[rule]}".startswith(received)
        assert PARTS[rule] not in received
        told(failed.value, rule)

    @every_cut
    @every_offence
    def test_responses(self, rule: str, delta: int, size: int, token: str, openai_client: Any, says: Says) -> None:
        data = wire.events(wire.response_stream(f"{BEFORE}{OFFENCES[rule]}. ", "{}", delta), named=True)
        model = says(wire.streams(data, size))
        events: list[Any] = []
        stream = openai_client(token, "openai").responses.create(model=model, input="hi", store=False, stream=True)
        try:
            events.extend(stream)
        except openai.APIError as failed:
            told(failed, rule)
        else:
            told(events[-1].to_json(), rule)
        kept = json.dumps([event.to_dict() for event in events], ensure_ascii=False)
        assert PARTS[rule] not in kept

    @every_cut
    @every_offence
    def test_arguments_of_a_tool_call(
        self, rule: str, delta: int, size: int, token: str, openai_client: Any, says: Says
    ) -> None:
        arguments = json.dumps({"q": f"{BEFORE}{OFFENCES[rule]}", "more": 1})
        chunks = [wire.chat_chunk({"role": "assistant", "tool_calls": [wire.call("")]})]
        chunks += [
            wire.chat_chunk({"tool_calls": [wire.call(piece, first=False)]}) for piece in wire.cut(arguments, delta)
        ]
        model = says(wire.streams(wire.events([*chunks, wire.chat_chunk({}, "tool_calls")], done=True), size))
        received = ""
        stream = openai_client(token, "openai").chat.completions.create(model=model, stream=True, **ASK)
        with pytest.raises(openai.APIError):  # noqa: PT012 - the stream fails where it is read
            for chunk in stream:
                for call in chunk.choices[0].delta.tool_calls or ():
                    received += call.function.arguments or ""
        assert PARTS[rule] not in received

    @every_cut
    @every_offence
    def test_any_json(self, rule: str, delta: int, size: int, post: Post, says: Says) -> None:
        events = [{"id": "x", "out": {"text": piece}} for piece in wire.cut(f"{BEFORE}{OFFENCES[rule]}. ", delta)]
        body = post(
            "/json/predict", {"model": says(wire.streams(wire.events(events, done=True), size)), "stream": True}
        ).text
        told(body, rule)
        received = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
        assert PARTS[rule] not in "".join(event["out"]["text"] for event in received if "out" in event)

    @every_cut
    def test_what_is_flagged_passes_and_is_noted(
        self, delta: int, size: int, token: str, openai_client: Any, says: Says, gate: Gate
    ) -> None:
        model = says(wire.streams(wire.events(wire.chat_stream(PASSES, delta), done=True), size))
        client = openai_client(token, "openai").chat.completions
        with client.with_streaming_response.create(model=model, stream=True, **ASK) as raw:
            call, body = raw.headers["narrows-call-id"], raw.read().decode()
        events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
        assert "".join(event["choices"][0]["delta"].get("content") or "" for event in events) == PASSES
        assert noted(gate, call) == NOTED


NOTED = {("flagged", "risk", "content"), ("flagged", "risk-too", "content"), ("reply_denied", "someday", "content")}


def noted(gate: Gate, call: str) -> set[tuple[str, str | None, str | None]]:
    view = ended(gate, call)
    assert view.outcome == "done"
    assert len(view.notes) == len(set(view.notes)), "each rule once"
    return {(note.code, note.rule, note.param) for note in view.notes}


def test_why_names_the_rules(post: Post, says: Says, gate: Gate) -> None:
    model = says(wire.replies(wire.chat_reply({"content": PASSES})))
    call = post("/openai/v1/chat/completions", {"model": model, **ASK}).headers["narrows-call-id"]
    ended(gate, call)
    said = gate.run("why", call).stdout
    assert "flagged by rule risk of policy" in said
    assert "by rule someday of policy" in said
