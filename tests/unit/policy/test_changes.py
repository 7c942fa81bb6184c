"""What becomes of changes, whoever says what of them and in whatever order."""

import msgspec
import pytest

from narrows.model.approval import Approvers
from narrows.model.change import Change, ChangeAct, ChangeKind, ChangeState, ChangeStep
from narrows.policy.changes import Ledger, approved_by, deciding, entitled, needed, objection
from unit.config.teams import policy, team

LEADS = Approvers(groups=("corp:leads",), people=("corp:max",))


def change(
    number: int, *, base: str | None = None, waits: int = 0, after: str | None = "x", by: str = "corp:ana"
) -> Change:
    return Change(
        f"chg_{number}", "team:red", ChangeKind.POLICY, "one", after, by, number, base, needed=waits, approvers=LEADS
    )


def act(
    number: int, who: str, step: ChangeStep = ChangeStep.APPROVE, *groups: str, reason: str | None = None
) -> ChangeAct:
    return ChangeAct(f"chg_{number}", who, step, 100, reason, groups)


def state(ledger: Ledger, number: int) -> ChangeState:
    standing = ledger.standing(f"chg_{number}")
    assert standing is not None
    return standing.state


def test_a_change_for_which_nobody_is_needed_is_in_force_and_replaced_by_the_next() -> None:
    ledger = Ledger()
    ledger.made(change(1))
    ledger.made(change(2, base="chg_1"))
    assert [state(ledger, 1), state(ledger, 2)] == [ChangeState.REPLACED, ChangeState.IN_FORCE]
    assert [each.id for each in ledger.in_force()] == ["chg_2"]
    assert [each.change.id for each in ledger.all()] == ["chg_1", "chg_2"]


def test_what_is_removed_is_not_there_but_what_comes_next_builds_on_it() -> None:
    ledger = Ledger()
    ledger.made(change(1))
    ledger.made(change(2, base="chg_1", after=None))
    assert ledger.in_force() == []
    current = ledger.current("team:red", "policy", "one")
    assert current is not None
    assert current.id == "chg_2"
    ledger.made(change(3, base="chg_2"))
    assert [each.id for each in ledger.in_force()] == ["chg_3"]


def test_one_that_does_not_build_on_what_is_in_force_takes_no_effect() -> None:
    ledger = Ledger()
    ledger.made(change(1))
    ledger.made(change(2))
    ledger.made(change(3, base="chg_9", waits=1))
    assert [state(ledger, number) for number in (1, 2, 3)] == [
        ChangeState.IN_FORCE,
        ChangeState.STALE,
        ChangeState.STALE,
    ]


def test_a_second_person_brings_a_change_into_force_and_makes_others_stale() -> None:
    ledger = Ledger()
    ledger.made(change(1, waits=1))
    ledger.made(change(2, waits=1, by="corp:bob"))
    assert ledger.in_force() == []
    ledger.said(act(1, "corp:max"))
    assert [state(ledger, 1), state(ledger, 2)] == [ChangeState.IN_FORCE, ChangeState.STALE]
    ledger.said(act(2, "corp:max"))
    assert state(ledger, 2) is ChangeState.STALE
    standing = ledger.standing("chg_1")
    assert standing is not None
    assert standing.since == 100


@pytest.mark.parametrize(
    "said",
    [
        act(1, "corp:ana", ChangeStep.APPROVE, "corp:leads"),
        act(1, "corp:eve"),
        act(1, "corp:eve", ChangeStep.REJECT, reason="no"),
        act(1, "old:eve", ChangeStep.APPROVE, "corp:leads"),
        act(1, "narrows:etl", ChangeStep.APPROVE, "corp:leads"),
        act(1, "corp:max", ChangeStep.WITHDRAW),
        act(7, "corp:max"),
    ],
)
def test_rows_of_who_may_not_come_to_nothing(said: ChangeAct) -> None:
    ledger = Ledger()
    ledger.made(change(1, waits=1))
    ledger.said(said)
    assert state(ledger, 1) is ChangeState.PENDING


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (act(1, "corp:eve", ChangeStep.APPROVE, "corp:leads"), ChangeState.IN_FORCE),
        (act(1, "local:root"), ChangeState.IN_FORCE),
        (act(1, "corp:max", ChangeStep.REJECT, reason="no"), ChangeState.REJECTED),
        (act(1, "corp:ana", ChangeStep.WITHDRAW), ChangeState.WITHDRAWN),
    ],
)
def test_those_of_who_may_count(said: ChangeAct, then: ChangeState) -> None:
    ledger = Ledger()
    ledger.made(change(1, waits=1))
    standing = ledger.standing("chg_1")
    assert standing is not None
    assert objection(standing, said) is None
    ledger.said(said)
    assert state(ledger, 1) is then


def test_one_person_twice_is_not_two() -> None:
    two = change(1, waits=2)
    assert approved_by(two, [act(1, "corp:max"), act(1, "corp:max"), act(1, "corp:eve")]) == ("corp:max",)
    assert not entitled(two, "corp:ana", ["corp:leads"])


def test_why_somebody_may_not_is_said() -> None:
    ledger = Ledger()
    ledger.made(change(1, waits=1))
    waiting = ledger.standing("chg_1")
    ledger.made(change(2, base=None))
    settled = ledger.standing("chg_2")
    assert waiting is not None
    assert settled is not None

    def told(said: ChangeAct) -> str:
        return objection(waiting, said) or ""

    assert "a second person" in told(act(1, "corp:ana", ChangeStep.APPROVE, "corp:leads"))
    assert "may not decide" in told(act(1, "corp:eve"))
    assert "say why" in told(act(1, "corp:max", ChangeStep.REJECT, reason=" "))
    assert "only corp:ana" in told(act(1, "corp:max", ChangeStep.WITHDRAW))
    assert "at most" in told(act(1, "corp:max", reason="x" * 1_001))
    assert "in force" in (objection(settled, act(2, "corp:max")) or "")


def test_which_changes_take_two() -> None:
    plain = policy("one")
    masked = msgspec.structs.replace(plain, mask=team("x", mask=[{"entities": ["US_SSN"]}]).mask)
    assert needed((), None, masked) == 0
    assert needed(("policies",), plain, plain) == 1
    assert [needed(("masks",), *pair) for pair in ((plain, plain), (plain, masked), (masked, None), (None, plain))] == [
        0, 1, 1, 0,
    ]  # fmt: skip


def test_admins_and_approvers_of_a_team_and_admins_of_the_whole_decide() -> None:
    by = deciding(team("red", admins=["leads"], approvers=["user:max"], auditors=["audit"]), ["platform"], ["corp"])
    assert by == Approvers(groups=("corp:leads", "corp:platform"), people=("corp:max",))
