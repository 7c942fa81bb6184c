"""The first half of a call: who, where, what; and what is on record of what was refused."""

import asyncio
import json
import threading
from typing import Any

import msgspec
import pytest

from narrows.engine.chain import Chain
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.text import Role, Text
from narrows.model.verdict import Deny
from unit.engine.world import POLICY, World, chat, completion


async def test_a_permitted_call_is_recorded_before_it_is_forwarded_and_answered() -> None:
    world = World()
    world.upstream.reply(completion("Hello"))
    seen: list[int] = []
    world.upstream.on_send = lambda: seen.append(len(world.journal.opened))

    exchange = await world.call(chat("Hi"), narrows_justification="ticket 7")

    assert seen == [1], "the intent was not on record when the request was sent"
    assert exchange.status == 200
    assert exchange.json["choices"][0]["message"]["content"] == "Hello"
    (opened,), (closed,) = world.journal.opened, world.journal.closed
    assert opened.principal.key == "corp:alice"
    assert (opened.connection, opened.operation, opened.model_asked) == ("openai", "chat", "small-1")
    assert (opened.address, opened.agent, opened.justification) == ("192.0.2.7", "test", "ticket 7")
    assert opened.policies == ("research",)
    assert opened.forwarded
    assert closed.call == opened.call
    assert closed.outcome is Outcome.DONE
    assert (closed.status, closed.model, closed.finish) == (200, "small-1-0613", "stop")
    assert closed.usage is not None
    assert closed.usage.completion == 1
    assert exchange.headers[b"narrows-call-id"].decode() == opened.call
    assert exchange.headers[b"x-request-id"].decode() == opened.request_id
    assert world.telemetry.endings == [("openai", "chat", Outcome.DONE, "")]


async def test_the_callers_credential_and_own_headers_never_go_upstream() -> None:
    world = World()
    world.upstream.reply(completion())
    await world.call(chat(), cookie="c", narrows_justification="j", x_forwarded_for="1.2.3.4")
    ((_, target, headers, body),) = world.upstream.sent
    assert target == "/v1/chat/completions"
    assert not {b"authorization", b"cookie", b"narrows-justification", b"x-forwarded-for"} & set(headers)
    assert b"alice" not in body


@pytest.mark.parametrize(("token", "code"), [(None, "credential_missing"), ("mallory", "credential_invalid")])
async def test_a_stranger_is_counted_not_recorded_and_its_body_never_read(token: str | None, code: str) -> None:
    world = World()
    exchange = await world.call(chat(), token=token)
    assert exchange.status == 401
    assert exchange.json["error"]["code"] == code
    assert exchange.headers[b"www-authenticate"].startswith(b"Bearer")
    assert not exchange.body_read
    assert world.journal.entries == []
    world.strangers.flush()
    assert [(row.address, row.code, row.count) for row in world.journal.counts] == [("192.0.2.7", code, 1)]


async def test_a_stranger_learns_nothing_of_the_routes() -> None:
    world = World()
    here = await world.call(chat(), token="mallory")
    nowhere = await world.call(chat(), token="mallory", path="/nowhere/v1/chat/completions")
    assert (here.status, nowhere.status) == (401, 401)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/nowhere/v1/chat/completions", "POST"),
        ("/openai/v1/audio/speech", "POST"),
        ("/openai/v1/chat/completions", "DELETE"),
        ("/openai", "POST"),
        ("/", "GET"),
    ],
)
async def test_a_route_no_dialect_knows_is_refused_and_on_record(path: str, method: str) -> None:
    world = World()
    exchange = await world.call(chat(), path=path, method=method)
    assert exchange.status == 403
    assert "route_unknown" in exchange.data.decode()
    (opened,) = world.journal.opened
    assert (opened.refusal, opened.forwarded, opened.path) == ("route_unknown", False, path)
    assert world.upstream.sent == []


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "body_malformed"),
        (b'{"model": "small", "model": "big"}', {}, 400, "body_malformed"),
        (b"\xff", {}, 400, "body_malformed"),
        ({"messages": []}, {}, 400, "body_invalid"),
        (chat(), {"content_type": "text/plain"}, 415, "encoding_unsupported"),
        (chat(), {"content_type": "application/json; charset=latin-1"}, 415, "encoding_unsupported"),
        (chat() | {"model": "large"}, {}, 403, "model_not_allowed"),
        (chat(n=2), {}, 403, "parameter_not_allowed"),
        (chat(store=True), {}, 403, "parameter_not_allowed"),
    ],
)
async def test_what_may_not_pass_is_refused_in_the_dialect_and_on_record(
    body: object, headers: dict[str, str], status: int, code: str
) -> None:
    world = World()
    exchange = await world.call(body, **headers)
    assert exchange.status == status
    assert exchange.json["error"]["code"] == code
    (opened,) = world.journal.opened
    assert (opened.refusal, opened.status, opened.forwarded) == (code, status, False)
    assert world.journal.closed == []
    assert world.upstream.sent == []
    assert world.telemetry.endings[0][2:] == (Outcome.REFUSED, code)


