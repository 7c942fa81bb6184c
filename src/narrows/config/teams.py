"""The settings of teams: who manages a team's policies, what these can permit at most, and what holds for all of them.

The policies themselves are no settings: they are kept in the store, as changes that people made (`model.change`).
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from narrows.config.approvals import ConditionSetting
from narrows.config.limits import Limits
from narrows.config.policies import Mask, May, Policy
from narrows.config.rules import PromptRule, ReplyRule
from narrows.config.setting import Name, Setting
from narrows.config.who import Who

Members = Annotated[
    tuple[str, ...],
    Meta(description="Groups (`leads`, `corp:leads`) and people (`user:ana`, `user:corp:ana`), by exact names."),
]


class Bounds(Setting, frozen=True, kw_only=True):
    """What a team's policies can be about and permit at most. What is outside is not permitted by any of them."""

    who: Annotated[Who, Meta(description="Whom they can be about.")]
    may: Annotated[May, Meta(description="What they can permit.")]


class Team(Setting, frozen=True, kw_only=True):
    """A team that manages policies of its own. Its limits, rules and masks hold for every call that one of these
    permits, beside what the policy itself says."""

    name: Annotated[Name, Meta(description="Its name; its policies are recorded as `NAME/POLICY`.")]
    admins: Annotated[Members, Meta(description="Who manages its policies.")] = ()
    approvers: Annotated[
        Members, Meta(description="Who approves, with the admins, what waits for a second person.")
    ] = ()
    auditors: Annotated[Members, Meta(description="Who sees its policies and their changes.")] = ()
    bounds: Annotated[Bounds, Meta(description="What its policies can be about and permit at most.")]
    limits: Annotated[Limits, Meta(description="Limits on the calls that its policies permit.")] = Limits()
    prompts: Annotated[tuple[PromptRule, ...], Meta(description="Rules on prompts of these.")] = ()
    responses: Annotated[tuple[ReplyRule, ...], Meta(description="Rules on replies to these.")] = ()
    approvals: Annotated[
        tuple[ConditionSetting, ...], Meta(description="Which of these people must approve, whatever they say.")
    ] = ()
    mask: Annotated[tuple[Mask, ...], Meta(description="What is masked in their prompts and replies.")] = ()

    @property
    def guard(self) -> Policy:
        """All that the organisation says of the team, in the form of a policy. It permits nothing by itself: what it
        `may` is what the team's policies can, at most."""
        return Policy(
            name=f"{GUARD}{self.name}",
            who=self.bounds.who,
            may=self.bounds.may,
            limits=self.limits,
            prompts=self.prompts,
            responses=self.responses,
            approvals=self.approvals,
            mask=self.mask,
        )


GUARD = "team:"
"""Begins the name of what holds for a team as a whole. No policy of a file can be called so."""

OWNED = "/"
"""Stands in the name of a team's policy between the two; no policy of a file has one in its name."""


def is_guard(policy: str) -> bool:
    """Whether what has this name is not a policy but holds for those of a team."""
    return policy.startswith(GUARD)


def team_of(policy: str) -> str | None:
    """The team whose policy this is; None: it is one of the file."""
    team, slash, _ = policy.partition(OWNED)
    return team if slash else None


def owned(team: str, policy: Policy) -> Policy:
    """A team's policy under the name that it has among all policies."""
    return msgspec.structs.replace(policy, name=f"{team}{OWNED}{policy.name}")
