"""The settings of notifications: by which channels people are told of what asks for their approval, and who is who
there."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from narrows.config.approvals import Names
from narrows.config.setting import Name, Seconds, Setting
from narrows.model.secret import Secret

WAYS: Final = ("webhook", "slack", "teams", "mail")
"""What a channel can be; it is one of them."""


class HookChannel(Setting, frozen=True, kw_only=True):
    """A service of yours, told by a `POST` that is signed as Standard Webhooks says; any 2xx is an answer."""

    url: Annotated[str, Meta(description="Where it is told: https, or http on this machine.")]
    secret: Annotated[Secret, Meta(description="What it is signed with: `whsec_` and 24 to 64 bytes in base64.")]


class SlackChannel(Setting, frozen=True, kw_only=True):
    """A channel of Slack. With `app_token` or `signing_secret` its messages have buttons; without they only tell."""

    token: Annotated[Secret, Meta(description="The app's bot token (`xoxb-…`), with the scope `chat:write`.")]
    channel: Annotated[str, Meta(min_length=1, description="The channel's id, such as `C0123456789`.")]
    app_token: Annotated[
        Secret | None,
        Meta(
            description="Answers come over Socket Mode, so that nothing is reached from outside: the app-level token "
            "(`xapp-…`), with the scope `connections:write`. Needs `pip install narrows[slack]`."
        ),
    ] = None
    signing_secret: Annotated[
        Secret | None, Meta(description="Answers come as requests to `notify.listen`, signed with this secret.")
    ] = None
    team: Annotated[
        str | None, Meta(description="The workspace's id (`T0123456789`); users of others decide nothing.")
    ] = None
    api: Annotated[str, Meta(description="Where its API is.")] = "https://slack.com/api"


class TeamsChannel(Setting, frozen=True, kw_only=True):
    """A channel of Microsoft Teams, by a workflow "when a Teams webhook request is received"."""

    url: Annotated[Secret, Meta(description="The workflow's address: whoever knows it can post to the channel.")]


class MailChannel(Setting, frozen=True, kw_only=True):
    """Mail, by a server that takes it."""

    host: Annotated[str, Meta(min_length=1, description="The server's name.")]
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Its port; 587 with `starttls`, 465 with `implicit`, 25 with `none`."),
    ] = None
    tls: Annotated[
        Literal["starttls", "implicit", "none"],
        Meta(description="How the way there is kept private; `none` is for a server on this machine alone."),
    ] = "starttls"
    sender: Annotated[str, Meta(description="The address it is from.")] = msgspec.field(name="from")
    to: Annotated[Names, Meta(description="The addresses it goes to.")]
    user: Annotated[str | None, Meta(description="Whom to log in as; `password` belongs to it.")] = None
    password: Annotated[Secret | None, Meta(description="Their password.")] = None

    @property
    def at(self) -> int:
        """The port."""
        return self.port or {"starttls": 587, "implicit": 465, "none": 25}[self.tls]


class Channel(Setting, frozen=True, kw_only=True):
    """One channel; give one of `webhook`, `slack`, `teams` and `mail`."""

    webhook: Annotated[HookChannel | None, Meta(description="A service of yours.")] = None
    slack: Annotated[SlackChannel | None, Meta(description="A channel of Slack.")] = None
    teams: Annotated[TeamsChannel | None, Meta(description="A channel of Microsoft Teams.")] = None
    mail: Annotated[MailChannel | None, Meta(description="Mail.")] = None
    whose: Annotated[
        Names | None,
        Meta(description="It is told what is asked of these, named as in `by`; all of it, if not given."),
    ] = msgspec.field(name="for", default=None)
    about: Annotated[
        Literal["approvals", "break_glass"],
        Meta(
            description="break_glass: it is told only of calls that one person released alone, for admins. Every "
            "channel is told of those."
        ),
    ] = "approvals"
    excerpt: Annotated[
        bool,
        Meta(description="Messages show the beginning of what is asked about, masked as it would be sent."),
    ] = False
    timeout: Annotated[Seconds, Meta(description="One message may take so long.")] = 10.0
    ca_bundle: Annotated[str | None, Meta(description="PEM file of the CAs that sign its certificate.")] = None

    @property
    def way(self) -> str | None:
        """What it is; None unless it is exactly one thing."""
        given = [way for way in WAYS if getattr(self, way) is not None]
        return given[0] if len(given) == 1 else None


class Person(Setting, frozen=True, kw_only=True):
    """Who a user of a chat is: `corp:ana`."""

    identity: Annotated[
        str, Meta(description="The verified identity, `issuer:subject`; a bare subject with one issuer.")
    ]
    groups: Annotated[
        tuple[str, ...],
        Meta(description="Their groups, when they answer in the chat: it says nothing of them. Named as in `by`."),
    ] = ()
    names: Annotated[
        tuple[str, ...],
        Meta(
            description="Other names of theirs, such as a mail address, as owners of service accounts are written: "
            "they decide nothing about what those ask."
        ),
    ] = ()

    @classmethod
    def short(cls, text: str) -> dict[str, Any]:
        """Only the identity."""
        return {"identity": text}


class People(Setting, frozen=True, kw_only=True):
    """Which users of chats are which people. Who is not named here is told, and decides nothing."""

    slack: Annotated[dict[str, Person], Meta(description="By the id of the user, such as `U0123456789`.")] = (
        msgspec.field(default_factory=dict)
    )


class Notify(Setting, frozen=True, kw_only=True):
    """How people are told that their approval is asked for, and what became of it."""

    channels: Annotated[dict[Name, Channel], Meta(description="Channels by name.")] = msgspec.field(
        default_factory=dict
    )
    people: Annotated[People, Meta(description="Who is who in chats.")] = People()
    console: Annotated[
        str | None,
        Meta(description="Where people reach the console, for links; without it messages name the command."),
    ] = None
    listen: Annotated[
        str | None,
        Meta(description="Address and port for Slack's requests, where a channel has a `signing_secret`."),
    ] = None
