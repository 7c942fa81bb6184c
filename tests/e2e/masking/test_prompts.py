"""With masks on prompts the model server gets stand-ins only: in every text of every dialect, and nothing else changed.

What it got is what it really received over TCP.
"""

import copy
import json
import re
from collections.abc import Callable
from typing import Any, ClassVar

import httpx
import msgspec
import openai
import pytest

from e2e.gate import Gate
from e2e.masking.conftest import EVERYTHING, policy
from e2e.masking.wire import chat_reply, replies
from e2e.records import ended, until
from e2e.scripted import Behaviour, Scripted
from narrows.stores.sqlite.archive import Archive

Post = Callable[..., httpx.Response]
Says = Callable[[Behaviour], str]

SSN, CARD, MAIL = "054-28-6917", "4111 1111 1111 1111", "ada@example.org"
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}

CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": f"Call {MAIL}."},
        {"role": "user", "name": "ada", "content": f"My SSN is {SSN}"},
        {"role": "user", "content": [{"type": "text", "text": f"and {CARD}"}, {"type": "text", "text": SSN}]},
        {"role": "assistant", "content": None, "refusal": f"not {SSN}", "tool_calls": [
            {"id": "c1", "type": "function", "function": {
                "name": "f", "arguments": json.dumps({"ssn": SSN, "card": 4111111111111111, MAIL: "a key"})}}]},
        {"role": "tool", "tool_call_id": "c1", "content": f"found {SSN}"},
    ],
    "tools": [{"type": "function", "function": {
        "name": "f", "description": f"Not for {MAIL}", "parameters": {
            "type": "object", "properties": {"a": {"type": "string", "description": SSN, "enum": [MAIL]}}}}}],
    "response_format": {"type": "json_schema", "json_schema": {
        "name": "s", "schema": {"type": "object", "description": f"As {SSN}"}}},
    "stop": [SSN],
    "user": MAIL,
    "metadata": {"who": MAIL},
}  # fmt: skip

