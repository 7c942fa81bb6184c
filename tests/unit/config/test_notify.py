"""The settings of notifications: short forms, ports, and what exactly one thing means."""

from typing import Any

import msgspec
import pytest

from narrows.config.notify import Channel, MailChannel, Person
from narrows.model.secret import Secret


def converted(plain: dict[str, Any], kind: Any) -> Any:
    return msgspec.convert(plain, kind, dec_hook=lambda wanted, text: wanted(text))


def test_a_person_may_be_one_text() -> None:
    assert msgspec.convert(Person.short("corp:ana"), Person) == Person(identity="corp:ana")


@pytest.mark.parametrize(
    ("plain", "port"),
    [({}, 587), ({"tls": "implicit"}, 465), ({"tls": "none"}, 25), ({"tls": "none", "port": 2525}, 2525)],
)
def test_the_port_follows_from_the_way(plain: dict[str, Any], port: int) -> None:
    mail = converted(
        {"host": "mail.example.com", "from": "n@example.com", "to": ["o@example.com"], **plain}, MailChannel
    )
    assert mail.at == port


def test_a_channel_is_one_thing() -> None:
    teams = {"url": "https://example.com/x?sig=y"}
    mail = {"host": "mail.example.com", "from": "n@example.com", "to": ["o@example.com"]}
    assert converted({"teams": teams}, Channel).way == "teams"
    assert converted({}, Channel).way is None
    assert converted({"teams": teams, "mail": mail}, Channel).way is None


def test_what_lets_somebody_in_is_secret() -> None:
    slack = {"token": "xoxb-1", "channel": "C0123", "app_token": "xapp-1", "signing_secret": "s"}
    channel = converted({"slack": slack, "teams": {"url": "https://example.com/x?sig=y"}}, Channel)
    assert isinstance(channel.teams.url, Secret)
    assert not [secret for secret in ("xoxb", "xapp", "sig=") if secret in repr(channel)]
