"""A process's channels: built from the settings, told what the store says, replaced when the settings change."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.config.notify import Channel, HookChannel, Notify
from narrows.config.schema import Config
from narrows.model.approval import Answered, Approvers
from narrows.model.secret import Secret
from narrows.notify.outbox import PATIENCE
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.outbox import OutboxView
from narrows.stores.sqlite.ticketfile import Add, TicketFile
from narrows.wiring.notify import Notifier, _audience
from unit.stores.sqlite.records import StillClock
from unit.stores.sqlite.tickets import BODY, prepared, said, ticket
from unit.upstream.scripted import Peer, serving

SECRET = Secret("whsec_" + "A" * 32)


class Hooks:
    """A service that keeps what it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.seen: list[dict[str, Any]] = []

    async def __call__(self, peer: Peer) -> None:
        while True:
            head, _, body = (await peer.request()).partition(b"\r\n\r\n")
            if self.status == 200:
                self.seen.append({**json.loads(body), "path": head.split(b" ")[1].decode()})
            peer.send(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % self.status)

    def told(self) -> list[tuple[str, str]]:
        return [(each["type"].rpartition(".")[2], each["data"]["ticket"][-1]) for each in self.seen]


class Desk:
    """A data directory with questions in it, and who tells of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = prepared(directory)
        self.clock = StillClock()
        self.tickets = TicketFile(self.directory, load(DataDirectory(self.directory)))
        self.notifier = Notifier(self.directory, lambda: SqliteDecisions(self.directory, self.clock), self.clock)

    def ask(self, number: int) -> None:
        self.tickets.write([Add(ticket(number), BODY)])

    def decide(self, number: int, answer: Answered) -> None:
        people = SqliteDecisions(self.directory, self.clock)
        people.decide(said(number, answer=answer))
        people.close()


@asynccontextmanager
async def desk(directory: Path) -> AsyncIterator[Desk]:
    made = Desk(directory)
    try:
        yield made
    finally:
        await made.notifier.stop()
        made.tickets.close()


def config(channels: dict[str, Channel], **more: Any) -> Config:
    plain = {
        "identity": {"issuers": [{"name": "corp", "issuer": "https://idp", "audience": "n"}]},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "p", "who": {"service_accounts": ["*"]}, "may": {"connections": ["openai"], "operations": ["*"]}}
        ],
    }
    return msgspec.structs.replace(msgspec.convert(plain, Config), notify=Notify(channels=channels, **more))


def hook(url: str, **settings: Any) -> Channel:
    return Channel(webhook=HookChannel(url=url, secret=SECRET), **settings)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


async def test_a_question_and_its_end_are_told(tmp_path: Path) -> None:
    hooks = Hooks()
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        await here.notifier.settle(config({"ops": hook(f"{server.url}/a?tenant=1")}))
        await until(lambda: len(hooks.seen) == 1)
        here.decide(1, Answered.REJECT)
        await until(lambda: len(hooks.seen) == 2)
        assert hooks.told() == [("requested", "1"), ("rejected", "1")]
        assert {each["path"] for each in hooks.seen} == {"/a?tenant=1"}
        assert "export the list" not in str(hooks.seen)


async def test_an_excerpt_is_told_where_it_is_said(tmp_path: Path) -> None:
    hooks = Hooks()
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        await here.notifier.settle(config({"ops": hook(server.url, excerpt=True)}))
        await until(lambda: len(hooks.seen) == 1)
        assert hooks.seen[0]["data"]["excerpt"] == "export the list"


async def test_without_its_excerpt_a_message_goes_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks()
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        (tmp_path / "master.key").rename(tmp_path / "elsewhere")
        await here.notifier.settle(config({"ops": hook(server.url, excerpt=True)}))
        await until(lambda: len(hooks.seen) == 1)
        assert "excerpt" not in hooks.seen[0]["data"]
        assert "goes without an excerpt" in caplog.text


async def test_each_channel_is_told_what_is_its_own(tmp_path: Path) -> None:
    leads, security = Hooks(), Hooks()
    async with serving(leads) as one, serving(security) as other, desk(tmp_path) as here:
        channels = {"leads": hook(one.url, whose=("leads",)), "security": hook(other.url, whose=("security",))}
        await here.notifier.settle(config(channels))
        here.ask(1)
        await until(lambda: len(security.seen) == 1)
        assert leads.seen == []


async def test_without_channels_there_is_no_file(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        await here.notifier.settle(config({}))
        assert not (tmp_path / "outbox.db").exists()
        await here.notifier.stop()


async def test_new_settings_take_over_what_waits(tmp_path: Path) -> None:
    hooks = Hooks()
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        hooks.status = 503
        await here.notifier.settle(config({"ops": hook(server.url)}))
        view = OutboxView(tmp_path)
        await until(lambda: any(post.tries for post in view.standing().values()))
        view.close()
        await here.notifier.settle(config({}))
        hooks.status = 200
        here.clock.time += 10_000_000
        await here.notifier.settle(config({"ops": hook(server.url)}))
        await until(lambda: len(hooks.seen) == 1)
        assert hooks.told() == [("requested", "1")]


async def test_what_waits_for_a_channel_that_is_no_more_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks()
    hooks.status = 503
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        await here.notifier.settle(config({"old": hook(server.url)}))
        view = OutboxView(tmp_path)
        await until(lambda: "old" in view.standing())
        here.clock.time += PATIENCE + 1
        await here.notifier.settle(config({"new": hook(server.url)}))
        await until(lambda: bool(view.graves()))
        view.close()
        assert "1 messages are given up: their channels are no more" in caplog.text


async def test_a_channel_that_can_not_be_built_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks()
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        bad = hook("https://h.example", ca_bundle=str(tmp_path / "no.pem"))
        await here.notifier.settle(config({"bad": bad, "ops": hook(server.url)}))
        await until(lambda: len(hooks.seen) == 1)
        assert "channel bad can't be used, and its messages wait" in caplog.text
        view = OutboxView(tmp_path)
        assert view.standing()["bad"].waiting == 1
        view.close()


async def test_a_store_that_can_not_be_read_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    async with serving(hooks) as server, desk(tmp_path) as here:
        here.ask(1)
        here.tickets.close()
        (tmp_path / "approvals.db").rename(tmp_path / "kept.db")
        (tmp_path / "approvals.db").write_bytes(b"no database, whatever it is called" * 100)
        with caplog.at_level(logging.ERROR, "narrows.notify"):
            await here.notifier.settle(config({"ops": hook(server.url)}))
            await until(lambda: "can't be found now" in caplog.text)
            await asyncio.sleep(0.6)
        assert caplog.text.count("can't be found now") == 1
        assert hooks.seen == []


async def test_an_outbox_that_can_not_be_opened_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with desk(tmp_path) as here:
        (tmp_path / "outbox.db").mkdir()
        await here.notifier.settle(config({"ops": hook("http://127.0.0.1:9/")}))
        assert "nobody is told of what asks for approval" in caplog.text


async def test_a_service_elsewhere_is_not_told_without_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with desk(tmp_path) as here:
        await here.notifier.settle(config({"ops": hook("http://192.0.2.1/")}))
        assert "channel ops can't be used" in caplog.text


def test_a_channel_for_admins_is_asked_nothing_and_told_of_what_was_released_alone() -> None:
    hook = {"url": "https://x", "secret": Secret("s")}
    admins = msgspec.convert({"webhook": hook, "about": "break_glass"}, Channel)
    leads = msgspec.convert({"webhook": hook, "for": ["leads"]}, Channel)
    assert _audience(admins, ["corp"]) == Approvers()
    assert _audience(leads, ["corp"]) == Approvers(("corp:leads",))
    assert _audience(msgspec.convert({"webhook": hook}, Channel), ["corp"]) is None