RESPONSES: dict[str, Any] = {
    "instructions": f"Ask {MAIL}",
    "input": [
        {"role": "user", "content": f"My SSN is {SSN}"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": CARD}]},
        {"type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": SSN, "annotations": []}, {"type": "refusal", "refusal": SSN}]},
        {"type": "reasoning", "encrypted_content": "gAAAA", "summary": [{"type": "summary_text", "text": f"as {SSN}"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": json.dumps({"ssn": SSN})},
        {"type": "function_call_output", "call_id": "c1", "output": f"it is {SSN}"},
    ],
    "tools": [{"type": "function", "name": "f", "description": MAIL, "parameters": {"type": "object"}}],
}  # fmt: skip

MESSAGES: dict[str, Any] = {
    "max_tokens": 20,
    "system": [{"type": "text", "text": f"Call {MAIL}"}],
    "messages": [
        {"role": "user", "content": f"My SSN is {SSN}"},
        {"role": "assistant", "content": [
            {"type": "text", "text": CARD}, {"type": "tool_use", "id": "t1", "name": "f",
                                             "input": {"ssn": SSN, "deep": [{"mail": MAIL}]}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": f"it is {SSN}"}]},
            {"type": "document", "title": SSN,
             "source": {"type": "text", "media_type": "text/plain", "data": f"Notes on {SSN}"}}]},
    ],
    "tools": [{"name": "f", "description": MAIL, "input_schema": {
        "type": "object", "properties": {"a": {"type": "string", "description": SSN}}}}],
    "stop_sequences": [SSN],
    "metadata": {"user_id": MAIL},
}  # fmt: skip

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/openai/v1/chat/completions", CHAT),
    "responses": ("/openai/v1/responses", RESPONSES),
    "completions, a string": ("/openai/v1/completions", {"prompt": f"SSN {SSN}", "suffix": MAIL}),
    "completions, a list": ("/openai/v1/completions", {"prompt": [f"SSN {SSN}", f"card {CARD}"]}),
    "embeddings, a string": ("/openai/v1/embeddings", {"input": f"SSN {SSN}"}),
    "embeddings, a list": ("/openai/v1/embeddings", {"input": [f"SSN {SSN}", MAIL]}),
    "messages": ("/claude/v1/messages", MESSAGES),
    "count_tokens": ("/claude/v1/messages/count_tokens", {name: MESSAGES[name] for name in ("messages", "system")}),
    "json": ("/json/predict", {"inputs": [{"text": f"SSN {SSN}", MAIL: "a key"}], "top": SSN}),
}


def masked(value: Any) -> Any:
    """What the test expects, from the same request: each value by its stand-in, wherever it is."""
    text = json.dumps(value)
    for plain, stand_in in ((SSN, "[US_SSN]"), (CARD, "[CREDIT_CARD]"), (MAIL, "[EMAIL_ADDRESS]")):
        text = text.replace(plain, stand_in)
    return json.loads(text.replace("4111111111111111", '\\"[CREDIT_CARD]\\"'))


def got(scripted: Scripted) -> Any:
    """The last request as the model server received it."""
    return json.loads(scripted.seen[-1].body)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_model_server_gets_stand_ins_in_every_text(
    name: str, post: Post, says: Says, scripted: Scripted, gate: Gate
) -> None:
    path, body = REQUESTS[name]
    sent = {"model": says(replies({"object": "x", "choices": [], "data": [], "content": []})), **body}
    reply = post("prompts", path, sent)
    assert reply.status_code < 400, reply.text
    received = got(scripted)
    for field, value in masked(sent).items():
        assert received[field] == value, field
    view = ended(gate, reply.headers["narrows-call-id"])
    assert {row.entity for row in view.masked} <= {"US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS"}
    assert sum(row.count for row in view.masked) >= 1
    record = Archive(gate.store).call(view.id)
    assert record is not None
    kept = "".join(piece.text or "" for piece in record.request)
    assert "[US_SSN]" in kept
    assert not [plain for plain in (SSN, CARD, MAIL, "4111111111111111") if plain in kept]


def ask(text: str, model: str = "ok", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("redact", r"card \[CREDIT_CARD\], ssn \[US_SSN\]"),
        ("partial", r"card \**( \**)*1111, ssn \**6917"),
        ("hash", r"card \[CREDIT_CARD:[a-z0-9]{20}\], ssn \[US_SSN:[a-z0-9]{20}\]"),
        ("replies", rf"card {CARD}, ssn {SSN}"),
        ("observe", rf"card {CARD}, ssn {SSN}"),
    ],
)
def test_what_stands_in_its_place(group: str, expected: str, post: Post, scripted: Scripted) -> None:
    reply = post(group, "/openai/v1/chat/completions", ask(f"card {CARD}, ssn {SSN}"))
    assert reply.status_code == 200, reply.text
    content = got(scripted)["messages"][0]["content"]
    assert re.fullmatch(expected, content), content


def test_the_same_value_has_the_same_hash(post: Post, scripted: Scripted) -> None:
    post("hash", "/openai/v1/chat/completions", ask(f"{SSN} and {SSN}, not 054-28-6918"))
    stand_ins = re.findall(r"\[US_SSN:\w+\]", got(scripted)["messages"][0]["content"])
    assert len(stand_ins) == 3
    assert stand_ins[0] == stand_ins[1] != stand_ins[2]


def test_what_is_observed_is_recorded_as_such(post: Post, gate: Gate) -> None:
    reply = post("observe", "/openai/v1/chat/completions", ask(f"ssn {SSN}"))
    rows = ended(gate, reply.headers["narrows-call-id"]).masked
    assert [(row.path, row.entity, row.count, row.observed) for row in rows] == [
        ("$.messages[0].content", "US_SSN", 1, True)
    ]


def test_what_is_masked_is_recorded_by_place_entity_and_detector(post: Post, gate: Gate) -> None:
    reply = post("prompts", "/openai/v1/chat/completions", ask(f"ssn {SSN}, and again {SSN}, mail {MAIL}"))
    rows = ended(gate, reply.headers["narrows-call-id"]).masked
    assert {(row.path, row.entity, row.count, row.observed) for row in rows} == {
        ("$.messages[0].content", "US_SSN", 2, False),
        ("$.messages[0].content", "EMAIL_ADDRESS", 1, False),
    }
    assert all(row.detector for row in rows)


def test_values_that_are_allowed_stay(post: Post, scripted: Scripted) -> None:
    post("allow", "/openai/v1/chat/completions", ask(f"from NoReply@example.com to {MAIL}"))
    assert got(scripted)["messages"][0]["content"] == "from NoReply@example.com to [EMAIL_ADDRESS]"


class TestBlocked:
    """A clear refusal in the shape of each dialect, that says what and where and never the value."""

    def test_openai(self, openai_of: Callable[[str], openai.OpenAI], scripted: Scripted) -> None:
        before = len(scripted.seen)
        with pytest.raises(openai.PermissionDeniedError) as caught:
            openai_of("block").chat.completions.create(**ask(f"ssn {SSN}"))
        assert caught.value.code == "sensitive_data"
        assert caught.value.param == "$.messages[0].content"
        assert "US_SSN" in caught.value.message
        assert SSN not in caught.value.response.text
        assert len(scripted.seen) == before

    @pytest.mark.parametrize(("path", "body"), [REQUESTS["messages"], REQUESTS["json"]])
    def test_other_dialects(self, path: str, body: dict[str, Any], post: Post, scripted: Scripted) -> None:
        before = len(scripted.seen)
        reply = post("block", path, {"model": "ok", **body})
        assert reply.status_code == 403
        assert "US_SSN" in reply.text
        assert SSN not in reply.text
        assert len(scripted.seen) == before
        if path.startswith("/claude"):
            assert reply.json()["error"]["type"] == "permission_error"

    def test_the_record_holds_no_value(self, post: Post, gate: Gate) -> None:
        call = post("block", "/openai/v1/chat/completions", ask(f"ssn {SSN}")).headers["narrows-call-id"]
        record = Archive(gate.store).call(ended(gate, call).id)
        assert record is not None
        assert (record.call.refusal, record.call.forwarded) == ("sensitive_data", False)
        assert (record.call.policy, record.call.rule) == ("block", "mask[0]")
        kept = "".join(piece.text or "" for piece in record.request)
        assert "ssn [US_SSN]" in kept
        assert SSN not in kept

    def test_other_prompts_pass(self, post: Post) -> None:
        assert post("block", "/openai/v1/chat/completions", ask(f"card {CARD}")).status_code == 200


PICTURE: dict[str, Any] = {
    "model": "ok",
    "messages": [{"role": "user", "content": [PIXEL, {"type": "text", "text": f"ssn {SSN}"}]}],
}


class TestMedia:
    """What can't be read is refused where prompts are masked, unless the policy allows it."""

    @pytest.mark.parametrize("group", ["redact", "prompts", "block"])
    def test_refused(self, group: str, post: Post) -> None:
        reply = post(group, "/openai/v1/chat/completions", PICTURE)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "media_not_allowed")

    @pytest.mark.parametrize("group", ["replies", "media"])
    def test_passed(self, group: str, post: Post, scripted: Scripted) -> None:
        assert post(group, "/openai/v1/chat/completions", PICTURE).status_code == 200
        picture, text = got(scripted)["messages"][0]["content"]
        assert picture == PIXEL
        assert text["text"] == ("ssn [US_SSN]" if group == "media" else f"ssn {SSN}")

    @pytest.mark.parametrize(("group", "status"), [("replies", 403), ("redact", 403), ("prompts", 200), ("media", 200)])
    def test_in_a_reply(self, group: str, status: int, post: Post, says: Says) -> None:
        drawn = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'iVBORw0KGgo' * 9}="}}
        model = says(replies(chat_reply({"content": "here it is", "images": [drawn]})))
        reply = post(group, "/openai/v1/chat/completions", ask("draw", model))
        assert reply.status_code == status, reply.text
        if status == 403:
            assert reply.json()["error"]["code"] == "media_not_allowed"
            assert "iVBOR" not in reply.text


