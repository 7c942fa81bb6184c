"""Channels from their settings, and the way by which each goes out."""

import ssl
from collections.abc import Mapping, Sequence
from functools import partial

from narrows.config.check_plugins import webhook_key
from narrows.config.notify import Channel as Settings
from narrows.config.notify import Notify, SlackChannel
from narrows.notify.answers import Answers, Linked
from narrows.notify.channel import Answer, Channel, Undelivered
from narrows.notify.mail import Mail
from narrows.notify.slack import Slack, SlackApi
from narrows.notify.slack_answers import Blocking, SlackAnswers
from narrows.notify.teams import Teams
from narrows.notify.webhook import Hook
from narrows.plugins.webhook import signed
from narrows.policy.asking import approvers
from narrows.policy.who import qualify
from narrows.ports.clock import Clock
from narrows.ports.http import HeaderList, UpstreamFailed
from narrows.upstream.post import ServicePost
from narrows.upstream.target import TargetInvalid
from narrows.upstream.tls import TlsUnusable


class Unbuildable(Exception):
    """A channel can't be built from its settings; the message says why."""


class Way:
    """The way to one server: over verified TLS, without redirects, one connection that is kept."""

    def __init__(self, url: str, settings: Settings) -> None:
        try:
            self._post = ServicePost(url, settings.timeout, settings.ca_bundle)
        except (TargetInvalid, TlsUnusable) as error:
            raise Unbuildable(str(error)) from None

    async def post(self, path: str | None, headers: HeaderList, body: bytes) -> Answer:
        """The answer to a POST. Raises Undelivered."""
        try:
            asked = await self._post.ask(path, headers, body)
        except UpstreamFailed as failed:
            raise Undelivered(f"can't be reached: {failed.deny.message}") from None
        after = asked.headers.get(b"retry-after", b"")
        return Answer(asked.status, asked.body, int(after) if after.isdigit() and len(after) < 9 else None)

    def close(self) -> None:
        """Ends its connection."""
        self._post.close()


def build(settings: Settings, console: str | None, clock: Clock) -> Channel:
    """The channel of its settings. Raises Unbuildable."""
    if settings.webhook is not None:
        key = webhook_key(settings.webhook.secret.reveal())
        if key is None:
            raise Unbuildable("its secret is none")
        return Hook(Way(settings.webhook.url, settings), partial(signed, key), clock, console)
    if settings.slack is not None:
        buttons = settings.slack.app_token is not None or settings.slack.signing_secret is not None
        return Slack(slack_api(settings.slack, settings), settings.slack.channel, console, buttons=buttons)
    if settings.teams is not None:
        return Teams(Way(settings.teams.url.reveal(), settings), console)
    if settings.mail is not None:
        context = None if settings.mail.tls == "none" else tls(settings)
        return Mail(settings.mail, context, console, settings.timeout)
    raise Unbuildable("it is nothing")


def slack_api(slack: SlackChannel, settings: Settings) -> SlackApi:
    """The way to Slack. Raises Unbuildable."""
    return SlackApi(Way(slack.api, settings), slack.token.reveal())


def slack_answers(slack: SlackChannel, settings: Settings, answers: Answers, blocking: Blocking) -> SlackAnswers:
    """Who answers what is pressed in a channel. Raises Unbuildable."""
    return SlackAnswers(slack_api(slack, settings), answers, blocking, slack.team)


def tls(settings: Settings) -> ssl.SSLContext:
    """What verifies a server that is no HTTP server. Raises Unbuildable."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_bundle)
    except (OSError, ssl.SSLError):
        raise Unbuildable(f"{settings.ca_bundle} is not a readable PEM file of certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def linked(notify: Notify, issuers: Sequence[str]) -> Mapping[str, Linked]:
    """Who the users of Slack are. One whose name no issuer can have is nobody."""
    found = {}
    for user, person in notify.people.slack.items():
        who = qualify(person.identity, issuers)
        if who is not None:
            found[user] = Linked(who, approvers(person.groups, issuers).groups, person.names)
    return found
