"""Channels that nobody could be told by, or that would tell others, are problems with a key; so are people who can't
be anyone."""

from typing import Any

import msgspec
import pytest

from narrows.config.check import check
from narrows.config.problem import Problem
from narrows.config.schema import Config

SECRET = "whsec_" + "A" * 32
HOOK = {"url": "https://hooks.example.com/x?tenant=1", "secret": SECRET}
SLACK = {"token": "xoxb-1", "channel": "C0123456789"}
TEAMS = {"url": "https://prod.example.com/workflows/1?sig=abc"}
MAIL = {"host": "mail.example.com", "from": "narrows@example.com", "to": ["oncall@example.com"]}


def checked(notify: dict[str, Any], issuers: tuple[str, ...] = ("corp",)) -> tuple[list[Problem], list[Problem]]:
    plain = {
        "notify": notify,
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "p", "who": {"service_accounts": ["*"]}, "may": {"connections": ["openai"], "operations": ["*"]}}
        ],
    }
    problems, warnings = check(msgspec.convert(plain, Config, dec_hook=lambda kind, text: kind(text)))
    return problems, [warning for warning in warnings if warning.key.startswith("notify")]


def told(notify: dict[str, Any], issuers: tuple[str, ...] = ("corp",)) -> list[tuple[str, str]]:
    return [(each.key.removeprefix("notify."), each.message) for each in checked(notify, issuers)[0]]


def channel(**settings: Any) -> list[tuple[str, str]]:
    return [(key.removeprefix("channels.c"), said) for key, said in told({"channels": {"c": settings}})]


def test_what_is_fine_is_fine() -> None:
    channels = {
        "hook": {"webhook": HOOK, "for": ["security", "user:ana", "group:user:x"]},
        "here": {"webhook": {**HOOK, "url": "http://127.0.0.1:9/x"}},
        "chat": {"slack": {**SLACK, "app_token": "xapp-1", "team": "T0123"}, "excerpt": True},
        "asked": {"slack": {**SLACK, "signing_secret": "abc"}},
        "teams": {"teams": TEAMS},
        "mail": {"mail": {**MAIL, "user": "n", "password": "p"}},
        "local": {"mail": {**MAIL, "host": "127.0.0.1", "tls": "none"}},
    }
    people = {"slack": {"U0123": {"identity": "corp:ana", "groups": ["security", "corp:leads"]}}}
    notify = {"channels": channels, "people": people, "listen": "127.0.0.1:0", "console": "https://n.example.com"}
    assert checked(notify) == ([], [])


def test_a_channel_is_exactly_one_thing() -> None:
    assert channel() == [("", "is nothing")]
    assert channel(teams=TEAMS, mail=MAIL) == [("", "is teams and mail")]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"webhook": {**HOOK, "url": "http://hooks.example.com/x"}}, ".webhook.url"),
        ({"webhook": {**HOOK, "url": "HTTP://hooks.example.com/x"}}, ".webhook.url"),
        ({"webhook": {**HOOK, "url": "http://localhost.example.com/x"}}, ".webhook.url"),
        ({"webhook": {**HOOK, "secret": "whsec_short"}}, ".webhook.secret"),
        ({"teams": {"url": "http://example.com/x"}}, ".teams.url"),
        ({"slack": {**SLACK, "api": "http://slack.example.com"}}, ".slack.api"),
        ({"slack": {**SLACK, "channel": "#general"}}, ".slack.channel"),
        ({"slack": {**SLACK, "team": "acme"}}, ".slack.team"),
        ({"slack": {**SLACK, "token": ""}}, ".slack.token"),
        ({"slack": {**SLACK, "token": "a\nb"}}, ".slack.token"),
        ({"mail": {**MAIL, "tls": "none"}}, ".mail.tls"),
        ({"mail": {**MAIL, "user": "n"}}, ".mail"),
        ({"mail": {**MAIL, "host": "no host"}}, ".mail.host"),
        ({"mail": {**MAIL, "from": "Ana <ana@example.com>"}}, ".mail.from"),
        ({"mail": {**MAIL, "to": ["oncall@example.com", "a@b\r\nBcc: c@d"]}}, ".mail.to[1]"),
        ({"teams": TEAMS, "for": ["*"]}, ".for[0]"),
        ({"teams": TEAMS, "for": ["user:"]}, ".for[0]"),
    ],
)
def test_what_would_tell_nobody_or_others_is_a_problem(settings: dict[str, Any], key: str) -> None:
    assert [found for found, _ in channel(**settings)] == [key]


def test_no_message_holds_a_secret() -> None:
    said = str(checked({"channels": {"c": {"teams": {"url": "http://example.com/x?sig=canary"}}}}))
    assert "plain http" in said
    assert "canary" not in said


def test_answers_come_one_way() -> None:
    slack = {**SLACK, "app_token": "xapp-1", "signing_secret": "s"}
    notify = {"channels": {"c": {"slack": slack}}, "people": {"slack": {"U0123": {"identity": "ana"}}}}
    assert told(notify) == [("channels.c.slack", "gives `app_token` and `signing_secret`")]


def test_signed_requests_need_an_address_to_come_to() -> None:
    notify = {"channels": {"c": {"slack": {**SLACK, "signing_secret": "s"}}}}
    assert told(notify) == [("listen", "is missing: channel c has a `signing_secret`")]


def test_buttons_that_nobody_may_press_are_a_warning() -> None:
    _, warnings = checked({"channels": {"c": {"slack": {**SLACK, "app_token": "xapp-1"}}}})
    assert [(each.key, each.message) for each in warnings] == [
        ("notify.channels.c.slack", "has buttons, and no user of Slack is anybody here")
    ]


@pytest.mark.parametrize(
    ("user", "person", "key"),
    [
        ("ana", {"identity": "corp:ana"}, "people.slack.ana"),
        ("U0123", {"identity": "corp:"}, "people.slack.U0123.identity"),
        ("U0123", {"identity": "*"}, "people.slack.U0123.identity"),
        ("U0123", {"identity": "corp:ana", "groups": ["a", ""]}, "people.slack.U0123.groups[1]"),
    ],
)
def test_who_can_be_nobody_is_a_problem(user: str, person: dict[str, Any], key: str) -> None:
    assert [found for found, _ in told({"people": {"slack": {user: person}}})] == [key]


def test_names_are_full_where_there_are_several_issuers() -> None:
    people = {"slack": {"U0123": {"identity": "ana", "groups": ["corp:a", "leads"]}}}
    found = told({"people": people}, ("corp", "lab"))
    assert [key for key, _ in found] == ["people.slack.U0123.identity", "people.slack.U0123.groups[1]"]
    assert [said for _, said in told({"people": people}, ())] == ["can't be anyone: no issuer is configured"] * 3