class TestNumbersAndNames:
    """A number is masked as a text is, and a member's name is read as a word before its value."""

    GIVEN: ClassVar[dict[str, Any]] = {
        "ssn": 54286917, "social": {"ssn": 219099999}, "card": 4111111111111111, "cards": [4111111111111111, 5],
        "vector": [0.25, 0.4111111111111111, 3, 4, 5, 6], "rows": [[4111111111111111, 1.5], [2, 3]], "n": 12345678901,
        "taxId": {"ssn": {"value": "219099999"}}, "usSsn": "219 09 9999", "ok": True, "none": None,
    }  # fmt: skip
    LEFT: ClassVar[dict[str, Any]] = {
        **GIVEN, "social": {"ssn": "[US_SSN]"}, "card": "[CREDIT_CARD]", "cards": ["[CREDIT_CARD]", 5],
        "rows": [["[CREDIT_CARD]", 1.5], [2, 3]], "taxId": {"ssn": {"value": "[US_SSN]"}}, "usSsn": "[US_SSN]",
    }  # fmt: skip

    def test_in_any_json(self, post: Post, scripted: Scripted) -> None:
        assert post("prompts", "/json/predict", {"model": "ok", **self.GIVEN}).status_code == 200
        assert got(scripted) == {"model": "ok", **self.LEFT}

    def test_in_what_tools_are_asked(self, post: Post, scripted: Scripted) -> None:
        use = {"type": "tool_use", "id": "t1", "name": "f", "input": self.GIVEN}
        turn = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [use]}]
        post("prompts", "/claude/v1/messages", {"model": "ok", "max_tokens": 4111, "messages": turn})
        assert got(scripted)["messages"][1]["content"][0]["input"] == self.LEFT
        assert got(scripted)["max_tokens"] == 4111

    def test_what_the_api_types_is_left(self, post: Post, scripted: Scripted) -> None:
        typed = {"seed": 4111111111111111, "logit_bias": {"50256": -100}, "temperature": 0.4111111111111111, "n": 1}
        post("prompts", "/openai/v1/chat/completions", ask("hi", **typed, unknown={"seed": 4111111111111111}))
        received = got(scripted)
        assert {name: received[name] for name in typed} == typed
        assert received["unknown"] == {"seed": "[CREDIT_CARD]"}


