"""The settings of approvals: whom a rule asks, and rules on the call itself. Rules on prompts that ask are in `rules`.

What `mon-fri` and `09:00-18:00` mean stands in `hours`.
"""

from typing import Annotated, Final, Literal, Protocol

from msgspec import Meta

from narrows.config.limits import Mode, Tokens
from narrows.config.setting import Globs, Seconds, Setting

Names = Annotated[tuple[str, ...], Meta(min_length=1)]
By = Annotated[
    Names,
    Meta(description="Who may approve: groups (`security`, `corp:security`), people as `user:ana`, `user:corp:ana`."),
]
Needed = Annotated[int, Meta(ge=1, le=20, description="How many different people must approve.")]
Hold = Annotated[
    Seconds,
    Meta(description="So long the client is held; then it is told to send the request again. At most 10m."),
]
Expires = Annotated[Seconds, Meta(description="So long the question stands.")]
Reason = Annotated[
    Literal["optional", "required"],
    Meta(description="required: the caller must say why, in the header `Narrows-Justification`."),
]
Glass = Annotated[
    Names | None,
    Meta(description="Who may release a call alone in an emergency, with a reason that is reviewed; named as in `by`."),
]

LONGEST_HOLD: Final = 600.0
"""Seconds. Node's `fetch` gives up after 300, and few proxies wait for longer."""

PERSON: Final = "user:"
GROUP: Final = "group:"
"""Says that what follows is a group, whatever it begins with."""


class ThenSetting(Setting, frozen=True, kw_only=True):
    """Whom a rule asks, too, once nobody has decided for some time."""

    by: By
    after: Annotated[Seconds, Meta(description="So long after it was asked.")]


Then = Annotated[ThenSetting | None, Meta(description="Who may approve, too, after some time.")]


class Asking(Protocol):
    """What every rule says that asks for approval."""

    @property
    def by(self) -> tuple[str, ...]:
        """Who may approve."""

    @property
    def needed(self) -> int:
        """How many of them must."""

    @property
    def hold(self) -> float:
        """How long the client is held."""

    @property
    def expires(self) -> float:
        """How long the question stands."""

    @property
    def then(self) -> ThenSetting | None:
        """Who may, too, after some time."""

    @property
    def justification(self) -> Literal["optional", "required"]:
        """Whether the caller must say why."""

    @property
    def break_glass(self) -> tuple[str, ...] | None:
        """Who may release a call alone."""

    @property
    def message(self) -> str | None:
        """What approvers and the caller are told."""


class OutsideSetting(Setting, frozen=True, kw_only=True):
    """Working hours; outside them a condition holds. At least one of `days` and `hours`."""

    days: Annotated[
        Names | None, Meta(description="Days: `mon`, `sat`, or from one to another, `mon-fri`; all without it.")
    ] = None
    hours: Annotated[
        str | None,
        Meta(description="From when to when on those days: `09:00-18:00`, `22:00-06:00`; all day without it."),
    ] = None
    zone: Annotated[
        str | None, Meta(description="Their time zone, an IANA name; else that of the gateway's `limits`.")
    ] = None


class ConditionSetting(Setting, frozen=True, kw_only=True):
    """Calls that people must approve, whatever they say: those for which everything that is given here holds."""

    name: Annotated[str | None, Meta(description="The rule's name in messages and records.")] = None
    models: Annotated[Globs | None, Meta(description="The model is one of these, by any name it has.")] = None
    operations: Annotated[Globs | None, Meta(description="The operation is one of these.")] = None
    connections: Annotated[Globs | None, Meta(description="The connection is one of these.")] = None
    cost: Annotated[
        int | None,
        Meta(
            description="It may cost more than this: `0.50 usd`. So does what has no price.",
            extra={"unit": "amount of money"},
        ),
    ] = None
    prompt_tokens: Annotated[Tokens | None, Meta(description="The prompt is longer, in estimated tokens.")] = None
    outside: Annotated[OutsideSetting | None, Meta(description="It comes outside working hours.")] = None
    first_use: Annotated[bool, Meta(description="The identity has not used this model of this connection before.")] = (
        False
    )
    networks: Annotated[Names | None, Meta(description="It comes from one of these, such as 10.0.0.0/8.")] = None
    elsewhere: Annotated[Names | None, Meta(description="It comes from none of these networks.")] = None
    by: By
    needed: Needed = 1
    hold: Hold = 55.0
    expires: Expires = 3600.0
    then: Then = None
    justification: Reason = "optional"
    break_glass: Glass = None
    message: Annotated[str | None, Meta(description="What approvers and the caller are told.")] = None
    mode: Mode = "enforce"


CONDITIONS: Final = (
    "models", "operations", "connections", "cost", "prompt_tokens", "outside", "first_use", "networks", "elsewhere",
)  # fmt: skip
"""What a condition may be about."""
