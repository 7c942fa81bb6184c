"""The compiled answer of the policies for one kind of call: everything controls need, nothing they must look up.

Permissions add up; restrictions add up: a plan holds the limits and rules of *every* matching policy.
"""

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Final, Protocol

import msgspec

from narrows.model.approval import Condition, Requirement
from narrows.model.limits import NO_LIMITS, Limits
from narrows.model.text import Role
from narrows.model.verdict import Deny, Note


class Matcher(Protocol):
    """A compiled pattern that searches in linear time."""

    def find(self, text: str) -> tuple[int, int] | None:
        """Character offsets of the leftmost match, or None."""


class Limit(msgspec.Struct, frozen=True):
    """One policy's limit, in tokens. `observe`: recorded when passed, not enforced."""

    policy: str
    value: int
    observe: bool = False


class Action(StrEnum):
    """What a rule does with a text that matches."""

    ALLOW = "allow"
    """Lets pass; what no such rule of the policy lets pass is refused."""

    DENY = "deny"
    """Refuses."""

    FLAG = "flag"
    """Lets pass, records and counts."""

    APPROVE = "approve"
    """Lets pass once people have approved."""


class Rule(msgspec.Struct, frozen=True):
    """One prompt rule. It matches where one of its `matchers` does, or one of its `entities` is found at least as
    surely as `threshold`, or a classifier gives a label that one of `labels` (globs) covers.

    `roles` empty means every role. `history`: it looks at what the session has sent before, too. `views`: it looks at
    decoded views, too. `requirement`: what it asks people, where it asks for approval.
    """

    name: str
    policy: str
    matchers: tuple[Matcher, ...]
    message: str
    roles: frozenset[Role] = frozenset()
    observe: bool = False
    action: Action = Action.DENY
    entities: frozenset[str] = frozenset()
    threshold: float = 0.0
    labels: tuple[str, ...] = ()
    history: bool = False
    views: bool = True
    requirement: Requirement | None = None


ROW: Final = "REPLY_RULE_"
"""What the names begin with that the masking engine has for the patterns and words of rules on replies. No entity that
a policy could name is called so."""


class ReplyRule(msgspec.Struct, frozen=True):
    """One rule on replies, which denies or flags. It matches where one of its `rows` does, which are names that the
    masking engine has for its pattern and its words and no policy can name; where one of its `entities` is found at
    least as surely as `threshold`; or where a classifier gives a label that one of `labels` (globs) covers. `media`:
    its policy lets pass what can't be inspected. `shipped`: it is one of a pack's."""

    name: str
    policy: str
    action: Action
    message: str
    rows: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    threshold: float = 0.0
    observe: bool = False
    media: bool = False
    shipped: bool = False
    labels: tuple[str, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether a reply that matches goes no further; else it is noted."""
        return self.action is Action.DENY and not self.observe


class Transform(IntEnum):
    """What masking puts in a finding's place, from the mildest to the strictest."""

    PARTIAL = 1
    """Eight stars and the last four letters or digits; shorter values are redacted."""

    HASH = 2
    """The entity and a keyed hash of the value, the same for everybody."""

    TOKEN = 3
    """The entity and a keyed hash that is this caller's own. In a prompt there is a way back, which only the caller is
    given; in a reply there is none, so it is redacted."""

    REDACT = 4
    """The entity alone."""

    BLOCK = 5
    """The call is refused."""


class Mask(msgspec.Struct, frozen=True):
    """One `mask` entry of a policy.

    `entities` are names of entities, groups resolved; empty where only `fields` says what is masked. `fields` are
    JSON paths and names of members whose values are masked whatever they hold. `threshold` is the least score of a
    finding, 0 to 1; `allow` are values that are no findings. `observe`: recorded, not masked. `media`: its policy lets
    pass what can't be inspected.
    """

    name: str
    policy: str
    entities: frozenset[str]
    transform: Transform
    prompt: bool = True
    response: bool = True
    threshold: float = 0.0
    allow: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()
    observe: bool = False
    media: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What applies to calls of one (principal's clauses, connection, operation, matched model globs).

    `refusal` is set when the call may not be made at all. `policies` are the enforced ones that granted it,
    `observed` those in observe mode that took part. `notes` are the would-be refusals already known from `may`.
    `parameters` are the widening parameters the policies allow. `inspects`: some policy reads or masks prompts, so
    opaque media is refused unless `media` says allow; `media_refusers` names the policies that do not.

    `enforced` is False where only observing policies cover the call: then nothing is refused, only noted.
    `observed_parameters` is what the observing policies alone would allow, None where none took part;
    `media_watchers` are the policies that would refuse opaque media but only observe. `limits` are those on what many
    calls come to, and on cost. `approvals` are rules on the call itself that ask people; `justification` are the
    policies that permit it only with a reason, `justification_watchers` those that would but only observe.
    """

    revision: str
    policies: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    refusal: Deny | None = None
    notes: tuple[Note, ...] = ()
    parameters: frozenset[str] = frozenset()
    prompt_tokens: Sequence[Limit] = ()
    output_tokens: Sequence[Limit] = ()
    rules: Sequence[Rule] = ()
    masks: Sequence[Mask] = ()
    replies: Sequence[ReplyRule] = ()
    media: bool = False
    inspects: bool = False
    enforced: bool = True
    observed_parameters: frozenset[str] | None = None
    media_refusers: tuple[str, ...] = ()
    media_watchers: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    approvals: Sequence[Condition] = ()
    justification: tuple[str, ...] = ()
    justification_watchers: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a rule asks people, in force or only observed. Ask it once for each plan: it looks through them."""
        return bool(self.approvals) or any(rule.action is Action.APPROVE for rule in self.rules)
