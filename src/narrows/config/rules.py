"""The settings of rules on prompts and replies: what a rule looks for, where, and what it says."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from narrows.config.approvals import By, Expires, Glass, Hold, Needed, Reason, Then
from narrows.config.setting import Globs, Setting

RoleName = Literal["system", "user", "assistant", "tool_definition", "tool_call", "tool_result"]


class Matching(Setting, frozen=True, kw_only=True):
    """What a rule looks for: at least one of `pattern`, `words`, `entities`, `labels`, `packs`; any of them will do."""

    pattern: Annotated[str | None, Meta(description="RE2 pattern, searched anywhere in a text.")] = None
    words: Annotated[
        Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(min_length=1, max_length=1000)]
        | None,
        Meta(description="Whole words or phrases, whatever their case; longer lists are `detectors: words:`."),
    ] = None
    entities: Annotated[
        Globs | None, Meta(description="Entities, groups of them (`SECRETS`) and globs (`US_*`), as masks name them.")
    ] = None
    threshold: Annotated[float, Meta(ge=0, le=1, description="How sure an entity must be found, 0 to 1.")] = 0.5
    labels: Annotated[Globs | None, Meta(description="Labels that a classifier gives, such as `topic:finance`.")] = None
    packs: Annotated[
        Globs | None,
        Meta(description="Shipped rules: packs, `pack/rule`, or globs of either. `narrows packs list` shows them."),
    ] = None
    name: Annotated[str | None, Meta(description="The rule's name in messages and records.")] = None
    message: Annotated[str | None, Meta(description="What the caller is told.")] = None
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: record only.")] = "enforce"

    @property
    def looks_itself(self) -> bool:
        """Whether it looks for something of its own, and not only for what packs do."""
        return any(given is not None for given in (self.pattern, self.words, self.entities, self.labels))


class PromptMatch(Matching, frozen=True, kw_only=True):
    """A rule on what is sent."""

    roles: Annotated[
        tuple[RoleName, ...],
        Meta(description="Roles the rule looks at (`in:`); all by default, for `allow` those of `user`."),
    ] = msgspec.field(default=(), name="in")
    history: Annotated[
        bool, Meta(description="Look at what this session has sent before, too; by default only at what is new.")
    ] = False
    views: Annotated[
        bool, Meta(description="Look at decoded views, too: base64, hex, escapes, look-alike letters and such.")
    ] = True


class ApproveMatch(PromptMatch, frozen=True, kw_only=True):
    """A rule on what is sent that asks people: what matches goes on once they have approved."""

    by: By
    needed: Needed = 1
    hold: Hold = 55.0
    expires: Expires = 3600.0
    then: Then = None
    justification: Reason = "optional"
    break_glass: Glass = None


class ReplyMatch(Matching, frozen=True, kw_only=True):
    """A rule on what comes back. Its pattern is bounded, like those of `detectors`."""


class PromptRule(Setting, frozen=True, kw_only=True):
    """A rule on prompts: one of these."""

    allow: Annotated[
        PromptMatch | None, Meta(description="Refuse prompts that neither this nor another `allow` here matches.")
    ] = None
    deny: Annotated[PromptMatch | None, Meta(description="Refuse prompts that match.")] = None
    flag: Annotated[PromptMatch | None, Meta(description="Let prompts that match pass; record and count them.")] = None
    approve: Annotated[ApproveMatch | None, Meta(description="Hold prompts that match until people approve them.")] = (
        None
    )

    @property
    def rules(self) -> tuple[PromptMatch, ...]:
        """What is given, which is one."""
        return tuple(match for match in (self.allow, self.deny, self.flag, self.approve) if match is not None)


class ReplyRule(Setting, frozen=True, kw_only=True):
    """A rule on replies: one of these."""

    deny: Annotated[ReplyMatch | None, Meta(description="Stop a reply before what matches has left.")] = None
    flag: Annotated[ReplyMatch | None, Meta(description="Let replies that match pass; record and count them.")] = None

    @property
    def rules(self) -> tuple[ReplyMatch, ...]:
        """What is given, which is one."""
        return tuple(match for match in (self.deny, self.flag) if match is not None)
