"""What the proxy lets through, what it adds and leaves out, and what it makes of failures."""

import asyncio
import contextlib
from typing import Any

import pytest

from narrows.client.failure import SignInEnded, SignInFailed, Unreachable
from narrows.client.proxy import Proxy, Rules, server
from narrows.client.tokens import Tokens
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead, UpstreamFailed
from narrows.wiring.clock import SequentialIds
from unit.engine.world import MemoryExchange, ScriptedUpstream

HOST = b"127.0.0.1:8089"
RULES = Rules(frozenset({HOST}))


class Behind:
    """A proxy with a scripted gate behind it, and tokens one after the other."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.gate = ScriptedUpstream()
        self.time, self.made = 1000, 1
        self.refused: list[Secret | None] = []
        self.failure: SignInFailed | None = None
        self.proxy = Proxy(self.gate, self._fresh, lambda: self.time)
        self.proxy.admit(rules)

    async def _fresh(self, refused: Secret | None) -> Tokens:
        if refused is not None:
            self.refused.append(refused)
            self.made += 1
        if self.failure is not None:
            raise self.failure
        return Tokens(Secret(f"token-{self.made}"), 2000, 900)

    async def call(self, method: str = "POST", query: str = "", **headers: str | None) -> MemoryExchange:
        given = {"host": HOST.decode(), "content-type": "application/json", **headers}
        encoded = {k.replace("_", "-").encode(): v.encode() for k, v in given.items() if v is not None}
        exchange = MemoryExchange(RequestHead(method, "/v1/chat", query, encoded, "127.0.0.1", "127.0.0.1"), b"{}")
        await self.proxy(exchange)
        return exchange


def message(exchange: MemoryExchange) -> str:
    text: str = exchange.json["error"]["message"]
    return text


async def test_the_credential_is_added_and_the_tools_own_left_out() -> None:
    here = Behind()
    here.gate.reply({"ok": True})
    exchange = await here.call(
        query="a=1",
        authorization="Bearer tools-own",
        x_api_key="tools-own",
        cookie="c",
        content_encoding="gzip",
        user_agent="tool/1",
        narrows_justification="why",
    )
    assert (exchange.status, exchange.json, exchange.finished) == (200, {"ok": True}, True)
    ((method, target, headers, body),) = here.gate.sent
    assert (method, target, body) == ("POST", "/v1/chat?a=1", b"{}")
    assert headers == {
        b"authorization": b"Bearer token-1",
        b"content-type": b"application/json",
        b"user-agent": b"tool/1",
        b"narrows-justification": b"why",
    }


async def test_before_it_is_told_who_may_nobody_may() -> None:
    here = Behind(Rules(frozenset()))
    assert (await here.call()).status == 403
    assert here.gate.sent == []


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.test"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:80"},
        {"host": None},
        {"origin": "https://evil.test"},
        {"origin": "http://127.0.0.1:8089"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_what_a_web_page_could_send_is_refused(headers: dict[str, Any]) -> None:
    here = Behind()
    exchange = await here.call(**headers)
    assert exchange.status == 403
    assert exchange.headers[b"x-should-retry"] == b"false"
    assert here.gate.sent == []


async def test_an_origin_that_was_let_in_is_let_in() -> None:
    here = Behind(Rules(frozenset({HOST}), frozenset({b"app://notes"})))
    here.gate.reply({})
    assert (await here.call(origin="app://notes", sec_fetch_site="cross-site")).status == 200
    assert (await here.call(origin="app://other")).status == 403


async def test_a_key_that_is_demanded_must_be_presented() -> None:
    here = Behind(Rules(frozenset({HOST}), key=Secret("own-key")))
    for headers in ({}, {"authorization": "Bearer other"}, {"x_api_key": "own-ke"}, {"authorization": "own-key"}):
        assert (await here.call(**headers)).status == 401
    for headers in ({"authorization": "Bearer own-key"}, {"x_api_key": "own-key"}):
        here.gate.reply({})
        assert (await here.call(**headers)).status == 200


async def test_a_stream_is_passed_on_piece_by_piece() -> None:
    here = Behind()
    reply = here.gate.pieces([b"data: 1\n\n", b"data: 2\n\n"])
    exchange = await here.call()
    assert exchange.sent == [b"data: 1\n\n", b"data: 2\n\n"]
    assert exchange.headers[b"content-type"] == b"text/event-stream"
    assert reply.closed


async def test_a_stream_that_breaks_off_looks_broken() -> None:
    here = Behind()
    reply = here.gate.pieces([b"data: 1\n\n", UpstreamFailed(Deny(Code.UPSTREAM_INVALID, "cut"), sent=True)])
    exchange = await here.call()
    assert (exchange.aborted, exchange.finished) == (True, False)
    assert reply.closed


async def test_cookies_of_the_gate_stay_outside() -> None:
    here = Behind()
    here.gate.reply({}).headers[b"set-cookie"] = b"a=b"
    assert b"set-cookie" not in (await here.call()).headers


async def test_a_token_that_the_gate_refuses_is_renewed_and_the_call_sent_again() -> None:
    here = Behind()
    first = here.gate.reply({"error": {}}, 401)
    here.gate.reply({"ok": True})
    exchange = await here.call()
    assert (exchange.status, exchange.json) == (200, {"ok": True})
    assert here.refused == [Secret("token-1")]
    assert [headers[b"authorization"] for _, _, headers, _ in here.gate.sent] == [b"Bearer token-1", b"Bearer token-2"]
    assert first.closed


async def test_it_is_sent_again_once() -> None:
    here = Behind()
    here.gate.reply({"error": {}}, 401)
    here.gate.reply({"error": {"message": "revoked"}}, 401)
    exchange = await here.call()
    assert (exchange.status, message(exchange)) == (401, "revoked")
    assert len(here.gate.sent) == 2


async def test_a_young_token_is_not_renewed_for_it() -> None:
    here = Behind()
    here.time = 930
    here.gate.reply({"error": {"message": "contained"}}, 401)
    exchange = await here.call()
    assert (exchange.status, message(exchange)) == (401, "contained")
    assert here.refused == []


async def test_if_it_can_not_be_renewed_the_gates_own_answer_is_passed_on() -> None:
    here = Behind()
    here.gate.reply({"error": {"message": "revoked"}}, 401)
    here.gate.on_send = lambda: setattr(here, "failure", SignInEnded("ended"))
    exchange = await here.call()
    assert (exchange.status, message(exchange)) == (401, "revoked")


@pytest.mark.parametrize(
    ("failure", "status"), [(SignInEnded("sign in again"), 401), (Unreachable("idp is down"), 503)]
)
async def test_without_a_token_nothing_is_sent(failure: SignInFailed, status: int) -> None:
    here = Behind()
    here.failure = failure
    exchange = await here.call()
    assert exchange.status == status
    assert str(failure) in message(exchange)
    assert here.gate.sent == []


async def test_a_gate_that_does_not_answer_is_told() -> None:
    here = Behind()
    here.gate.script.append(UpstreamFailed(Deny(Code.UPSTREAM_UNREACHABLE, "it refused the connection"), sent=False))
    exchange = await here.call()
    assert exchange.status == 502
    assert "the gate: it refused the connection" in message(exchange)


class Strangers:
    """Knows nobody."""

    def is_mine(self, peer: object, here: object) -> bool:
        return False


async def test_another_user_of_the_machine_gets_no_word() -> None:
    here = Behind()
    told: list[str] = []
    edge = server(0, here.proxy, SequentialIds(), Strangers(), told.append)  # type: ignore[arg-type]
    await edge.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b"", "nothing was said"
        writer.close()
    finally:
        await edge.close()
    assert here.gate.sent == []
    assert told == ["a connection of another user of this machine was refused"]
