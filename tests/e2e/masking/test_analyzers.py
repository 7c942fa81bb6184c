"""What only a plug-in finds is masked as well: in prompts, in replies however they come, and on record; and a plug-in
that fails lets nothing pass."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.masking import wire
from e2e.masking.conftest import policy
from e2e.records import ended, until
from e2e.scripted import Behaviour, Scripted
from narrows.stores.sqlite.archive import Archive
from unit.plugins.installed import install

Says = Callable[[Behaviour], str]
Ask = Callable[..., httpx.Response]

NAMES = ["PERSON", "CITY"]
ANALYZERS: list[dict[str, Any]] = [
    {"name": "names", "plugin": "parrot", "entities": NAMES, "timeout": "3s", "processes": 2},
    {"name": "lax", "plugin": "parrot", "entities": ["CRASH"], "timeout": "3s", "on_failure": "pass"},
]
POLICIES = [
    policy("both", [{"entities": [*NAMES, "EMAIL_ADDRESS"]}]),
    policy("prompts", [{"entities": NAMES, "where": ["prompt"]}, {"entities": ["EMAIL_ADDRESS"]}]),
    policy("observe", [{"entities": NAMES, "mode": "observe"}]),
    policy("block", [{"entities": ["PERSON"], "with": "block"}]),
    policy("pass", [{"entities": ["CRASH", "EMAIL_ADDRESS"]}]),
]
TEXT = "we asked Ada of Paris, ada@example.org, today"
MASKED = "we asked [PERSON] of [CITY], [EMAIL_ADDRESS], today"
TOLD = {"messages": [{"role": "user", "content": "say something"}]}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Gate]:
    directory = tmp_path_factory.mktemp("analyzers")
    with pytest.MonkeyPatch.context() as patch:
        env = install(directory, patch, parrot="parrot:Parrot")
        gate = Gate(
            directory / "gate", {**settings, "detectors": {"analyzers": ANALYZERS}, "policies": POLICIES}, env=env
        )
        gate.start()
        yield gate
        assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output
    assert "Ada" not in gate.output


@pytest.fixture
def ask(gate: Gate, token: Callable[[str], str]) -> Iterator[Ask]:
    """Asks the gate as one of a group."""
    with httpx.Client(base_url=gate.url, timeout=30) as client:

        def post(group: str, body: dict[str, Any], path: str = "/openai/v1/chat/completions") -> httpx.Response:
            return client.post(path, json=body, headers={"authorization": f"Bearer {token(group)}"})

        yield post


def content(stream: httpx.Response) -> list[str]:
    """The deltas of a streamed chat reply."""
    lines = [line.removeprefix("data: ") for line in stream.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line)["choices"][0]["delta"].get("content") or "" for line in lines]


def test_every_text_of_a_request(gate: Gate, ask: Ask, says: Says, scripted: Scripted) -> None:
    arguments = json.dumps({"to": "dear Ada", "Grace": 1, "note": "none"})
    messages = [
        {"role": "system", "content": "you help Grace"},
        {"role": "user", "content": [{"type": "text", "text": TEXT}]},
        {"role": "assistant", "content": None, "tool_calls": [wire.call(arguments)]},
        {"role": "tool", "tool_call_id": "call_0", "content": "from London"},
    ]
    tools = [{"type": "function", "function": {"name": "f", "description": "writes to Ada"}}]
    reply = ask(
        "both", {"model": says(wire.replies(wire.chat_reply({"content": "yes"}))), "messages": messages, "tools": tools}
    )
    assert reply.status_code == 200, reply.text
    body = json.loads(scripted.seen[-1].body)
    assert [message["content"] for message in body["messages"][:2]] == [
        "you help [PERSON]",
        [{"type": "text", "text": MASKED}],
    ]
    sent = json.loads(body["messages"][2]["tool_calls"][0]["function"]["arguments"])
    assert sent == {"to": "dear [PERSON]", "[PERSON]": 1, "note": "none"}
    assert body["messages"][3]["content"] == "from [CITY]"
    assert body["tools"][0]["function"]["description"] == "writes to [PERSON]"
    masked = ended(gate, reply.headers["narrows-call-id"]).masked
    assert {(row.entity, row.detector) for row in masked} >= {("PERSON", "names"), ("CITY", "names")}


def test_a_history_that_comes_again_is_known(ask: Ask, says: Says, scripted: Scripted) -> None:
    turns = [{"role": "user", "content": f"turn {number} of Ada"} for number in range(200)]
    model = says(wire.replies(wire.chat_reply({"content": "yes"})))
    first = ask("prompts", {"model": model, "messages": turns})
    again = ask("prompts", {"model": model, "messages": [*turns, {"role": "user", "content": "and Grace"}]})
    assert first.status_code == again.status_code == 200
    assert json.loads(scripted.seen[-1].body)["messages"][-1]["content"] == "and [PERSON]"


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_streamed_field_is_held_until_it_ends(gate: Gate, ask: Ask, says: Says, size: int) -> None:
    data = wire.events(wire.chat_stream(TEXT, 3, reasoning_content="Grace thinks"), done=True)
    reply = ask("both", {"model": says(wire.streams(data, size)), "stream": True, **TOLD})
    deltas = content(reply)
    assert "".join(deltas) == MASKED
    assert sum(map(bool, deltas)) == 1
    assert "Grace" not in reply.text
    call = reply.headers["narrows-call-id"]
    assert {(row.path, row.entity, row.detector) for row in ended(gate, call).masked} >= {
        ("content", "PERSON", "names"),
        ("content", "CITY", "names"),
        ("reasoning", "PERSON", "names"),
    }
    record = Archive(gate.store).call(call)
    assert record is not None
    assert record.transcript is not None
    assert {stream.field: stream.text for stream in record.transcript.streams}["content"] == MASKED


def test_a_stream_flows_where_replies_name_no_analyzers_entity(ask: Ask, says: Says) -> None:
    data = wire.events(wire.chat_stream(TEXT, 3), done=True)
    deltas = content(ask("prompts", {"model": says(wire.streams(data)), "stream": True, **TOLD}))
    assert "".join(deltas) == TEXT.replace("ada@example.org", "[EMAIL_ADDRESS]")
    assert sum(map(bool, deltas)) > 5


def test_whole_replies_and_tool_arguments(ask: Ask, says: Says) -> None:
    message = {"content": TEXT, "tool_calls": [wire.call(json.dumps({"to": "dear Ada", "n": [1, True, "in Paris"]}))]}
    reply = ask("both", {"model": says(wire.replies(wire.chat_reply(message))), **TOLD})
    got = reply.json()["choices"][0]["message"]
    assert got["content"] == MASKED
    assert json.loads(got["tool_calls"][0]["function"]["arguments"]) == {
        "to": "dear [PERSON]",
        "n": [1, True, "in [CITY]"],
    }


def test_streamed_tool_arguments_go_value_by_value(ask: Ask, says: Says) -> None:
    pieces = wire.cut(json.dumps({"to": "dear Ada", "in": "in Paris"}), 2)
    chunks = [wire.chat_chunk({"role": "assistant"}), wire.chat_chunk({"tool_calls": [wire.call("", 0)]})]
    chunks += [wire.chat_chunk({"tool_calls": [wire.call(piece, 0, first=False)]}) for piece in pieces]
    data = wire.events([*chunks, wire.chat_chunk({}, "tool_calls")], done=True)
    reply = ask("both", {"model": says(wire.streams(data)), "stream": True, **TOLD})
    lines = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    calls = [line["choices"][0]["delta"].get("tool_calls") for line in lines]
    arguments = "".join(call[0]["function"].get("arguments", "") for call in calls if call)
    assert json.loads(arguments) == {"to": "dear [PERSON]", "in": "in [CITY]"}


def test_an_upstreams_error(ask: Ask, says: Says) -> None:
    error = {"error": {"message": "no such user as Ada", "code": "nope"}}
    reply = ask("both", {"model": says(wire.replies(error, "500 Internal Server Error")), **TOLD})
    assert reply.status_code == 500
    assert "user as [PERSON]" in reply.text


def test_observing_masks_note_and_change_nothing(gate: Gate, ask: Ask, says: Says, scripted: Scripted) -> None:
    data = wire.events(wire.chat_stream(TEXT, 3), done=True)
    body = {"model": says(wire.streams(data)), "stream": True, "messages": [{"role": "user", "content": TEXT}]}
    reply = ask("observe", body)
    deltas = content(reply)
    assert "".join(deltas) == TEXT
    assert sum(map(bool, deltas)) > 5
    assert json.loads(scripted.seen[-1].body)["messages"][0]["content"] == TEXT
    rows = ended(gate, reply.headers["narrows-call-id"]).masked
    assert {(row.path, row.entity) for row in rows if row.observed} >= {
        ("$.messages[0].content", "PERSON"),
        ("content", "CITY"),
    }


def test_what_is_blocked_is_refused(ask: Ask, says: Says) -> None:
    body = {"model": says(wire.replies(wire.chat_reply({"content": TEXT}))), **TOLD}
    assert ask("block", body).status_code == 403
    prompt = {**body, "messages": [{"role": "user", "content": TEXT}]}
    reply = ask("block", prompt)
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "sensitive_data")


@pytest.mark.parametrize("word", ["Raise", "Outside", "Die", "Sleep"])
def test_a_plug_in_that_fails_lets_nothing_pass(
    gate: Gate, ask: Ask, says: Says, scripted: Scripted, word: str
) -> None:
    seen = len(scripted.seen)
    model = says(wire.replies(wire.chat_reply({"content": f"{word} Ada"})))
    prompt = ask("both", {"model": model, "messages": [{"role": "user", "content": f"please {word} Ada"}]})
    assert (prompt.status_code, prompt.json()["error"]["code"]) == (503, "control_failed")
    assert "masking is unavailable" in prompt.json()["error"]["message"]
    assert len(scripted.seen) == seen
    until(lambda: ask("both", {"model": model, "messages": [{"role": "user", "content": "x"}]}).status_code == 503)
    stream = says(wire.streams(wire.events(wire.chat_stream(f"{word} Ada", 3), done=True)))
    reply = ask("both", {"model": stream, "stream": True, **TOLD})
    assert "Ada" not in reply.text
    assert "[DONE]" not in reply.text
    assert "control_failed" in reply.text
    view = ended(gate, reply.headers["narrows-call-id"])
    assert (view.outcome, view.refusal) == ("stopped", "control_failed")
    until(
        lambda: (
            ask("both", {"model": says(wire.replies(wire.chat_reply({"content": "ok"}))), **TOLD}).status_code == 200
        )
    )


def test_one_that_need_not_answer_is_noted_and_done_without(
    gate: Gate, ask: Ask, says: Says, scripted: Scripted
) -> None:
    body = {"model": says(wire.replies(wire.chat_reply({"content": f"Raise {TEXT}"})))}
    reply = ask("pass", {**body, "messages": [{"role": "user", "content": f"Raise {TEXT}"}]})
    assert reply.status_code == 200
    assert "Ada of Paris, [EMAIL_ADDRESS]" in reply.text
    assert "Ada of Paris, [EMAIL_ADDRESS]" in scripted.seen[-1].body.decode()
    notes = ended(gate, reply.headers["narrows-call-id"]).notes
    assert [(note.code, note.rule) for note in notes] == [("control_failed", "analyzer.lax")]


def test_a_refused_call_is_recorded_only_if_it_was_analysed(gate: Gate, ask: Ask, says: Says) -> None:
    body = {"model": says(wire.replies(wire.chat_reply({"content": "x"})))}
    reply = ask("block", {**body, "messages": [{"role": "user", "content": "it was Ada"}]})
    record = Archive(gate.store).call(reply.headers["narrows-call-id"])
    assert record is not None
    assert any("it was [PERSON]" in str(part) for part in (record.request, record.reply))


def test_commands_know_analyzers_and_a_false_positive_of_one_can_be_reported(gate: Gate, ask: Ask, says: Says) -> None:
    listed = {(row["id"], row["entity"], row["source"]) for row in gate.rows("detectors", "list", "--entity", "CITY")}
    assert listed == {("names", "CITY", "plug-in parrot")}
    body = {"model": says(wire.replies(wire.chat_reply({"content": "yes"})))}
    reply = ask("both", {**body, "messages": [{"role": "user", "content": "ask Monday"}]})
    call = reply.headers["narrows-call-id"]
    ended(gate, call)
    rows = gate.rows("detectors", "report", call)
    assert [(row["entity"], row["detector"]) for row in rows] == [("PERSON", "names")]
    assert gate.run("detectors", "report", call, "--text", "nobody here").returncode == 1
    (kept,) = gate.rows("detectors", "report", call, "--text", "ask Monday")
    assert (kept["detector"], kept["entity"], kept["text"]) == ("names", "PERSON", "ask Monday")
    tested = gate.run("detectors", "test", "--entity", "PERSON")
    assert tested.returncode == 1
    assert "names: finds something in ask Monday" in tested.stderr
    assert "0 of 1 examples of 1 detectors hold" in tested.stdout


def test_check_says_of_a_plug_in_whether_it_can_be_started(gate: Gate, tmp_path: Path) -> None:
    assert gate.run("check").returncode == 0
    for analyzer, said in (
        (
            {"plugin": "parot"},
            "[0].plugin: no installed package offers an analyzer called parot; did you mean `parrot`",
        ),
        ({"entities": [*NAMES, "PLANET"]}, "[0]: the plug-in can't be started: ValueError: it does not find PLANET"),
        ({"options": {"refuse": "no such model"}}, "the plug-in can't be started: ValueError: no such model"),
        ({"entities": ["PII"]}, "detectors.analyzers[0].entities[0]: `PII` is the name of a group"),
        ({"timeout": "never"}, "detectors.analyzers[0].timeout"),
    ):
        changed = [{**ANALYZERS[0], **analyzer}, ANALYZERS[1]]
        other = Gate(tmp_path / "other", {**gate.settings, "detectors": {"analyzers": changed}})
        done = other.run("check")
        assert done.returncode == 1
        assert said in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
