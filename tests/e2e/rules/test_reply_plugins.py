"""Rules on replies that ask plug-ins: what they deny never reaches the client, whole or in a stream.

A field is held until it was classified or analysed; what only flags holds nothing. A plug-in that fails stops the
reply where a rule would."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e import scripted as scripts
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.masking import wire
from e2e.records import ended
from e2e.scripted import Connection, Scripted, Seen, whole
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.selection import Filters
from unit.plugins.installed import install

MAY = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
Ask = Callable[..., httpx.Response]
SAID = {
    "says-health": "Let us see a doctor about it now.",
    "says-weather": "Let us see the weather about it now.",
    "says-die": "So Die for a loan it is.",
    "says-city": "They met in Paris , once.",
    "says-person": "It was Ada who did.",
    "says-raise": "It was Raise that failed.",
    "says-boom": "It was a bomb of a party.",
}


async def speaker(seen: Seen, writer: Connection) -> None:
    """Says its text, whole or in pieces of three characters, as content or as arguments of a tool call."""
    body = json.loads(seen.body)
    text = SAID[body["model"]]
    if not body.get("stream"):
        writer.write(whole(scripts.reply(body["model"], text)))
        return
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    deltas: list[dict[str, Any]] = [{"content": piece} for piece in pieces]
    finish = "stop"
    if body.get("tools"):
        finish, named = "tool_calls", {"index": 0, "id": "c1", "type": "function"}
        pieces = ['{"q":"', *pieces, '"}']
        deltas = [{"tool_calls": [{**named, "function": {"name": "find", "arguments": ""}}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
    writer.write(scripts.STREAM + b"".join(chunk_of(body["model"], delta) for delta in deltas))
    writer.write(chunk_of(body["model"], {}, finish) + scripts.DONE)


def chunk_of(model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    data = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
    return scripts.chunk(b"data: %b\n\n" % json.dumps(data).encode())


async def moderation(seen: Seen, writer: Connection) -> None:
    """A moderation endpoint that takes bombs for violence."""
    bad = ["bomb" in text for text in json.loads(seen.body)["input"]]
    results = [
        {"flagged": each, "categories": {"violence": each}, "category_scores": {"violence": each * 0.97}}
        for each in bad
    ]
    writer.write(whole(json.dumps({"id": "modr-1", "model": "omni", "results": results}).encode()))


def ruled(group: str, *responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": group, "who": {"groups": [group]}, "may": MAY, "responses": responses, **more}


POLICIES = [
    ruled("nohealth", {"deny": {"name": "care", "labels": ["topic:health"]}}),
    ruled("health", {"flag": {"name": "care", "labels": ["topic:*"]}}),
    ruled("maybe", {"deny": {"name": "care", "labels": ["topic:*"], "mode": "observe"}}),
    ruled("gentle", {"deny": {"name": "safe", "labels": ["violence"]}}),
    ruled("nocities", {"deny": {"name": "places", "entities": ["CITY"]}}),
    ruled("cities", {"flag": {"name": "places", "entities": ["CITY"]}}),
    ruled(
        "maybecities", {"deny": {"name": "places", "entities": ["CITY"], "mode": "observe"}},
        mask=[{"entities": ["CITY"]}],
    ),
    {
        "name": "guards", "who": {"service_accounts": ["guard"]}, "may": MAY,
        "responses": [{"deny": {"name": "own", "labels": ["*"]}}],
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    directory = tmp_path_factory.mktemp("replies")
    topics = {"name": "topics", "plugin": "topics", "labels": ["topic:finance", "topic:health"], "timeout": "3s"}
    through = {"connection": "openai", "as": "guard", "model": "omni"}
    settings = {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {
            "openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}},
            "claude": {"url": scripted.url, "dialect": "anthropic", "credential": {"none": True}},
        },
        "classifiers": [topics, {"name": "safety", "moderation": through, "labels": ["violence"]}],
        "detectors": {"analyzers": [{"name": "people", "plugin": "parrot", "entities": ["CITY", "PERSON"]}]},
        "policies": POLICIES,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in SAID:
            patch.setitem(scripts.BEHAVIOURS, name, speaker)
        patch.setitem(scripts.BEHAVIOURS, "omni", moderation)
        for name in ("health", "weather"):
            text = SAID[f"says-{name}"]
            block = ({"type": "text", "text": ""}, [{"type": "text_delta", "text": each} for each in wire.cut(text, 3)])
            messages = wire.events(wire.message_stream(block), named=True)
            responses = wire.events(wire.response_stream(text, "{}", 3), named=True)
            patch.setitem(scripts.BEHAVIOURS, f"messages-{name}", wire.streams(messages, 64))
            patch.setitem(scripts.BEHAVIOURS, f"responses-{name}", wire.streams(responses, 64))
        env = install(directory, patch, classifiers={"topics": "parrot:Topics"}, parrot="parrot:Parrot")
        gate = Gate(directory / "gate", settings, env=env).start(90)
        yield gate
        assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture
def ask(gate: Gate, issuer: Issuer) -> Iterator[Ask]:
    """Asks the gate as one of a group."""
    with httpx.Client(base_url=gate.url, timeout=30) as client:

        def post(group: str, text: str, **more: Any) -> httpx.Response:
            headers = {"authorization": f"Bearer {issuer.token(group, (group,))}"}
            body = {"messages": [{"role": "user", "content": text}], **more}
            return client.post("/openai/v1/chat/completions", json=body, headers=headers)

        yield post


TOOLS = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}]
ways = pytest.mark.parametrize("way", [{}, {"stream": True}, {"stream": True, "tools": TOOLS}])


def said(reply: httpx.Response) -> str:
    """What the model said, whole or in pieces, as content and as arguments."""
    if not reply.text.startswith("data: "):
        return str(reply.json()["choices"][0]["message"]["content"])
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    arguments = [call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls") or ()]
    return "".join([delta.get("content") or "" for delta in deltas] + arguments)


@ways
def test_a_reply_is_stopped_by_its_label_before_it_leaves(gate: Gate, ask: Ask, way: dict[str, Any]) -> None:
    stopped = ask("nohealth", "hello", model="says-health", **way)
    assert stopped.status_code == (200 if way else 403)
    assert "rule care of policy nohealth" in stopped.text
    assert not any(word in stopped.text for word in ("Let", "doctor", "[DONE]"))
    view = ended(gate, stopped.headers["narrows-call-id"])
    assert (view.outcome, view.refusal) == ("stopped", "reply_denied")
    passed = ask("nohealth", "hello", model="says-weather", **way)
    assert passed.status_code == 200
    assert SAID["says-weather"] in said(passed)
    assert ended(gate, passed.headers["narrows-call-id"]).outcome == "done"


def test_other_dialects_hold_and_stop_alike(gate: Gate, issuer: Issuer) -> None:
    headers = {"authorization": f"Bearer {issuer.token('nohealth', ('nohealth',))}"}
    asked: dict[str, dict[str, Any]] = {
        "/claude/v1/messages": {"max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]},
        "/openai/v1/responses": {"input": "hello", "store": False},
    }
    for path, body in asked.items():
        kind = path.rpartition("/")[2]

        def post(name: str, path: str = path, body: dict[str, Any] = body) -> str:
            sent = {**body, "model": name, "stream": True}
            return httpx.post(gate.url + path, json=sent, headers=headers, timeout=30).text

        stopped = post(f"{kind}-health")
        assert "rule care of policy nohealth" in stopped
        assert not any(word in stopped for word in ("Let", "doctor"))
        passed = post(f"{kind}-weather")
        assert SAID["says-weather"] in passed
        assert "rule care" not in passed


@ways
def test_a_reply_is_flagged_or_observed_by_its_label(gate: Gate, ask: Ask, way: dict[str, Any]) -> None:
    for group, code in (("health", "flagged"), ("maybe", "reply_denied")):
        passed = ask(group, "hello", model="says-health", **way)
        assert passed.status_code == 200
        assert SAID["says-health"] in said(passed)
        call = passed.headers["narrows-call-id"]
        assert [(note.rule, note.code) for note in ended(gate, call).notes] == [("care", code)]
        assert f"rule care of policy {group}" in gate.run("why", call).stdout


@ways
def test_a_classifier_that_fails_stops_the_reply(gate: Gate, ask: Ask, way: dict[str, Any]) -> None:
    stopped = ask("nohealth", "hello", model="says-die", **way)
    assert stopped.status_code == (200 if way else 503)
    assert "control_failed" in stopped.text
    assert "loan" not in stopped.text
    passed = ask("health", "hello", model="says-die", **way)
    assert SAID["says-die"] in said(passed)
    notes = ended(gate, passed.headers["narrows-call-id"]).notes
    assert [(note.rule, note.code) for note in notes] == [("classifier.topics", "control_failed")]


@ways
def test_a_reply_is_judged_by_a_model_behind_the_gate(gate: Gate, ask: Ask, way: dict[str, Any]) -> None:
    before = len(list(Archive(gate.store).calls(Filters(model="omni"))))
    stopped = ask("gentle", f"hello {len(str(way))}", model="says-boom", **way)
    assert "rule safe of policy gentle" in stopped.text
    assert "bomb" not in stopped.text
    ended(gate, stopped.headers["narrows-call-id"])
    assert len(list(Archive(gate.store).calls(Filters(model="omni")))) <= before + 1, "and its answer is not judged"


@ways
def test_a_reply_is_stopped_by_what_an_analyzer_finds(gate: Gate, ask: Ask, way: dict[str, Any]) -> None:
    stopped = ask("nocities", "hello", model="says-city", **way)
    assert stopped.status_code == (200 if way else 403)
    assert "rule places of policy nocities" in stopped.text
    assert not any(word in stopped.text for word in ("Paris", "met", "[DONE]"))
    passed = ask("nocities", "hello", model="says-person", **way)
    assert SAID["says-person"] in said(passed)
    failed = ask("nocities", "hello", model="says-raise", **way)
    assert "control_failed" in failed.text
    assert "It was" not in failed.text
    call = stopped.headers["narrows-call-id"]
    assert (ended(gate, call).outcome, ended(gate, call).refusal) == ("stopped", "reply_denied")
    assert "rule places of policy nocities" in gate.run("why", call).stdout


@ways
def test_a_reply_is_flagged_or_observed_by_what_an_analyzer_finds(gate: Gate, ask: Ask, way: dict[str, Any]) -> None:
    for group, code, text in (("cities", "flagged", "Paris"), ("maybecities", "reply_denied", "[CITY]")):
        passed = ask(group, "hello", model="says-city", **way)
        assert SAID["says-city"].replace("Paris", text) in said(passed)
        notes = ended(gate, passed.headers["narrows-call-id"]).notes
        assert [(note.rule, note.code) for note in notes] == [("places", code)]


def test_rules_on_labels_of_replies_are_told_of_and_tested(gate: Gate, tmp_path: Path) -> None:
    explained = gate.run(
        "policy", "explain", "--connection=openai", "--model=gpt", "--user=ann", "--group=nohealth"
    ).stdout
    cases = tmp_path / "cases.yaml"
    who = "as: {user: ann, groups: [nohealth]}, connection: openai, model: gpt, prompt: hi"
    cases.write_text(
        f"cases:\n- {{{who}, reply: Hello., reply_labels: ['topic:health'], expect: {{deny: reply_denied}}}}\n"
        f"- {{{who}, reply: Hello., reply_labels: [], expect: allow, receives: Hello.}}\n"
        f"- {{{who}, reply: See a doctor now., expect: {{deny: reply_denied, rule: care}}}}\n"
        f"- {{{who.replace('nohealth', 'nocities')}, reply: In Paris now., expect: {{deny: reply_denied}}}}\n"
        f"- {{{who.replace('nohealth', 'cities')}, reply: In Paris now., expect: allow, flags: [places]}}\n"
    )
    done = gate.run("policy", "test", str(cases))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "care denies replies with the label topic:health" in explained
