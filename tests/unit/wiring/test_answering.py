"""Answers are taken where the settings say, and what can't be begun stops nothing."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest

from narrows.config.notify import Channel, Notify, SlackChannel, TeamsChannel
from narrows.model.approval import TicketState
from narrows.model.secret import Secret
from narrows.notify.answers import Linked, Said
from narrows.notify.slack_requests import PATH, sign
from narrows.wiring.answering import Answering
from unit.notify.questions import NOW, Questions, StillClock, ticket
from unit.notify.test_slack_answers import button

PEOPLE = {"U_SAM": Linked("corp:sam", ("corp:security",))}
SIGNED = SlackChannel(
    token=Secret("xoxb-1"), channel="C0123", signing_secret=Secret("shh"), api="http://127.0.0.1:9/api"
)


async def here(work: Callable[[], Said]) -> Said:
    return work()


@asynccontextmanager
async def answering(questions: Questions, listen: str | None = None, **channels: Channel) -> AsyncIterator[Answering]:
    made = Answering(Notify(channels=channels, listen=listen), questions, PEOPLE, here, questions.clock)
    await made.begin()
    try:
        yield made
    finally:
        await made.end()


async def sent(port: int, head: list[str], body: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"POST {PATH} HTTP/1.1", "Host: hooks", "Connection: close", f"Content-Length: {len(body)}", *head]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    reply = await reader.read()
    writer.close()
    return reply.partition(b"\r\n")[0]


async def test_a_signed_request_to_the_listener_decides() -> None:
    questions = Questions(StillClock())
    questions.ask(ticket(1))
    teams = Channel(teams=TeamsChannel(url=Secret("x")))
    channels = {"a": Channel(slack=SIGNED), "b": Channel(slack=SIGNED), "c": teams}
    async with answering(questions, "127.0.0.1:0", **channels) as made:
        assert made.port is not None
        stamp, body = str(NOW // 1_000_000), urlencode({"payload": json.dumps(button())}).encode()
        signature = sign(b"shh", stamp.encode(), body).decode()
        head = [f"X-Slack-Request-Timestamp: {stamp}", f"X-Slack-Signature: {signature}"]
        assert await sent(made.port, head[:1], body) == b"HTTP/1.1 401 Unauthorized"
        assert questions.decisions == {}
        assert await sent(made.port, head, body) == b"HTTP/1.1 200 OK"
        review = questions.show(ticket(1).id)
        assert review is not None
        assert review.state is TicketState.APPROVED
    assert made.port is None


async def test_without_a_secret_nothing_listens() -> None:
    plain = SlackChannel(token=Secret("xoxb-1"), channel="C0123")
    async with answering(Questions(StillClock()), "127.0.0.1:0", a=Channel(slack=plain)) as made:
        assert made.port is None


async def test_an_address_that_is_taken_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with answering(Questions(StillClock()), address, a=Channel(slack=SIGNED)) as made:
            assert made.port is None
    assert "nobody can answer in Slack" in caplog.text


async def test_a_missing_extra_stops_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "slack_sdk.socket_mode.builtin", None)
    mode = SlackChannel(token=Secret("xoxb-1"), channel="C0123", app_token=Secret("xapp-1"))
    async with answering(Questions(StillClock()), a=Channel(slack=mode)):
        pass
    assert "nobody can answer in channel a: Socket Mode needs slack-sdk" in caplog.text
