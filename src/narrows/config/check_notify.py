"""The cross-checks of notifications: that every channel is one thing, reached privately, and that everyone who is named
can be somebody."""

import re
from email.errors import MessageError
from email.headerregistry import Address
from typing import Final
from urllib.parse import urlsplit

from narrows.config.approvals import GROUP, PERSON
from narrows.config.check_plugins import LEAST_KEY, MOST_KEY, is_here, webhook_key
from narrows.config.forms import host_name, listen_address, network, url
from narrows.config.notify import WAYS, Channel, MailChannel, SlackChannel
from narrows.config.problem import Findings
from narrows.config.schema import Config

_SLACK_ID: Final = re.compile(r"[A-Z][A-Z0-9]{2,31}\Z")
_HERE: Final = ("127.0.0.1", "localhost", "::1")


class NotifyChecks(Findings):
    """One run over a configuration; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._notify = config.notify
        self._issuers = config.identity.people

    def run(self) -> None:
        """Checks every channel and every person."""
        notify = self._notify
        for name, channel in notify.channels.items():
            self._channel(f"notify.channels.{name}", channel)
        for user, person in notify.people.slack.items():
            here = f"notify.people.slack.{user}"
            if not _SLACK_ID.match(user):
                self._problem(here, "is no id of a user of Slack", "it is in their profile: U0123456789")
            self._name(f"{here}.identity", person.identity)
            for index, group in enumerate(person.groups):
                self._name(f"{here}.groups[{index}]", group.removeprefix(GROUP))
        if notify.console is not None:
            self._address("notify.console", notify.console, "links that people follow")
        if notify.listen is not None:
            self._form("notify.listen", listen_address(notify.listen))
        asked = [name for name, each in notify.channels.items() if each.slack is not None and _by_request(each.slack)]
        if asked and notify.listen is None:
            hint = "set it, or use Socket Mode with `app_token`"
            self._problem("notify.listen", f"is missing: channel {asked[0]} has a `signing_secret`", hint)

    def _channel(self, key: str, channel: Channel) -> None:
        given = [way for way in WAYS if getattr(channel, way) is not None]
        if len(given) != 1:
            said = f"is {' and '.join(given)}" if given else "is nothing"
            self._problem(key, said, f"give one of {', '.join(WAYS)}")
        if channel.about == "break_glass" and channel.whose is not None:
            hint = "it is told of every call that was released alone; remove one of them"
            self._problem(f"{key}.for", "has no meaning with `about: break_glass`", hint)
        for index, name in enumerate(channel.whose or ()):
            bare = name.removeprefix(PERSON) if name.startswith(PERSON) else name.removeprefix(GROUP)
            self._name(f"{key}.for[{index}]", bare)
        hook, slack, teams, mail = channel.webhook, channel.slack, channel.teams, channel.mail
        if hook is not None:
            self._address(f"{key}.webhook.url", hook.url, "messages", query=True)
            if webhook_key(hook.secret.reveal()) is None:
                hint = "make one with: echo whsec_$(openssl rand -base64 32)"
                self._problem(
                    f"{key}.webhook.secret", f"is not `whsec_` and {LEAST_KEY} to {MOST_KEY} bytes in base64", hint
                )
        if slack is not None:
            self._slack(f"{key}.slack", slack)
        if teams is not None:
            self._address(f"{key}.teams.url", teams.url.reveal(), "messages", query=True)
        if mail is not None:
            self._mail(f"{key}.mail", mail)

    def _slack(self, key: str, slack: SlackChannel) -> None:
        self._address(f"{key}.api", slack.api, "the token")
        if not _SLACK_ID.match(slack.channel):
            self._problem(
                f"{key}.channel", "is no id of a channel", "it is at the end of the channel's details: C0123456789"
            )
        if slack.team is not None and not _SLACK_ID.match(slack.team):
            self._problem(f"{key}.team", "is no id of a workspace, such as T0123456789")
        if slack.app_token is not None and slack.signing_secret is not None:
            self._problem(key, "gives `app_token` and `signing_secret`", "answers come one way: give one of them")
        for name in ("token", "app_token", "signing_secret"):
            secret = getattr(slack, name)
            if secret is not None and not _plain(secret.reveal()):
                self._problem(f"{key}.{name}", "is empty, or holds what no token holds")
        if (slack.app_token or slack.signing_secret) and not self._notify.people.slack:
            hint = "name them under notify.people.slack, or remove the secret: then messages have no buttons"
            self._warning(key, "has buttons, and no user of Slack is anybody here", hint)

    def _mail(self, key: str, mail: MailChannel) -> None:
        if host_name(mail.host) is not None and network(mail.host) is not None:
            self._problem(f"{key}.host", "is no host name or address")
        if mail.tls == "none" and mail.host not in _HERE:
            self._problem(f"{key}.tls", "`none` is for a server on this machine alone", "use starttls")
        if (mail.user is None) != (mail.password is None):
            self._problem(key, "`user` and `password` belong together")
        for name, address in (("from", mail.sender), *((f"to[{index}]", each) for index, each in enumerate(mail.to))):
            if not _mailbox(address):
                self._problem(f"{key}.{name}", "is no mail address, such as oncall@example.com")

    def _name(self, key: str, name: str) -> None:
        issuer, colon, rest = name.partition(":")
        if not name or name != name.strip() or not name.isprintable() or (colon and not rest) or "*" in name:
            self._problem(key, "names nobody", "names are exact, without `*`")
        elif not self._issuers:
            self._problem(key, "can't be anyone: no issuer is configured", "add one under identity.issuers")
        elif len(self._issuers) > 1 and not (colon and issuer in self._issuers):
            self._problem(key, "with several issuers a name is `issuer:name`", f"issuers: {', '.join(self._issuers)}")

    def _address(self, key: str, address: str, sent: str, *, query: bool = False) -> None:
        wrong = url(address, query=query)
        if wrong is not None:
            self._problem(key, wrong)
        elif urlsplit(address).scheme == "http" and not is_here(address):
            self._problem(key, f"is plain http, and what is sent are {sent}", "use https")


def _by_request(slack: SlackChannel) -> bool:
    return slack.signing_secret is not None and slack.app_token is None


def _plain(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def _mailbox(text: str) -> bool:
    """Whether it is one address, without a name around it."""
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    return bool(address.username) and host_name(address.domain) is None and text.isascii()