async def test_each_dialect_refuses_in_its_own_shape() -> None:
    world = World()
    body = {"model": "large", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    exchange = await world.call(body, path="/anthropic/v1/messages")
    assert exchange.status == 403
    assert exchange.json["type"] == "error"
    assert exchange.json["error"]["type"] == "permission_error"


async def test_someone_without_a_policy_is_refused() -> None:
    world = World()
    exchange = await world.call(chat(), token="bob")
    assert exchange.status == 403
    assert exchange.json["error"]["code"] == "not_permitted"


async def test_a_refused_prompt_is_on_record_with_its_content() -> None:
    rule = {"deny": {"pattern": "(?i)drop table", "name": "sql", "message": "No SQL here."}}
    world = World([POLICY | {"prompts": [rule]}])
    exchange = await world.call(chat("please DROP TABLE users"))
    assert exchange.status == 403
    assert exchange.json["error"]["code"] == "prompt_denied"
    assert "No SQL here." in exchange.json["error"]["message"]
    (opened,) = world.journal.opened
    assert (opened.policy, opened.rule) == ("research", "sql")
    assert any(b"DROP TABLE" in content.data for content in opened.contents)
    assert world.upstream.sent == []


async def test_an_observed_rule_is_noted_and_counted_and_lets_pass() -> None:
    rule = {"deny": {"pattern": "secret", "name": "trial", "mode": "observe"}}
    world = World([POLICY | {"prompts": [rule]}])
    world.upstream.reply(completion())
    exchange = await world.call(chat("a secret"))
    assert exchange.status == 200
    (note,) = world.journal.opened[0].notes
    assert (note.code.value, note.policy, note.rule) == ("prompt_denied", "research", "trial")
    assert world.telemetry.notes == [("research", "prompt_denied")]


async def test_the_cap_is_injected_and_lowered_and_recorded() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 50}}])
    for asked, sent in ((None, 50), (20, 20), (9000, 50)):
        world.upstream.reply(completion())
        await world.call(chat() if asked is None else chat(max_tokens=asked))
        assert json.loads(world.upstream.sent[-1][3])["max_tokens"] == sent
        assert world.journal.opened[-1].output_cap == sent


async def test_a_prompt_over_its_limit_is_refused() -> None:
    world = World([POLICY | {"limits": {"prompt_tokens": 20}}])
    exchange = await world.call(chat("word " * 100))
    assert exchange.status == 400
    assert exchange.json["error"]["code"] == "prompt_too_long"
    assert world.journal.opened[0].prompt_tokens > 20


async def test_aliases_rename_the_model_upstream_only() -> None:
    world = World(openai={"aliases": {"small-latest": "vendor/model-x"}})
    world.upstream.reply(completion())
    await world.call(chat() | {"model": "small-latest"})
    assert json.loads(world.upstream.sent[0][3])["model"] == "vendor/model-x"
    opened = world.journal.opened[0]
    assert (opened.model_asked, opened.model) == ("small-latest", "vendor/model-x")


async def test_a_reference_is_good_only_if_the_gate_recorded_it_for_this_caller() -> None:
    world = World()
    body = {"model": "small-1", "input": "Hi", "previous_response_id": "resp_1"}
    world.journal.owned.add(("corp:bob", "openai", "resp_1"))
    exchange = await world.call(body, path="/openai/v1/responses")
    assert exchange.json["error"]["code"] == "reference_not_allowed"
    assert world.upstream.sent == []


