"""Teams for a console in memory: `red`, whose admins are the leads, and `blue`."""

from collections.abc import Sequence

import msgspec

from narrows.config.schema import Config
from narrows.console.teams import Judged, Teams
from narrows.model.change import Change, ChangeAct, Standing
from narrows.policy.changes import Ledger, objection
from narrows.ports.changes import ChangeRefused, ChangesUnavailable
from narrows.ports.clock import Clock
from narrows.wiring.teams import tried
from unit.config.teams import config, team


def settings(*two_person: str) -> Config:
    """The configuration of them."""
    red = team("red", admins=["leads"], approvers=["seconds"], auditors=["overseers"])
    plain = config(red, team("blue", admins=["blues"]))
    roles = msgspec.structs.replace(plain.console.roles, admin=("corp:platform",))
    return msgspec.structs.replace(
        plain, console=msgspec.structs.replace(plain.console, roles=roles, two_person=two_person)
    )


def teams(*two_person: str) -> Teams:
    """They, with the judgement that the console's process has."""
    whole = settings(*two_person)

    def judge(changes: Sequence[Change], proposed: Sequence[Change]) -> Judged:
        found = tried(whole, changes, proposed)
        return Judged(found.unusable, found.warnings)

    return Teams(whole, judge)


class MemoryChanges:
    """The Changes port; `fails` makes it unavailable."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ledger = Ledger()
        self.fails = False

    def make(self, changes: Sequence[Change]) -> Sequence[Standing]:
        for one in changes:
            current = self._read().current(one.scope, one.kind, one.target)
            if (None if current is None else current.id) != one.base:
                raise ChangeRefused(f"{one.target} has been changed meanwhile")
            self._ledger.made(msgspec.structs.replace(one, at=self._clock.now()))
        return [each for one in changes if (each := self.get(one.id)) is not None]

    def act(self, act: ChangeAct) -> Standing:
        standing = self.get(act.change)
        assert standing is not None
        refusal = objection(standing, act)
        if refusal is not None:
            raise ChangeRefused(refusal)
        self._ledger.said(act)
        said = self.get(act.change)
        assert said is not None
        return said

    def get(self, ident: str) -> Standing | None:
        return self._read().standing(ident)

    def list(self) -> Sequence[Standing]:
        return self._read().all()

    def current(self, scope: str, kind: str, target: str) -> Change | None:
        return self._read().current(scope, kind, target)

    def in_force(self) -> Sequence[Change]:
        return self._read().in_force()

    def _read(self) -> Ledger:
        if self.fails:
            raise ChangesUnavailable("the disk is full")
        return self._ledger
