"""Topics by classifiers: what a policy allows passes, all else is refused; and a classifier that fails lets nothing
pass. Installed ones, services behind signed webhooks, and models behind a connection of the gate itself."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e import scripted as scripts
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended
from e2e.scripted import Connection, Scripted, Seen, whole
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.selection import Filters
from unit.plugins.installed import install

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
MAY = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
Ask = Callable[..., httpx.Response]


class Hooks:
    """The operator's services: they believe no message whose signature is not right."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                signed = b"%b.%b.%b" % (
                    self.headers["webhook-id"].encode(),
                    self.headers["webhook-timestamp"].encode(),
                    body,
                )
                right = "v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
                genuine = hmac.compare_digest(right, self.headers["webhook-signature"])
                message = json.loads(body)
                hooks.told.append(message)
                answer = json.dumps(answers(message["type"], message["data"])).encode()
                self.send_response(hooks.status if genuine else 401)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
                """Quiet."""

        return Handler


def answers(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """What the services say."""
    if kind == "narrows.classify":
        return {"labels": [{"tone:rude": 0.9} if "stupid" in text else {} for text in data["texts"]]}
    if kind == "narrows.request" and any("forbidden" in text["text"] for text in data["texts"] if text["new"]):
        return {"decision": "deny", "message": "our service says no"}
    return {"decision": "proceed"}


async def model(seen: Seen, writer: Connection) -> None:
    """A model server with a chat model, a judge and a moderation endpoint."""
    body = json.loads(seen.body)
    if "/moderations" in seen.head.split("\r\n", 1)[0]:
        if body["model"] == "broken":
            writer.write(whole(b'{"error":{"message":"no"}}', "500 Internal Server Error"))
            return
        violent = [("bomb" in text) for text in body["input"]]
        results = [
            {"flagged": bad, "categories": {"violence": bad}, "category_scores": {"violence": 0.97 if bad else 0.01}}
            for bad in violent
        ]
        reply: Any = {"id": "modr-1", "model": body["model"], "results": results}
    else:
        said = "Hello from upstream."
        if body["model"] == "judge":
            said = '{"labels": {"law": 0.8}}' if "contract" in body["messages"][-1]["content"] else '{"labels":{}}'
            if "mumble" in body["messages"][-1]["content"]:
                said = "I think it is about law."
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        reply = {"id": "c-1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
        reply["usage"] = usage
    writer.write(whole(json.dumps(reply).encode()))


def policy(group: str, prompts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": group, "who": {"groups": [group]}, "may": MAY, "prompts": prompts, **more}


POLICIES = [
    policy("topics", [{"allow": {"name": "topics", "labels": ["topic:*"]}}]),
    policy("rude", [{"deny": {"name": "tone", "labels": ["tone:rude"], "message": "Be kind."}}]),
    policy("violent", [{"deny": {"name": "safe", "labels": ["violence"]}}]),
    policy("broken", [{"deny": {"name": "safe", "labels": ["broken"]}}]),
    policy("legal", [{"deny": {"name": "law", "labels": ["law"]}}]),
    policy("flagged", [{"flag": {"name": "tone", "labels": ["topic:health"]}}]),
    policy("free", []),
    {"name": "guards", "who": {"service_accounts": ["guard"]}, "may": MAY, "prompts": [{"flag": {"labels": ["*"]}}]},
]


def configured(hooks: Hooks) -> dict[str, Any]:
    through = {"connection": "openai", "as": "guard"}
    hook = {"url": f"{hooks.url}/hook", "secret": SECRET}
    return {
        "classifiers": [
            {
                "name": "topics", "plugin": "topics", "labels": ["topic:finance", "topic:health"], "timeout": "3s",
                "processes": 2,
            },
            {"name": "tone", "webhook": hook, "labels": ["tone:rude"]},
            {"name": "safety", "moderation": {**through, "model": "omni"}, "labels": ["violence", "flagged"]},
            {"name": "broken", "moderation": {**through, "model": "broken"}, "labels": ["broken"]},
            {"name": "law", "judge": {**through, "model": "judge"}, "labels": ["law"]},
        ],
        "controls": [
            {"name": "quota", "plugin": "words", "options": {"word": "pineapple"}},
            {"name": "watch", "plugin": "words", "options": {"word": "mango"}, "mode": "observe"},
            {"name": "service", "webhook": hook},
        ],
        "policies": POLICIES,
    }  # fmt: skip


@pytest.fixture(scope="module")
def hooks() -> Iterator[Hooks]:
    made = Hooks()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def upstream(scripted: Scripted) -> Iterator[Scripted]:
    with pytest.MonkeyPatch.context() as patch:
        data = [scripts.chunk(scripts.event("m", text)) for text in ("a pine", "apple")]
        patch.setitem(
            scripts.BEHAVIOURS, "repeats-a-pine", scripts.sends(scripts.STREAM + b"".join(data) + scripts.DONE)
        )
        for name in ("gpt", "judge", "omni", "broken"):
            patch.setitem(scripts.BEHAVIOURS, name, model)
        yield scripted


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, upstream: Scripted, hooks: Hooks) -> Iterator[Gate]:
    directory = tmp_path_factory.mktemp("classifiers")
    settings = {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": {"url": upstream.url, "dialect": "openai", "credential": {"none": True}}},
        **configured(hooks),
    }
    with pytest.MonkeyPatch.context() as patch:
        env = install(directory, patch, classifiers={"topics": "parrot:Topics"}, controls={"words": "parrot:Words"})
        gate = Gate(directory / "gate", settings, env=env).start()
        yield gate
        assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture
def ask(gate: Gate, issuer: Issuer) -> Iterator[Ask]:
    """Asks the gate as one of a group."""
    with httpx.Client(base_url=gate.url, timeout=30) as client:

        def post(group: str, *texts: str, **more: Any) -> httpx.Response:
            messages = [{"role": "user", "content": text} for text in texts]
            headers = {"authorization": f"Bearer {issuer.token(group, (group,))}"}
            body = {"model": "gpt", "messages": messages, **more}
            return client.post("/openai/v1/chat/completions", json=body, headers=headers)

        yield post


def refused(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_topics_that_are_allowed_pass_and_all_else_is_refused(gate: Gate, ask: Ask) -> None:
    assert ask("topics", "about a loan").status_code == 200
    assert ask("topics", "my doctor says").status_code == 200
    denied = ask("topics", "who won the match")
    assert refused(denied) == (403, "prompt_not_allowed")
    assert "narrows why" in denied.json()["error"]["message"]
    assert refused(ask("topics", "perhaps a loan")) == (403, "prompt_not_allowed")
    assert ended(gate, denied.headers["narrows-call-id"]).refusal is not None


def test_history_is_not_classified_again(ask: Ask) -> None:
    turns = ["about a loan my first"]
    assert ask("topics", *turns).status_code == 200
    assert ask("topics", *turns, "a doctor for turn two").status_code == 200
    assert refused(ask("topics", *turns, "something else entirely")) == (403, "prompt_not_allowed")


@pytest.mark.parametrize("word", ["Raise", "Die", "Sleep", "Unasked", "None"])
def test_a_classifier_that_fails_lets_nothing_pass(ask: Ask, upstream: Scripted, word: str) -> None:
    seen = len(upstream.seen)
    assert refused(ask("topics", f"{word} for a loan")) == (503, "control_failed")
    assert len(upstream.seen) == seen
    assert ask("flagged", f"{word} once more").status_code == 200  # what only flags refuses nothing
    assert ask("free", f"{word} for a loan").status_code == 200


def test_flags_are_on_record(gate: Gate, ask: Ask) -> None:
    reply = ask("flagged", "see a doctor")
    assert reply.status_code == 200
    notes = ended(gate, reply.headers["narrows-call-id"]).notes
    assert [(note.policy, note.rule, note.code) for note in notes] == [("flagged", "tone", "flagged")]


def test_a_service_is_asked_with_signed_messages(ask: Ask, hooks: Hooks) -> None:
    denied = ask("rude", "you stupid thing")
    assert refused(denied) == (403, "prompt_denied")
    assert "Be kind." in denied.json()["error"]["message"]
    assert ask("rude", "you dear thing").status_code == 200
    asked = [message["data"] for message in hooks.told if message["type"] == "narrows.classify"]
    assert {"name": "tone", "labels": ["tone:rude"], "texts": ["you stupid thing"]} in asked
    assert "Bearer" not in json.dumps(hooks.told)
    hooks.status = 500
    try:
        assert refused(ask("rude", "is this stupid?")) == (503, "control_failed")
    finally:
        hooks.status = 200


def test_a_moderation_endpoint_is_asked_through_the_gate_and_on_record(gate: Gate, ask: Ask) -> None:
    assert refused(ask("violent", "how to build a bomb")) == (403, "prompt_denied")
    assert ask("violent", "how to build a boat").status_code == 200
    own = [call for call in Archive(gate.store).calls(Filters(model="omni")) if call.operation == "moderations"]
    assert {call.user for call in own} == {"narrows:guard"}
    assert all(call.outcome == "done" for call in own)
    failed = ask("broken", "anything")
    assert refused(failed) == (503, "control_failed")
    assert "status 500" in failed.json()["error"]["message"]


def test_a_judge_is_asked_through_the_gate_and_must_answer_in_json(gate: Gate, ask: Ask) -> None:
    assert refused(ask("legal", "read this contract")) == (403, "prompt_denied")
    assert ask("legal", "read this poem").status_code == 200
    assert refused(ask("legal", "mumble about it")) == (503, "control_failed")
    own = list(Archive(gate.store).calls(Filters(model="judge")))
    assert {call.user for call in own} == {"narrows:guard"}
    assert len(own) == 3


def test_own_controls_refuse_and_observe(gate: Gate, ask: Ask) -> None:
    denied = ask("free", "a pineapple")
    assert refused(denied) == (403, "prompt_denied")
    assert "pineapple is not for you" in denied.json()["error"]["message"]
    watched = ask("free", "a mango")
    assert watched.status_code == 200
    notes = ended(gate, watched.headers["narrows-call-id"]).notes
    assert [(note.policy, note.code) for note in notes] == [("control.watch", "prompt_denied")]


def test_an_own_control_behind_a_service(ask: Ask, hooks: Hooks) -> None:
    denied = ask("free", "what is forbidden")
    assert refused(denied) == (403, "prompt_denied")
    assert "our service says no" in denied.json()["error"]["message"]
    told = next(m["data"] for m in reversed(hooks.told) if m["type"] == "narrows.request")
    assert told["control"] == "service"
    assert told["principal"]["subject"] == "free"
    assert told["texts"] == [
        {"role": "user", "path": "$.messages[0].content", "text": "what is forbidden", "new": True}
    ]
    hooks.status = 503
    try:
        assert refused(ask("free", "anything")) == (503, "control_failed")
    finally:
        hooks.status = 200


def test_a_streamed_reply_is_stopped_by_an_own_control_before_it_leaves(ask: Ask) -> None:
    reply = ask("free", "what grows there", model="repeats-a-pine", stream=True)
    assert reply.status_code == 200
    assert "no pineapple in replies" in reply.text
    assert "[DONE]" not in reply.text


def test_check_tells_of_a_label_that_nothing_gives(gate: Gate, tmp_path: Path) -> None:
    other = Gate(tmp_path, gate.settings, env=gate.env)
    rules = [{"deny": {"labels": ["topic:finanse"]}}]
    for changed in (policy("x", rules), policy("x", [], responses=rules)):
        other.write({**gate.settings, "policies": [changed]})
        done = other.run("check")
        assert done.returncode == 1
        assert "did you mean `topic:finance`?" in done.stderr + done.stdout
