"""A question in Slack from end to end: asked, answered with a button, changed; over Socket Mode and by signed requests,
before a store of a gate, and with a Slack that is down."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from e2e.notify.slack_server import SlackServer, slack_server
from narrows.config.notify import Channel, Notify, People, Person, SlackChannel
from narrows.model.approval import Review, TicketState
from narrows.model.secret import Secret
from narrows.notify.slack_requests import PATH, sign
from narrows.stores.sqlite.decisions import SqliteDecisions
from unit.notify.test_slack_answers import button, submission
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.tickets import said, ticket
from unit.wiring.test_notify import Desk, config, desk, until

PEOPLE = People(slack={"U_SAM": Person(identity="corp:sam", groups=("security",)), "U_ALICE": Person(identity="alice")})
ID = ticket(1).id


@asynccontextmanager
async def telling(directory: Path, slack: SlackServer, **settings: Any) -> AsyncIterator[Desk]:
    """One question, one channel, and Sam, who may decide, and Alice, who asks."""
    channel = SlackChannel(token=Secret("xoxb-1"), channel="C0123", api=slack.api, **settings)
    async with desk(directory) as made:
        made.ask(1)
        notify = Notify(channels={"chat": Channel(slack=channel)}, people=PEOPLE, listen="127.0.0.1:0")
        await made.notifier.settle(msgspec.structs.replace(config({}), notify=notify))
        yield made


def review(here: Desk) -> Review:
    with closing(SqliteDecisions(here.directory, here.clock)) as decisions:
        found = decisions.show(ID)
    assert found is not None
    return found


def decided(here: Desk, state: TicketState) -> Callable[[], bool]:
    return lambda: review(here).state is state


async def test_a_button_decides_over_socket_mode(tmp_path: Path) -> None:
    async with slack_server() as slack, telling(tmp_path, slack, app_token=Secret("xapp-1")) as here:
        await until(lambda: bool(slack.of("chat.postMessage")))
        assert "narrows_approve" in json.dumps(slack.of("chat.postMessage")[0])
        await asyncio.wait_for(slack.connected.wait(), 10)
        # Whoever asks decides nothing, nor does anybody who is not linked.
        for number, user in enumerate(("U_ALICE", "U_EVE")):
            assert (await slack.push(f"e{number}", button(user=user)))["envelope_id"] == f"e{number}"
        await until(lambda: len(slack.of("chat.postEphemeral")) == 2)
        assert review(here).state is TicketState.PENDING
        await slack.push("e3", button())
        await until(lambda: bool(slack.of("chat.update")))
        found = review(here)
        assert found.state is TicketState.APPROVED
        (decision,) = found.decisions
        assert (decision.who, decision.groups) == ("corp:sam", ("corp:security",))
        (update,) = slack.of("chat.update")
        posted = next(number for number, (method, _, _) in enumerate(slack.calls, 1) if method == "chat.postMessage")
        assert (update["channel"], update["ts"]) == ("C0123", f"{posted}.5")
        assert "narrows_approve" not in json.dumps(update)
        tokens = {method: token for method, _, token in slack.calls}
        assert tokens["apps.connections.open"] == "Bearer xapp-1"
        assert tokens["chat.update"] == "Bearer xoxb-1"


async def test_a_rejection_asks_why_over_socket_mode(tmp_path: Path) -> None:
    async with slack_server() as slack, telling(tmp_path, slack, app_token=Secret("xapp-1")) as here:
        await asyncio.wait_for(slack.connected.wait(), 10)
        await slack.push("e1", button("narrows_reject"))
        await until(lambda: bool(slack.of("views.open")))
        assert review(here).state is TicketState.PENDING
        answer = await slack.push("e2", submission("not on a Friday"))
        assert not answer.get("payload")
        assert review(here).decisions[0].reason == "not on a Friday"
        answer = await slack.push("e3", submission("again"))
        assert answer["payload"]["response_action"] == "errors"


async def test_a_signed_request_decides(tmp_path: Path) -> None:
    async with slack_server() as slack, telling(tmp_path, slack, signing_secret=Secret("shh")) as here:
        port = here.notifier.port
        assert port is not None
        body = urlencode({"payload": json.dumps(button())}).encode()
        stamp = str(NOW // 1_000_000)
        signature = sign(b"shh", stamp.encode(), body).decode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = [f"POST {PATH} HTTP/1.1", "Host: n", f"Content-Length: {len(body)}", "Connection: close"]
        head += [f"X-Slack-Request-Timestamp: {stamp}", f"X-Slack-Signature: {signature}", "", ""]
        writer.write("\r\n".join(head).encode() + body)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await until(decided(here, TicketState.APPROVED))


async def test_a_slack_that_is_down_delays_a_message_and_no_decision(tmp_path: Path) -> None:
    async with slack_server() as slack:
        slack.down = True
        async with telling(tmp_path, slack) as here:
            await asyncio.sleep(0.2)
            with closing(SqliteDecisions(here.directory, here.clock)) as decisions:
                assert decisions.decide(said(1)).state is TicketState.APPROVED
            await asyncio.sleep(0.8)
            assert slack.calls == []
            slack.down = False
            here.clock.time += 10_000_000
            await here.notifier.settle(config({}))
            channel = SlackChannel(token=Secret("xoxb-1"), channel="C0123", api=slack.api)
            await here.notifier.settle(config({"chat": Channel(slack=channel)}))
            await until(lambda: len(slack.calls) == 2)
            assert [method for method, _, _ in slack.calls] == ["chat.postMessage", "chat.update"]
            assert slack.of("chat.update")[0]["ts"] == "1.5"
