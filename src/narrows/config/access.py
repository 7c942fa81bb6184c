"""The settings of access that is given for a time, and of what every credential of a program must have."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from narrows.config.approvals import By, Expires, Needed
from narrows.config.exchange import Accounts, Exchange, Reach
from narrows.config.scalars import Wrong
from narrows.config.setting import Name, Setting
from narrows.config.who import Who

LONGEST: Final = 30 * 86_400.0
"""Seconds that access may be given for at most."""

ITSELF: Final = "rule"
"""What stands in place of those who approve: the rule does."""


class ApproveSetting(Setting, frozen=True, kw_only=True):
    """Who approves: the text `rule`, and nobody is asked; or these people."""

    rule: Annotated[bool, Meta(description="The rule itself approves: `approve: rule`, written out.")] = False
    by: By | None = None
    needed: Needed = 1

    @classmethod
    def short(cls, text: str) -> dict[str, Any]:
        """`rule`. Raises Wrong."""
        if text.strip() != ITSELF:
            raise Wrong(f"expected `{ITSELF}`, or a section with `by`", "approve: {by: [security]}")
        return {"rule": True}


class AccessRule(Setting, frozen=True, kw_only=True):
    """Access that may be asked for, by whom, and who approves it."""

    name: Annotated[Name, Meta(description="Its name in messages and records.")]
    who: Annotated[Who, Meta(description="Who may ask.")]
    may: Annotated[
        Reach,
        Meta(description="What may be asked for at most. Whoever has access needs a policy that permits it, too."),
    ]
    longest: Annotated[
        float,
        Meta(gt=0, le=LONGEST, description="How long access may last at most.", extra={"unit": "duration"}),
    ] = 28_800.0
    approve: Annotated[ApproveSetting, Meta(description="Who approves; `rule`: nobody is asked.")]
    expires: Expires = 28_800.0
    bind: Annotated[
        tuple[Literal["network", "certificate"], ...],
        Meta(
            description="What tokens are bound to. network: the first network they are used from (an IPv4 address, or "
            "the /64 of an IPv6 one); certificate: a client certificate, which whoever asks must give."
        ),
    ] = ()
    message: Annotated[str | None, Meta(description="What approvers, and whoever asks, are told.")] = None


class Access(Setting, frozen=True, kw_only=True):
    """Access that ends by itself."""

    rules: Annotated[
        tuple[AccessRule, ...], Meta(description="What people may ask for, the first rule that fits first.")
    ] = ()
    exchange: Annotated[
        tuple[Exchange, ...],
        Meta(description="Whose tokens workloads exchange for one of Narrows, the first rule first."),
    ] = ()
    accounts: Annotated[Accounts, Meta(description="What every service account must have.")] = Accounts()
