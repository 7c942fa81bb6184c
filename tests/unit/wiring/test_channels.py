"""Channels from their settings; what can't be built says why, and never with a secret."""

import ssl

import pytest

from narrows.config.notify import (
    Channel,
    HookChannel,
    MailChannel,
    Notify,
    People,
    Person,
    SlackChannel,
    TeamsChannel,
)
from narrows.model.secret import Secret
from narrows.notify.answers import Linked
from narrows.notify.channel import Undelivered
from narrows.notify.mail import Mail
from narrows.notify.slack import Slack
from narrows.notify.teams import Teams
from narrows.notify.webhook import Hook
from narrows.wiring.channels import Unbuildable, Way, build, linked, tls
from unit.stores.sqlite.records import StillClock
from unit.upstream.scripted import answering, serving

HOOK = HookChannel(url="https://h.example/x?a=1", secret=Secret("whsec_" + "A" * 32))
MAIL = MailChannel(host="mail.example.com", sender="n@example.com", to=("o@example.com",))
SLACK = SlackChannel(token=Secret("xoxb-1"), channel="C0123")
TEAMS = TeamsChannel(url=Secret("https://t.example/x?sig=canary"))


@pytest.mark.parametrize(
    ("channel", "kind"),
    [
        (Channel(webhook=HOOK), Hook),
        (Channel(slack=SLACK), Slack),
        (Channel(teams=TEAMS), Teams),
        (Channel(mail=MAIL), Mail),
    ],
)
def test_each_way_has_its_channel(channel: Channel, kind: type) -> None:
    built = build(channel, None, StillClock())
    assert isinstance(built, kind)
    built.close()


@pytest.mark.parametrize(
    "channel",
    [
        Channel(),
        Channel(webhook=HookChannel(url="https://h.example", secret=Secret("canary"))),
        Channel(webhook=HOOK, ca_bundle="/nowhere/ca.pem"),
        Channel(mail=MAIL, ca_bundle="/nowhere/ca.pem"),
        Channel(teams=TeamsChannel(url=Secret("http://192.0.2.1/x?sig=canary"))),
        Channel(teams=TeamsChannel(url=Secret("ftp://t.example/x?sig=canary"))),
    ],
)
def test_what_can_not_be_built_says_why(channel: Channel) -> None:
    with pytest.raises(Unbuildable) as refused:
        build(channel, None, StillClock())
    assert str(refused.value)
    assert "canary" not in str(refused.value)


async def test_a_way_tells_what_the_server_wants() -> None:
    busy = b"HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(busy)) as server:
        way = Way(server.url, Channel())
        answer = await way.post(None, (), b"{}")
        assert (answer.status, answer.retry) == (429, 7)
        way.close()
    way = Way("http://127.0.0.1:9", Channel())
    with pytest.raises(Undelivered, match="can't be reached"):
        await way.post("below", (), b"{}")
    way.close()


def test_servers_are_verified() -> None:
    context = tls(Channel(mail=MAIL))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_people_are_who_the_settings_say() -> None:
    people = {
        "U1": Person(identity="ana", groups=("security", "group:user:x")),
        "U2": Person(identity="corp:bo"),
    }
    notify = Notify(people=People(slack=people))
    assert linked(notify, ["corp"]) == {
        "U1": Linked("corp:ana", ("corp:security", "corp:user:x")),
        "U2": Linked("corp:bo"),
    }
    assert linked(notify, ["corp", "lab"]) == {"U2": Linked("corp:bo")}