async def test_without_a_journal_nothing_is_forwarded() -> None:
    world = World()
    world.journal.failing = True
    exchange = await world.call(chat())
    assert exchange.status == 503
    assert exchange.json["error"]["code"] == "journal_unavailable"
    assert world.upstream.sent == []
    refused = await world.call(chat() | {"model": "large"})
    assert refused.status == 503, "a refusal that can't be recorded is not told as if it were"


async def test_at_the_root_the_model_finds_its_connection() -> None:
    world = World(second={"dialect": "openai", "models": ["small-2"]})
    world.upstream.reply(completion())
    exchange = await world.call(chat(), path="/v1/chat/completions")
    assert exchange.status == 200
    assert world.journal.opened[0].connection == "openai"
    assert (await world.call(chat() | {"model": "large"}, path="/v1/chat/completions")).status == 403


async def test_at_the_root_each_connection_is_sent_the_path_that_its_url_needs() -> None:
    elsewhere = POLICY | {"may": POLICY["may"] | {"connections": ["second"]}}
    world = World([elsewhere], second={"dialect": "openai", "url": "http://model/v1"})
    world.upstream.reply(completion())
    assert (await world.call(chat(), path="/v1/chat/completions")).status == 200
    assert world.upstream.sent[0][1] == "/chat/completions"


async def test_a_large_body_is_read_elsewhere_and_forwarded_whole() -> None:
    world = World()
    world.upstream.reply(completion())
    content = "many words " * 40_000
    exchange = await world.call(chat(content, unknown={"kept": [1.0, 2]}))
    assert exchange.status == 200
    assert world.apart.runs == 1
    sent: Any = json.loads(world.upstream.sent[0][3])
    assert sent["messages"][0]["content"] == content
    assert sent["unknown"] == {"kept": [1.0, 2]}


async def test_a_body_of_many_small_parts_is_read_elsewhere() -> None:
    world = World()
    world.upstream.reply(completion())
    body = chat("Hi", metadata=["x"] * 20_000)
    await world.call(body)
    assert world.apart.runs == 1
    assert json.loads(world.upstream.sent[0][3])["metadata"] == body["metadata"]


async def test_a_large_call_is_refused_and_recorded_like_a_small_one() -> None:
    rule = {"deny": {"pattern": "(?i)drop table", "name": "sql", "message": "No SQL here."}}
    world = World([POLICY | {"prompts": [rule]}])
    exchange = await world.call(chat("many words " * 40_000 + "DROP TABLE users"))
    assert (exchange.status, world.apart.runs) == (403, 1)
    assert "No SQL here." in exchange.json["error"]["message"]
    (opened,) = world.journal.opened
    assert (opened.policy, opened.rule, opened.forwarded, opened.model_asked) == ("research", "sql", False, "small-1")
    assert any(b"DROP TABLE" in content.data for content in opened.contents)
    assert world.upstream.sent == []


@pytest.mark.parametrize("body", [b'{"x":"%b"' % (b"y" * 300_000), {"messages": [], "x": "y" * 300_000}])
async def test_a_large_body_that_can_t_be_read_is_refused_and_on_record(body: object) -> None:
    world = World()
    exchange = await world.call(body)
    assert exchange.status == 400
    (opened,) = world.journal.opened
    assert (opened.operation, opened.status, opened.contents) == ("chat", 400, ())


async def test_what_can_t_be_judged_apart_is_not_forwarded() -> None:
    world = World()
    world.apart.failing = "it died"
    exchange = await world.call(chat("many words " * 40_000))
    assert exchange.status == 503
    assert exchange.json["error"]["code"] == "control_failed"
    assert world.journal.opened[0].refusal == "control_failed"
    assert world.upstream.sent == []


async def test_while_the_process_starts_and_without_one_the_gate_judges_itself() -> None:
    rule = {"deny": {"pattern": "(?i)drop table", "name": "sql"}}
    for missing in (True, False):
        world = World([POLICY | {"prompts": [rule]}])
        world.apart.ready = False
        if missing:
            world.snapshots.current = msgspec.structs.replace(world.snapshots.current, apart=None)
        world.upstream.reply(completion("many words " * 40_000))
        assert (await world.call(chat("many words " * 40_000))).status == 200
        assert (await world.call(chat("many words " * 40_000 + "drop table"))).status == 403
        assert world.apart.runs == 0


