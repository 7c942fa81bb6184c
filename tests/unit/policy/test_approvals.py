"""Which rules ask about a call, who may answer, and what answers come to."""

from typing import Any

import msgspec
import pytest

from narrows.model.approval import (
    Answered,
    Approvers,
    Condition,
    Decision,
    Escalation,
    Facts,
    Hours,
    Place,
    Requirement,
    Terms,
    Ticket,
    TicketState,
)
from narrows.model.call import Asked, Call, Source
from narrows.model.plan import Action, Plan, Rule
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.text import Finding
from narrows.policy.approvals import (
    Asks,
    entitled,
    fired,
    groups_of,
    may_approve,
    may_release,
    places,
    rejection,
    satisfied,
    state,
    terms,
    unjustified,
    void,
)

MINUTE = 60_000_000
BEGIN = 1_000 * MINUTE
SECURITY = ("corp:security",)


def requirement(rule: str = "r", **more: Any) -> Requirement:
    given = {"by": Approvers(SECURITY, ("corp:ana",)), "needed": 1, "hold": MINUTE, "expires": 60 * MINUTE, **more}
    return Requirement("p", rule, rule * 8, **given)


def call(plan: Plan, *, address: str = "192.0.2.1", **more: Any) -> Call:
    asked = Asked(operation="chat", model="fast", body={})
    made = Call(
        "call_1", "req_1", "s", BEGIN, Principal("corp", "bob"), Credential("oidc", "j", 1.0), Source(address),
        "openai", "openai", "POST", "/", asked, "gpt-5-mini", plan,
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


KNOWN = Facts(cost=0, first_use=False)


def fires(facts: Facts = KNOWN, *, about: dict[str, Any] | None = None, **given: Any) -> bool:
    plan = Plan("r", approvals=(Condition(requirement(), **given),))
    return fired(plan, call(plan, **(about or {})), facts) == (requirement(),)


class TestFired:
    """Conditions fire where everything they name holds, and where nobody knows."""

    @pytest.mark.parametrize(
        ("given", "holds"),
        [
            ({"models": ("gpt-5*",)}, True),
            ({"models": ("fast",)}, True),
            ({"models": ("gpt-4*", "slow")}, False),
            ({"operations": ("ch*",)}, True),
            ({"operations": ("embeddings",)}, False),
            ({"connections": ("openai",)}, True),
            ({"connections": ("claude",)}, False),
            ({"models": ("*",), "connections": ("claude",)}, False),
            ({"models": ("*",), "connections": ("*",), "operations": ("*",)}, True),
        ],
    )
    def test_names(self, given: dict[str, Any], holds: bool) -> None:
        assert fires(**given) is holds

    def test_a_call_without_a_model_is_of_no_model(self) -> None:
        about = {"asked": Asked(operation="models", model=None, body={}), "model": None}
        assert not fires(about=about, models=("*",))

    @pytest.mark.parametrize(("cost", "holds"), [(500_000, False), (500_001, True), (0, False), (None, True)])
    def test_cost(self, cost: int | None, holds: bool) -> None:
        assert fires(Facts(cost=cost), cost=500_000) is holds

    @pytest.mark.parametrize(("tokens", "holds"), [(20, False), (21, True)])
    def test_prompts(self, tokens: int, holds: bool) -> None:
        assert fires(about={"prompt_tokens": tokens}, prompt_tokens=20) is holds

    @pytest.mark.parametrize(("first", "holds"), [(True, True), (False, False), (None, True)])
    def test_first_use(self, first: bool | None, holds: bool) -> None:
        assert fires(Facts(first_use=first), first_use=True) is holds

    @pytest.mark.parametrize(
        ("address", "within", "elsewhere"),
        [
            ("10.2.3.4", True, False),
            ("11.2.3.4", False, True),
            ("::ffff:10.2.3.4", True, False),
            ("::ffff:11.2.3.4", False, True),
            ("2001:db8::5", True, False),
            ("2001:db9::5", False, True),
            ("", True, True),
            ("unix", True, True),
        ],
    )
    def test_networks(self, address: str, within: bool, elsewhere: bool) -> None:
        networks = ("10.0.0.0/8", "2001:db8::/32")
        assert fires(about={"source": Source(address)}, networks=networks) is within
        assert fires(about={"source": Source(address)}, elsewhere=networks) is elsewhere

    def test_working_hours(self) -> None:
        hours = Hours(frozenset(range(5)), 540, 1080, "Europe/Berlin")
        monday_nine = 1_767_600_000_000_000  # 2026-01-05T08:00:00Z
        assert not fires(about={"at": monday_nine}, outside=hours)
        assert fires(about={"at": monday_nine - 1}, outside=hours)
        assert fires(about={"at": monday_nine + 5 * 24 * 60 * MINUTE}, outside=hours)
        assert not fires(about={"at": monday_nine}, outside=msgspec.structs.replace(hours, zone="UTC", start=480))

    def test_rules_on_prompts_ask_once_and_before_conditions(self) -> None:
        rules = (
            Rule("a", "p", (), "m", action=Action.APPROVE, requirement=requirement("a")),
            Rule("b", "p", (), "m", action=Action.APPROVE, requirement=requirement("b", observe=True)),
            Rule("c", "p", (), "m", action=Action.DENY),
            Rule("d", "p", (), "m", action=Action.APPROVE, requirement=requirement("d")),
        )
        plan = Plan("r", rules=rules, approvals=(Condition(requirement("e"), operations=("*",)),))
        findings = tuple(Finding(name, "p", f"$.{at}", 0, 1) for at, name in enumerate("bacaz"))
        other = Finding("a", "q", "$.x", 0, 1)
        about = call(plan, findings=(*findings, other))
        found = fired(plan, about, Facts())
        assert [(each.rule, each.observe) for each in found] == [("b", True), ("a", False), ("e", False)]
        assert places(found, about) == (Place("p", "b", "$.0"), Place("p", "a", "$.1"), Place("p", "a", "$.3"))

    def test_what_conditions_want_to_know(self) -> None:
        def asks(**given: Any) -> tuple[bool, bool]:
            ready = Asks(Plan("r", approvals=(Condition(requirement(), **given),)))
            return ready.asks_cost, ready.asks_first_use

        assert asks(cost=5) == (True, False)
        assert asks(first_use=True) == (False, True)
        assert asks(operations=("*",)) == (False, False)


class TestWhoMay:
    """Nobody decides about themselves, and who may is named."""

    @pytest.mark.parametrize(
        ("who", "groups", "may"),
        [
            ("corp:ana", (), True),
            ("corp:eve", SECURITY, True),
            ("corp:eve", (), False),
            ("corp:Ana", (), False),
            ("lab:ana", (), False),
            ("lab:eve", SECURITY, False),  # a group of another issuer
            ("lab:eve", ("lab:security",), False),
            ("corp:bob", SECURITY, False),  # who asks
            ("narrows:robot", SECURITY, False),
            ("narrows:robot", ("narrows:security",), False),
            ("local:root", (), True),
            ("local:", (), False),
            ("", (), False),
            ("ana", SECURITY, False),
        ],
    )
    def test_by(self, who: str, groups: tuple[str, ...], may: bool) -> None:
        assert may_approve(requirement(), who, groups, "corp:bob", None, 0) is may

    @pytest.mark.parametrize("owner", ["corp:ana", "ana", "CORP:Ana", "ANA"])
    def test_the_owner_of_a_service_account_is_its_requester(self, owner: str) -> None:
        assert may_approve(requirement(), "corp:ana", SECURITY, "narrows:ci", None, 0)
        assert not may_approve(requirement(), "corp:ana", SECURITY, "narrows:ci", owner, 0)
        assert may_approve(requirement(), "corp:eve", SECURITY, "narrows:ci", owner, 0)

    @pytest.mark.parametrize(
        ("waited", "may"), [(-5, False), (0, False), (10 * MINUTE - 1, False), (10 * MINUTE, True)]
    )
    def test_escalation(self, waited: int, may: bool) -> None:
        later = requirement(then=Escalation(Approvers(("corp:leads",), ("corp:max",)), 10 * MINUTE))
        assert may_approve(later, "corp:eve", ("corp:leads",), "corp:bob", None, waited) is may
        assert may_approve(later, "corp:max", (), "corp:bob", None, waited) is may
        assert not may_approve(later, "corp:max", (), "corp:max", None, waited)
        assert may_approve(later, "corp:ana", (), "corp:bob", None, waited)

    def test_release_alone(self) -> None:
        glass = requirement(glass=Approvers(("corp:oncall",)))
        assert may_release(glass, "corp:eve", ("corp:oncall",), "corp:bob", None)
        assert not may_release(glass, "corp:eve", SECURITY, "corp:bob", None)
        assert not may_release(glass, "corp:bob", ("corp:oncall",), "corp:bob", None)
        assert not may_release(glass, "corp:eve", ("corp:oncall",), "narrows:ci", "eve")
        assert not may_release(requirement(), "corp:eve", ("corp:oncall",), "corp:bob", None)

    def test_groups_are_told_with_their_issuer(self) -> None:
        assert groups_of(Principal("corp", "x", groups=frozenset({"b", "a"}))) == ("corp:a", "corp:b")


def ticket(*requirements: Requirement, **more: Any) -> Ticket:
    made = Ticket(
        "apr_1", "d", "call_1", "req_1", "corp:bob", None, (), "s", "openai", "openai", "chat", "gpt", BEGIN,
        BEGIN + 60 * MINUTE, requirements or (requirement(),),
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


def says(who: str, answer: Answered = Answered.APPROVE, after: int = MINUTE, **more: Any) -> Decision:
    groups = more.pop("groups", SECURITY)
    return Decision("apr_1", f"corp:{who}", answer, BEGIN + after, groups=groups, **more)


def rejects(who: str, after: int = MINUTE, **more: Any) -> Decision:
    return says(who, Answered.REJECT, after, **more)


NOW = BEGIN + 2 * MINUTE
LATE = BEGIN + 60 * MINUTE


class TestAnswers:
    """What was said of a ticket."""

    def test_one_of_one(self) -> None:
        assert state(ticket(), (), NOW) is TicketState.PENDING
        assert state(ticket(), (says("eve"),), NOW) is TicketState.APPROVED
        assert state(ticket(), (says("bob"),), NOW) is TicketState.PENDING
        assert state(ticket(), (says("eve", groups=()),), NOW) is TicketState.PENDING

    def test_people_count_once(self) -> None:
        two = ticket(requirement(needed=2))
        assert not satisfied(two, (says("eve"), says("eve", after=2 * MINUTE)))
        assert satisfied(two, (says("eve"), says("ana", groups=())))

    def test_all_requirements_must_be_met_and_one_person_may_meet_several(self) -> None:
        both = ticket(requirement("a"), requirement("b", by=Approvers(("corp:leads",))))
        assert not satisfied(both, (says("eve"),))
        assert satisfied(both, (says("eve"), says("max", groups=("corp:leads",))))
        assert satisfied(both, (says("eve", groups=("corp:leads", "corp:security")),))

    def test_a_ticket_without_requirements_is_not_approved(self) -> None:
        assert not satisfied(ticket(), ())
        nothing = msgspec.structs.replace(ticket(), requirements=())
        assert not satisfied(nothing, (says("eve"),))

    def test_one_rejection_rejects_whatever_others_say(self) -> None:
        decisions = (says("eve"), rejects("max"))
        assert state(ticket(), decisions, NOW) is TicketState.REJECTED
        assert rejection(ticket(), decisions) == rejects("max")
        assert state(ticket(), (rejects("max"), says("eve", after=2 * MINUTE)), NOW) is TicketState.REJECTED
        assert state(ticket(), (rejects("bob"), rejects("tom", groups=())), NOW) is TicketState.PENDING

    def test_who_may_approve_one_requirement_may_reject_them_all(self) -> None:
        both = ticket(requirement("a"), requirement("b", by=Approvers(("corp:leads",))))
        assert state(both, (says("eve"), rejects("max", groups=("corp:leads",))), NOW) is TicketState.REJECTED

    def test_what_has_gone_on_can_not_be_rejected(self) -> None:
        assert state(ticket(), (says("eve"), rejects("max")), NOW, used=1) is TicketState.CONSUMED

    def test_a_decision_counts_if_it_came_in_time(self) -> None:
        assert state(ticket(), (says("eve", after=60 * MINUTE),), LATE) is TicketState.EXPIRED
        assert state(ticket(), (rejects("eve", after=60 * MINUTE),), LATE) is TicketState.EXPIRED
        assert state(ticket(), (), LATE - 1) is TicketState.PENDING
        assert state(ticket(), (), LATE) is TicketState.EXPIRED
        assert state(ticket(), (rejects("eve"),), LATE) is TicketState.REJECTED
        assert state(ticket(), (says("eve"),), LATE) is TicketState.EXPIRED

    def test_a_decision_about_another_ticket_says_nothing(self) -> None:
        other = msgspec.structs.replace(says("eve"), ticket="apr_2")
        assert not entitled(ticket(), other)
        assert not satisfied(ticket(), (other,))

    def test_who_is_asked_later_counts_from_then_on(self) -> None:
        later = ticket(requirement(then=Escalation(Approvers(("corp:leads",)), 10 * MINUTE)))
        early, late = (says("max", after=after * MINUTE, groups=("corp:leads",)) for after in (9, 10))
        assert not satisfied(later, (early,))
        assert satisfied(later, (late,))

    def test_breaking_the_glass(self) -> None:
        glass = ticket(requirement(needed=2, glass=Approvers(("corp:oncall",))))
        alone = says("max", groups=("corp:oncall",), break_glass=True, reason="outage")
        assert satisfied(glass, (alone,))
        assert terms(glass, (alone,)).break_glass
        assert not satisfied(glass, (msgspec.structs.replace(alone, reason=" "),))
        assert not satisfied(glass, (msgspec.structs.replace(alone, break_glass=False),))
        assert not satisfied(glass, (msgspec.structs.replace(alone, who="corp:bob"),))
        assert not satisfied(ticket(requirement(needed=2)), (alone,))
        enough = (alone, says("eve"), says("ana"))
        assert not terms(glass, enough).break_glass
        assert not satisfied(ticket(requirement("a", glass=Approvers(("corp:oncall",))), requirement("b")), (alone,))


class TestTerms:
    """What is approved is the least of what those say who approve it."""

    def test_one_call_unless_somebody_says_more(self) -> None:
        assert terms(ticket(), (says("eve"),)) == Terms(1, LATE)
        assert terms(ticket(), (says("eve", repeats=5),)) == Terms(5, LATE)
        assert terms(ticket(), (says("eve", until=LATE + 5),)) == Terms(None, LATE + 5)
        assert terms(ticket(), (says("eve", until=NOW + 5, repeats=3),)) == Terms(3, NOW + 5)

    def test_the_least_counts(self) -> None:
        decisions = (says("eve", repeats=5, output_cap=90), says("ana", until=LATE + 9), says("tom", output_cap=50))
        assert terms(ticket(), decisions) == Terms(1, LATE, 50)
        assert terms(ticket(), decisions[:2]) == Terms(5, LATE, 90)

    def test_who_may_not_approve_has_no_say(self) -> None:
        decisions = (says("eve", repeats=5), says("bob"), says("tom", groups=(), output_cap=1))
        assert terms(ticket(), decisions) == Terms(5, LATE)

    def test_an_approval_is_used_up(self) -> None:
        three = (says("eve", repeats=3),)
        assert [state(ticket(), three, NOW, used).value for used in range(5)] == ["approved"] * 3 + ["consumed"] * 2

    def test_an_approval_of_no_call_is_of_none(self) -> None:
        assert state(ticket(), (says("eve", repeats=0, until=LATE),), NOW) is TicketState.CONSUMED

    def test_a_window_ends(self) -> None:
        window = (says("eve", until=LATE + MINUTE),)
        assert state(ticket(), window, LATE, used=99) is TicketState.APPROVED
        assert state(ticket(), window, LATE + MINUTE, used=99) is TicketState.CONSUMED
        assert state(ticket(), window, LATE + MINUTE) is TicketState.EXPIRED
        assert state(ticket(), (*window, rejects("max")), LATE, used=99) is TicketState.REJECTED


def test_a_ticket_is_void_if_something_else_is_asked_now() -> None:
    asked = ticket(requirement("a"), requirement("b"))
    assert not void(asked, (requirement("a"), requirement("b")))
    assert not void(asked, (requirement("b"),))
    assert not void(asked, ())
    assert not void(asked, (requirement("c", observe=True),))
    assert void(asked, (requirement("a"), requirement("c")))


def test_a_rule_may_want_a_reason() -> None:
    wants, rest = requirement("a", justification=True), requirement("b")
    about = call(Plan("r"))
    deny = unjustified(about, (rest, wants))
    assert deny is not None
    assert (deny.code, deny.policy, deny.rule) == (Code.JUSTIFICATION_REQUIRED, "p", "a")
    assert unjustified(about, (rest,)) is None
    assert unjustified(about, (requirement("a", justification=True, observe=True),)) is None
    assert unjustified(call(Plan("r"), source=Source("", justification="why")), (wants,)) is None


def test_whoever_has_the_owner_s_address_is_the_owner() -> None:
    asked = Ticket(
        "apr_1", "d", "call_1", "req_1", "narrows:etl", "Ana@Example.com", (), "s", "openai", "openai", "chat", "gpt",
        BEGIN, BEGIN + MINUTE, (requirement(glass=Approvers(people=("corp:ana",))),),
    )  # fmt: skip
    plain = Decision("apr_1", "corp:ana", Answered.APPROVE, BEGIN, reason="outage")
    for said in (
        plain,
        msgspec.structs.replace(plain, break_glass=True),
        msgspec.structs.replace(plain, answer=Answered.REJECT),
    ):
        assert entitled(asked, said)
        assert not entitled(asked, msgspec.structs.replace(said, names=("ana@example.com",)))