@pytest.mark.parametrize(("group", "status"), [("prompts", 200), ("nobody", 403)])
def test_what_a_caller_says_of_itself_is_recorded_masked(
    group: str, status: int, gate: Gate, token: Callable[[str], str]
) -> None:
    """Whether it is forwarded or refused."""
    said = {"user-agent": f"cli/1 {SSN}", "narrows-agent": f"b {MAIL}", "narrows-justification": f"as {SSN}"}
    headers = {"authorization": f"Bearer {token(group)}", **said}
    with httpx.Client(base_url=gate.url, timeout=30) as client:
        reply = client.post(f"/json/of/{SSN}", json={"model": "ok"}, headers=headers)
    assert reply.status_code == status, reply.text
    record = Archive(gate.store).call(ended(gate, reply.headers["narrows-call-id"]).id)
    assert record is not None
    kept = msgspec.json.encode(record)
    assert [plain for plain in (SSN, MAIL) if plain.encode() in kept] == []
    assert b"cli/1 [US_SSN]" in kept
    assert b"/of/[US_SSN]" in kept


class TestFields:
    """Fields are masked for where they stand, whatever they hold."""

    def test_json(self, post: Post, scripted: Scripted) -> None:
        body = {
            "customer": {"ssn": "anything", "name": "Ada"},
            "items": [{"note": "one", "id": "1"}, {"note": "two"}],
            "deep": {"er": {"PassWord": "hunter2"}},
        }
        assert post("fields", "/json/predict", body).status_code == 200
        assert got(scripted) == {
            "customer": {"ssn": "[FIELD]", "name": "Ada"},
            "items": [{"note": "[FIELD]", "id": "1"}, {"note": "[FIELD]"}],
            "deep": {"er": {"PassWord": "[FIELD]"}},
        }

    def test_the_arguments_of_tool_calls(self, post: Post, scripted: Scripted) -> None:
        arguments = json.dumps({"customer": {"ssn": 123, "name": "Ada"}, "password": "hunter2"})
        call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
        body = {"model": "ok", "messages": [{"role": "assistant", "tool_calls": [call]}]}
        post("fields", "/openai/v1/chat/completions", body)
        received = got(scripted)["messages"][0]["tool_calls"][0]["function"]["arguments"]
        assert json.loads(received) == {"customer": {"ssn": "[FIELD]", "name": "Ada"}, "password": "[FIELD]"}

    def test_the_arguments_of_an_anthropic_tool(self, post: Post, scripted: Scripted) -> None:
        use = {"type": "tool_use", "id": "t", "name": "f", "input": {"password": "hunter2", "name": "Ada"}}
        body = {"model": "ok", "max_tokens": 5, "messages": [{"role": "assistant", "content": [use]}]}
        post("fields", "/claude/v1/messages", body)
        received = got(scripted)["messages"][0]["content"][0]["input"]
        assert received == {"password": "[FIELD]", "name": "Ada"}


def test_a_changed_mask_takes_effect_without_a_restart(gate: Gate, post: Post, scripted: Scripted) -> None:
    def received(text: str) -> str:
        reply = post("late", "/openai/v1/chat/completions", ask(text))
        return str(got(scripted)["messages"][0]["content"]) if reply.status_code == 200 else reply.text

    own = {"patterns": [{"name": "badge", "entity": "BADGE_NUMBER", "pattern": "B-[0-9]{5}"}]}
    plain = {"name": "late", "who": {"groups": ["late"]}, "may": EVERYTHING}

    def version(*entities: str) -> dict[str, Any]:
        late = policy("late", [{"entities": list(entities)}]) if entities else plain
        return {"policies": [*copy.deepcopy(gate.settings["policies"]), late], "detectors": own}

    versions = [
        (version(), f"{SSN} of B-00417"),
        (version("US_SSN"), "[US_SSN] of B-00417"),
        (version("BADGE_NUMBER"), f"{SSN} of [BADGE_NUMBER]"),
        (version("CUSTOM", "US"), "[US_SSN] of [BADGE_NUMBER]"),
    ]
    try:
        for change, expected in versions:
            gate.write({**gate.settings, **change})
            until(lambda wanted=expected: received(f"{SSN} of B-00417") == wanted)
    finally:
        gate.write(gate.settings)
    assert "Traceback" not in gate.output