async def test_a_reference_of_a_large_call_is_looked_up_as_well() -> None:
    world = World()
    body = {"model": "small-1", "input": "many words " * 40_000, "previous_response_id": "resp_1"}
    exchange = await world.call(body, path="/openai/v1/responses")
    assert exchange.json["error"]["code"] == "reference_not_allowed"
    assert world.apart.runs == 1
    assert world.journal.opened[0].contents
    assert world.upstream.sent == []


async def test_a_large_call_whose_cap_is_another_here_is_not_forwarded() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 9}}])
    other = World([POLICY | {"limits": {"output_tokens": 900}}])
    world.apart.snapshot = other.snapshots.current
    exchange = await world.call(chat("many words " * 40_000))
    assert exchange.json["error"]["code"] == "control_failed"
    assert world.upstream.sent == []


async def test_a_failing_control_refuses_and_is_on_record(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        name = "broken"

        def begin(self, call: object) -> None:
            raise ValueError("quotes the prompt")

    import msgspec

    world = World()
    current = world.snapshots.current
    world.snapshots.current = msgspec.structs.replace(current, controls=(Broken(), *current.controls))
    exchange = await world.call(chat())
    assert exchange.status == 503
    assert exchange.json["error"]["code"] == "control_failed"
    assert "quotes the prompt" not in exchange.data.decode() + caplog.text
    assert world.journal.opened[0].refusal == "control_failed"
    assert world.upstream.sent == []


async def test_models_are_listed_as_far_as_the_caller_may_use_them() -> None:
    world = World()
    listing = {"object": "list", "data": [{"id": name, "object": "model"} for name in ("small-1", "large", "small-2")]}
    world.upstream.reply(listing)
    exchange = await world.call(b"", path="/openai/v1/models", method="GET")
    assert [model["id"] for model in exchange.json["data"]] == ["small-1", "small-2"]


async def test_a_refused_call_is_recorded_as_masks_leave_it() -> None:
    world = World()
    hidden = Text(Role.USER, "$.messages[0].content", "[X]")

    def recordable(call: Call, deny: Deny) -> tuple[Call, Deny]:
        body = {"model": "small-1", "messages": [{"role": "user", "content": "[X]"}]}
        asked = msgspec.structs.replace(call.asked, body=body, texts=(hidden,))
        return msgspec.structs.replace(call, asked=asked, masked=()), msgspec.structs.replace(deny, message="[Y]")

    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, recordable=recordable)
    exchange = await world.call(chat("a secret", model="large-1"))
    assert exchange.status == 403
    (entry,) = world.journal.opened
    assert entry.reason == "[Y]"
    assert b"[Y]" not in exchange.data
    assert b"[X]" in b"".join(content.data for content in entry.contents)
    assert all(b"secret" not in content.data for content in entry.contents)


async def test_where_masks_fail_a_refused_call_is_recorded_without_its_content() -> None:
    world = World()

    def recordable(call: Call, deny: Deny) -> tuple[Call, Deny]:
        raise RuntimeError("no")

    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, recordable=recordable)
    exchange = await world.call(chat("a secret", model="large-1"))
    assert exchange.status == 403
    (entry,) = world.journal.opened
    assert entry.refusal == "model_not_allowed"
    assert entry.contents == ()


async def test_who_goes_away_while_a_large_call_is_judged_in_a_thread_leaves_nothing_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.apart.ready = False
    begun, gone, ended = threading.Event(), threading.Event(), []

    def judge(_chain: Chain) -> None:
        begun.set()
        gone.wait(5)

    monkeypatch.setattr(Chain, "judge", judge)
    monkeypatch.setattr(Chain, "end", lambda _chain, outcome, usage: ended.append((outcome, usage)))
    call = asyncio.create_task(world.call(chat("many words " * 40_000)))
    await asyncio.to_thread(begun.wait)
    call.cancel()
    gone.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended == [(Outcome.REFUSED, None)]
    assert world.upstream.sent == []
