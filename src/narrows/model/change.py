"""Changes that people make to what a team manages: what was proposed, by whom, and what others said of it.

Nothing is ever overwritten: what is in force is the last change that took effect. Times are Unix time in microseconds.
"""

from enum import StrEnum

import msgspec

from narrows.model.approval import Approvers


class ChangeKind(StrEnum):
    """What is changed."""

    POLICY = "policy"


class Change(msgspec.Struct, frozen=True):
    """One change. `id` is `chg_…`, `scope` `team:NAME`, `target` the name of what is changed within it. `after` is what
    it is to be, a policy as it is written in YAML; None: it is removed. `base` is the change that was in force when
    this one was made, and upon which it builds; None: there was none.

    `by` is `issuer:subject`, or `local:USER` on the machine itself, `needed` how many others must approve before it
    takes effect, and `approvers` who may, as it was when the change was made.
    """

    id: str
    scope: str
    kind: ChangeKind
    target: str
    after: str | None
    by: str
    at: int
    base: str | None = None
    reason: str | None = None
    needed: int = 0
    approvers: Approvers = Approvers()


class ChangeStep(StrEnum):
    """What is said of a change."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


class ChangeAct(msgspec.Struct, frozen=True):
    """What somebody said of a change. `groups` are theirs, `issuer:group`."""

    change: str
    who: str
    step: ChangeStep
    at: int
    reason: str | None = None
    groups: tuple[str, ...] = ()


class ChangeState(StrEnum):
    """What has become of a change."""

    PENDING = "pending"
    """Others must approve it."""

    IN_FORCE = "in_force"
    REPLACED = "replaced"
    """It was in force until a later one took its place."""

    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    STALE = "stale"
    """Another change took effect first, on which it does not build."""


class Standing(msgspec.Struct, frozen=True):
    """A change, what was said of it, and what has become of it. `since`: when it took effect."""

    change: Change
    state: ChangeState
    acts: tuple[ChangeAct, ...] = ()
    since: int | None = None
