"""The settings of limits: on one call, and on what many calls come to; and of what calls are reckoned by.

Amounts are exact integers: see `amounts`. What a text such as `5 usd / day / user` says is read here.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from narrows.config.amounts import READ, words
from narrows.config.scalars import Wrong, nearest
from narrows.config.setting import Globs, Seconds, Setting
from narrows.model.limits import Per, Scope, Unit

Tokens = Annotated[int, Meta(gt=0)]
Mode = Annotated[Literal["enforce", "observe"], Meta(description="observe: record only.")]
Count = Annotated[int, Meta(gt=0)]
Price = Annotated[int, Meta(extra={"unit": "price"})]
Dollars = Annotated[int, Meta(extra={"unit": "sum in dollars"})]
Weight = Annotated[int, Meta(extra={"unit": "weight"})]
Unpriced = Annotated[
    Literal["refuse", "allow"],
    Meta(description="A model without a price: refused, or it passes and counts as free. For limits in usd."),
]

ROLLING: Final = "rolling"
BUDGET_FORM: Final = "AMOUNT UNIT / PERIOD / SCOPE"
BUDGET_LIKE: Final = "write it as `5 usd / day / user`"
RATE_LIKE: Final = "write it as `60 / minute`"


class RatePeriod(StrEnum):
    """The stretch of time of a rate."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def micros(self) -> int:
        """How long it is, in microseconds."""
        return {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}[self.value] * 1_000_000


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a unit: millionths of a dollar or of a compute unit, tokens, calls."""

    count: Count
    unit: Unit


class BudgetSetting(Setting, frozen=True, kw_only=True):
    """A budget: a text such as `5 usd / day / user`, or these."""

    limit: Annotated[Amount, Meta(description="How much, of which unit: `5 usd`.", extra={"unit": "amount"})]
    per: Annotated[Per, Meta(description="The period.")]
    scope: Annotated[Scope, Meta(description="Whose calls are summed: each of these has its own sum.")]
    rolling: Annotated[bool, Meta(description="The period ends now, instead of with the calendar.")] = False
    zone: Annotated[
        str | None, Meta(description="Time zone of the calendar, an IANA name; else that of the gateway's `limits`.")
    ] = None
    soft: Annotated[
        int | None,
        Meta(description="From this share of it on, an event is raised: `80%`.", extra={"unit": "percentage"}),
    ] = None
    unpriced: Unpriced = "refuse"
    mode: Mode = "enforce"

    @classmethod
    def short(cls, text: str) -> dict[str, Any]:
        """`AMOUNT UNIT / [rolling] PERIOD / SCOPE`. Raises Wrong."""
        parts = [part.strip() for part in text.split("/")]
        if len(parts) != 3 or not all(parts):
            hint = f"{BUDGET_LIKE}; say whose it is, such as `user`" if len(parts) == 2 else BUDGET_LIKE
            raise Wrong(f"expected a budget, `{BUDGET_FORM}`", hint)
        period = words(parts[1])
        rolling = period.startswith(f"{ROLLING} ")
        return {
            "limit": READ["amount"](parts[0]),
            "per": _named("period", period.removeprefix(f"{ROLLING} "), Per),
            "scope": _named("scope", words(parts[2]), Scope),
            "rolling": rolling,
        }


class RateSetting(Setting, frozen=True, kw_only=True):
    """A rate: a text such as `60 / minute`, or these."""

    limit: Annotated[Count, Meta(description="How many.")]
    per: Annotated[RatePeriod, Meta(description="In any stretch of time of this length.")]
    mode: Mode = "enforce"

    @classmethod
    def short(cls, text: str) -> dict[str, Any]:
        """`COUNT / PERIOD`. Raises Wrong."""
        parts = [part.strip() for part in text.split("/")]
        if len(parts) != 2 or not all(parts):
            raise Wrong("expected a rate, `COUNT / PERIOD`", RATE_LIKE)
        return {"limit": READ["count"](parts[0]), "per": _named("period", words(parts[1]), RatePeriod)}


class CostSetting(Setting, frozen=True, kw_only=True):
    """The most that one call may cost: a text such as `0.50 usd`, or these."""

    limit: Annotated[int, Meta(description="How much: `0.50 usd`.", extra={"unit": "amount of money"})]
    unpriced: Unpriced = "refuse"
    mode: Mode = "enforce"

    @classmethod
    def short(cls, text: str) -> dict[str, Any]:
        """`AMOUNT usd`. Raises Wrong."""
        return {"limit": READ["amount of money"](text)}


class ConcurrentSetting(Setting, frozen=True, kw_only=True):
    """What one identity may have going on at the same time."""

    calls: Annotated[Count | None, Meta(description="Calls that run at once.")] = None
    agents: Annotated[
        Count | None, Meta(description="Agents that are active: that run a call, or began one within `window`.")
    ] = None
    window: Annotated[Seconds, Meta(description="So long an agent counts as active after it began a call.")] = 300.0


class SharedLimits(Setting, frozen=True, kw_only=True):
    """The limits that a policy and the gateway itself may have."""

    budgets: Annotated[
        tuple[BudgetSetting, ...], Meta(description="Sums over a period: `5 usd / day / user`. All must have room.")
    ] = ()
    calls: Annotated[
        tuple[RateSetting, ...],
        Meta(description="Rates of calls of one identity: `60 / minute`.", extra={"lone": True}),
    ] = ()
    tokens: Annotated[
        tuple[RateSetting, ...],
        Meta(description="Rates of tokens of one identity: `100000 / minute`.", extra={"lone": True}),
    ] = ()
    concurrent: Annotated[
        ConcurrentSetting | None, Meta(description="Calls at once and active agents of one identity.")
    ] = None
    agents: Annotated[
        Literal["any", "declared"],
        Meta(description="declared: a call that does not name its agent (`Narrows-Agent`) is refused."),
    ] = "any"
    max_cost: Annotated[CostSetting | None, Meta(description="The most that one call may cost: `0.50 usd`.")] = None
    mode: Mode = "enforce"


class Limits(SharedLimits, frozen=True, kw_only=True):
    """Limits on one call, and on what many come to."""

    prompt_tokens: Annotated[Tokens | None, Meta(description="Longest prompt, in estimated tokens.")] = None
    output_tokens: Annotated[Tokens | None, Meta(description="Longest reply, in tokens, all choices together.")] = None


class EndUserSetting(Setting, frozen=True, kw_only=True):
    """A request header that names the person for whom a service asks."""

    header: Annotated[str, Meta(description="The header's name.")]
    trusted: Annotated[Globs, Meta(description="Service accounts, as globs, whose header is believed.")] = (
        msgspec.field(name="from")
    )


class GatewayLimits(SharedLimits, frozen=True, kw_only=True):
    """Limits of the whole gateway: they apply to every call, whatever policy permits it."""

    zone: Annotated[
        str, Meta(description="Time zone of calendar periods, an IANA name; policies' budgets use it, too.")
    ] = "UTC"
    unknown: Annotated[
        Seconds, Meta(description="A call whose outcome nobody knows counts as the most it can have cost after this.")
    ] = 900.0
    end_user: Annotated[EndUserSetting | None, Meta(description="Beside `user` and `metadata.user_id` of bodies.")] = (
        None
    )


class ModelPrice(Setting, frozen=True, kw_only=True):
    """What models cost you here, in place of the shipped table: the first entry that matches counts."""

    models: Annotated[Globs, Meta(description="Globs of the upstream's model names.")]
    input: Annotated[Price, Meta(description="Dollars per million prompt tokens.")]
    output: Annotated[Price, Meta(description="Dollars per million output tokens, reasoning included.")]
    cached: Annotated[Price | None, Meta(description="Prompt tokens read from a cache; else as `input`.")] = None
    cache_write: Annotated[Price | None, Meta(description="Prompt tokens written to a cache; else as `input`.")] = None
    cache_write_long: Annotated[
        Price | None, Meta(description="Prompt tokens written to a cache to stay for an hour; else as `cache_write`.")
    ] = None
    audio_input: Annotated[Price | None, Meta(description="Audio tokens of the prompt; else as `input`.")] = None
    audio_output: Annotated[Price | None, Meta(description="Audio tokens of the reply; else as `output`.")] = None
    call: Annotated[Dollars, Meta(description="Dollars for each call.")] = 0
    tools: Annotated[
        Dollars | None, Meta(description="The most that tools the provider runs may cost in one call, in dollars.")
    ] = None


class ComputeWeight(Setting, frozen=True, kw_only=True):
    """Compute units that models use up here: the first entry that matches counts."""

    models: Annotated[Globs, Meta(description="Globs of the upstream's model names.")]
    prompt_token: Annotated[Weight, Meta(description="Units for each prompt token.")] = 0
    output_token: Annotated[Weight, Meta(description="Units for each output token.")] = 0
    second: Annotated[Weight, Meta(description="Units for each second of the upstream's time.")] = 0


def _named(what: str, written: str, names: type[StrEnum]) -> str:
    """The one of `names` that is written. Raises Wrong."""
    known = [name.value for name in names]
    if written in known:
        return written
    raise Wrong(f"there is no {what} `{written}`; there are {', '.join(known)}", nearest(written, known))
