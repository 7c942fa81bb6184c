"""What has become of changes: which are in force, which wait, and who may say what of them. Pure.

Rows count only as far as they are entitled to, however they were written: nobody approves their own change, and what
does not build on what is in force takes no effect.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Final

from narrows.config.policies import Policy
from narrows.config.teams import Team
from narrows.model.approval import LOCAL, Approvers
from narrows.model.change import Change, ChangeAct, ChangeState, ChangeStep, Standing
from narrows.policy.approvals import barred, is_one
from narrows.policy.asking import approvers

LONGEST_REASON: Final = 1_000
"""Characters of a reason."""

Target = tuple[str, str, str]
"""Scope, kind and name of what is changed."""


class Ledger:
    """All changes, in the order of their rows; rows are added as they are read."""

    def __init__(self) -> None:
        self._changes: dict[str, Change] = {}
        self._acts: dict[str, list[ChangeAct]] = {}
        self._states: dict[str, ChangeState] = {}
        self._since: dict[str, int] = {}
        self._current: dict[Target, str] = {}
        self._waiting: dict[Target, set[str]] = {}

    def made(self, change: Change) -> None:
        """Adds a change."""
        self._changes[change.id], self._acts[change.id] = change, []
        self._states[change.id] = ChangeState.PENDING
        if change.needed == 0:
            self._effect(change, change.at)
        elif self._current.get(_target(change)) != change.base:
            self._states[change.id] = ChangeState.STALE
        else:
            self._waiting.setdefault(_target(change), set()).add(change.id)

    def said(self, act: ChangeAct) -> None:
        """Adds what somebody said of a change; it is kept, too, where it comes to nothing."""
        change = self._changes.get(act.change)
        if change is None:
            return
        self._acts[change.id].append(act)
        if self._states[change.id] is not ChangeState.PENDING:
            return
        if act.step is ChangeStep.WITHDRAW:
            if act.who == change.by:
                self._states[change.id] = ChangeState.WITHDRAWN
        elif entitled(change, act.who, act.groups):
            if act.step is ChangeStep.REJECT:
                self._states[change.id] = ChangeState.REJECTED
            elif len(approved_by(change, self._acts[change.id])) >= change.needed:
                self._effect(change, act.at)

    def standing(self, ident: str) -> Standing | None:
        """One change as it stands now."""
        change = self._changes.get(ident)
        if change is None:
            return None
        return Standing(change, self._states[ident], tuple(self._acts[ident]), self._since.get(ident))

    def all(self) -> Sequence[Standing]:
        """Every change, oldest first."""
        return [each for ident in self._changes if (each := self.standing(ident)) is not None]

    def current(self, scope: str, kind: str, target: str) -> Change | None:
        """The change that is in force, also where it is one that removed."""
        ident = self._current.get((scope, kind, target))
        return None if ident is None else self._changes[ident]

    def in_force(self) -> Sequence[Change]:
        """What there is now: the changes in force that remove nothing, by scope and name."""
        found = (self._changes[self._current[target]] for target in sorted(self._current))
        return [change for change in found if change.after is not None]

    def _effect(self, change: Change, at: int) -> None:
        target = _target(change)
        before = self._current.get(target)
        if before != change.base:
            self._states[change.id] = ChangeState.STALE
            return
        if before is not None:
            self._states[before] = ChangeState.REPLACED
        self._current[target] = change.id
        self._states[change.id], self._since[change.id] = ChangeState.IN_FORCE, at
        for other in self._waiting.pop(target, set()) - {change.id}:
            if self._states[other] is ChangeState.PENDING:
                self._states[other] = ChangeState.STALE


def entitled(change: Change, who: str, groups: Iterable[str]) -> bool:
    """Whether somebody may approve or reject a change: not their own, and only if they are named. On the machine itself
    whoever may write there could write the change as well."""
    if barred(who, change.by, None):
        return False
    return who.startswith(f"{LOCAL}:") or is_one(change.approvers, who, groups)


def approved_by(change: Change, acts: Iterable[ChangeAct]) -> tuple[str, ...]:
    """Who has approved it and may, each once."""
    approving = (act for act in acts if act.step is ChangeStep.APPROVE and entitled(change, act.who, act.groups))
    return tuple(dict.fromkeys(act.who for act in approving))


def needed(kinds: Container[str], before: Policy | None, after: Policy | None) -> int:
    """How many others must approve a change, where these kinds of changes take two people."""
    masks = [() if policy is None else policy.mask for policy in (before, after)]
    return int("policies" in kinds or ("masks" in kinds and masks[0] != masks[1]))


def deciding(team: Team, admins: Sequence[str], issuers: Sequence[str]) -> Approvers:
    """Who may approve changes of a team: its admins and approvers, and the admins of the whole."""
    return approvers((*team.admins, *team.approvers, *admins), issuers)


def objection(standing: Standing, act: ChangeAct) -> str | None:
    """Why somebody may not say this of a change as it stands; None: they may."""
    change, reason = standing.change, (act.reason or "").strip()
    if len(reason) > LONGEST_REASON:
        return f"a reason has at most {LONGEST_REASON} characters"
    if standing.state is not ChangeState.PENDING:
        return f"{change.id} does not wait for anybody: it is {standing.state.value.replace('_', ' ')}"
    if act.step is ChangeStep.WITHDRAW:
        return None if act.who == change.by else f"only {change.by} can withdraw {change.id}"
    if act.who == change.by:
        return f"{act.who} made this change, and a second person must approve it"
    if not entitled(change, act.who, act.groups):
        return f"{act.who} may not decide about {change.id}"
    if act.step is ChangeStep.REJECT and not reason:
        return "say why: a reason is needed"
    return None


def _target(change: Change) -> Target:
    return change.scope, change.kind.value, change.target
