"""Access that is asked for: which rule judges it, who approves, and what becomes of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config.globs import Glob
from narrows.config.schema import Config
from narrows.model.access import Grant, GrantAct, GrantState, Request, Step
from narrows.model.principal import Principal, Scope
from narrows.policy.access import (
    AccessRules,
    NotCovered,
    Rule,
    approved_by,
    asked,
    compile_access,
    describe_scope,
    entitled,
    is_theirs,
    objection,
    standing,
)
from unit.policy.world import person

HOUR = 3_600_000_000
AT = 1_700_000_000_000_000
CHAT = Scope(("openai",), ("gpt-4o",), ("chat",))
PENDING, ACTIVE, REJECTED = GrantState.PENDING, GrantState.ACTIVE, GrantState.REJECTED
LAPSED, ENDED, REVOKED, CANCELLED = (
    GrantState.LAPSED,
    GrantState.ENDED,
    GrantState.REVOKED,
    GrantState.CANCELLED,
)


def rule(name: str = "chat", **changes: Any) -> dict[str, Any]:
    usual = {
        "name": name,
        "who": {"groups": ["research"]},
        "may": {"connections": ["openai"], "models": ["gpt-4o*"], "operations": ["chat"]},
        "longest": 2 * 3600.0,
        "approve": {"by": ["security", "user:ben"], "needed": 2},
        "expires": 3600.0,
    }
    return {**usual, **changes}


def rules(*written: dict[str, Any]) -> AccessRules:
    plain = {
        "identity": {"issuers": [{"name": "corp", "issuer": "https://corp", "audience": "a"}]},
        "connections": {
            name: {"url": "https://x", "dialect": "openai", "credential": {"none": True}} for name in ("openai", "lab")
        },
        "policies": [{"name": "p", "who": {"users": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
        "access": {"rules": written},
    }
    return compile_access(msgspec.convert(plain, Config))


def judged(made: AccessRules, scope: Scope = CHAT, span: int = HOUR, who: Principal | None = None, **more: Any) -> str:
    found = made.judge(who or person("research"), more.pop("credential", "oidc"), scope, span, **more)
    return found.message if isinstance(found, NotCovered) else f"rule {found.name}"


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (CHAT, "rule chat"),
        (Scope(("openai",), ("gpt-4o*",), ("chat",)), "rule chat"),
        (Scope(("openai",), ("gpt-4o", "gpt-4o-mini*"), ("chat",)), "rule chat"),
        (Scope(("openai",), (), ("chat",)), "rule chat"),
        (Scope(("openai",), ("gpt-4*",), ("chat",)), "of gpt-4* on openai; you may ask for chat of gpt-4o* on openai"),
        (Scope(("openai",), ("gpt-4o", "o3"), ("chat",)), "no rule lets you ask for chat of o3"),
        (Scope(("lab",), ("gpt-4o",), ("chat",)), "no rule lets you ask for chat of gpt-4o on lab"),
        (Scope(("openai",), ("gpt-4o",), ("chat", "embeddings")), "no rule lets you ask for embeddings"),
        (Scope(("*",), ("gpt-4o",), ("chat",)), "no rule lets you ask for chat of gpt-4o on *"),
        (Scope(("opnai",), ("gpt-4o",), ("chat",)), "there is no connection 'opnai'; there are: openai, lab"),
        (Scope((), ("gpt-4o",), ("chat",)), "name at least one connection"),
        (Scope(("openai",), ("gpt-4o",), ()), "name at least one operation"),
        (Scope(("openai",), (" gpt",), ("chat",)), "' gpt' is no name or glob of models"),
        (Scope(("openai",), ("gpt\n",), ("chat",)), "'gpt\\n' is no name or glob of models"),
        (Scope(("openai",), ("x" * 201,), ("chat",)), "is no name or glob of models"),
        (Scope(("openai",), tuple(f"gpt-4o-{n}" for n in range(33)), ("chat",)), "name at most 32 models"),
    ],
)  # fmt: skip
def test_a_rule_covers_what_its_globs_do(scope: Scope, said: str) -> None:
    assert said in judged(rules(rule()), scope)


def test_the_first_rule_that_fits_judges() -> None:
    short = rule("short", longest=1800.0, approve={"rule": True})
    wide = rule("wide", may={"connections": ["*"], "models": ["*"], "operations": ["*"]}, longest=7200.0)
    made = rules(short, wide)
    assert judged(made, span=1800_000_000) == "rule short"
    assert judged(made) == "rule wide"
    assert judged(made, span=3 * HOUR) == "rule wide gives access for at most 2 hours"
    assert judged(made, who=person("sales")) == "no rule of access is about you"


def test_a_rule_may_ask_what_was_presented() -> None:
    made = rules(rule(who={"groups": ["research"], "credential": ["login"]}))
    assert judged(made) == "no rule of access is about you"
    assert judged(made, credential="login") == "rule chat"


def test_a_rule_that_binds_to_a_certificate_wants_one() -> None:
    made = rules(rule(bind=["certificate"]))
    assert judged(made) == "rule chat binds access to a client certificate: give yours"
    assert judged(made, certificate=True) == "rule chat"


globs = st.text("ab*", min_size=1, max_size=5)


@given(offered=st.lists(globs, min_size=1, max_size=3), wanted=globs, value=st.text("ab", max_size=6))
def test_whatever_a_granted_glob_covers_the_rule_covers(offered: list[str], wanted: str, value: str) -> None:
    made = rules(rule(may={"connections": ["openai"], "models": offered, "operations": ["chat"]}))
    found = made.judge(person("research"), "oidc", Scope(("openai",), (wanted,), ("chat",)), HOUR)
    if isinstance(found, Rule) and Glob(wanted).matches(value):
        assert any(Glob(glob).matches(value) for glob in offered)


def request(**changes: Any) -> Request:
    made = rules(rule(bind=["network"]))
    found = made.judge(person("research"), "oidc", CHAT, HOUR)
    assert isinstance(found, Rule)
    plain = asked(found, "grt_1", person("research"), CHAT, HOUR, "the outage", AT, address="192.0.2.7")
    return msgspec.structs.replace(plain, **changes)


def act(who: str, step: Step = Step.APPROVE, after: int = 1, *groups: str, reason: str | None = "why") -> GrantAct:
    return GrantAct("grt_1", who, step, AT + after, reason, groups or ("corp:security",))


def test_a_request_says_by_what_it_is_judged() -> None:
    made = request()
    assert (made.rule, made.needed, made.expires, made.network) == ("chat", 2, AT + HOUR, True)
    assert made.by.groups == ("corp:security",)
    assert made.by.people == ("corp:ben",)
    assert describe_scope(made.scope) == "chat of gpt-4o on openai"


@pytest.mark.parametrize(
    ("acts", "after", "state"),
    [
        ([], 1, PENDING),
        ([], HOUR, LAPSED),
        ([act("corp:ana")], 10, PENDING),
        ([act("corp:ana"), act("corp:ana", after=2)], 10, PENDING),
        ([act("corp:ana"), act("corp:cid", after=2)], 10, ACTIVE),
        ([act("corp:ana"), act("corp:ben", Step.APPROVE, 2, "corp:sales")], 10, ACTIVE),
        ([act("corp:ana"), act("corp:dan", Step.APPROVE, 2, "corp:sales")], 10, PENDING),
        ([act("corp:ana"), act("partner:cid", Step.APPROVE, 2, "partner:security")], 10, PENDING),
        ([act("corp:ana"), act("corp:alice", after=2)], 10, PENDING),
        ([act("corp:ana"), act("narrows:bot", after=2)], 10, PENDING),
        ([act("corp:ana"), act("local:root", after=2)], 10, ACTIVE),
        ([act("corp:ana"), act("corp:cid", after=HOUR)], HOUR + 1, LAPSED),
        ([act("corp:ana"), act("corp:cid", after=2)], 2 + HOUR, ENDED),
        ([act("corp:ana"), act("corp:cid", after=2)], 1 + HOUR, ACTIVE),
        ([act("corp:ana"), act("corp:cid", Step.REJECT, 2), act("corp:ben", after=3)], 10, REJECTED),
        ([act("corp:dan", Step.REJECT, 2, "corp:sales")], 10, PENDING),
        ([act("corp:alice", Step.CANCEL), act("corp:ana", after=2), act("corp:cid", after=3)], 10, CANCELLED),
        ([act("corp:ana"), act("corp:cid", after=2), act("corp:dan", Step.REVOKE, 3)], 10, REVOKED),
        ([act("corp:ana"), act("corp:cid", after=2), act("corp:ana", Step.REJECT, 3)], 10, ACTIVE),
        ([act("corp:dan", Step.REVOKE, 3), act("corp:ana", after=4), act("corp:cid", after=5)], 10, REVOKED),
    ],
)
def test_what_becomes_of_it(acts: list[GrantAct], after: int, state: GrantState) -> None:
    assert standing(request(), acts, AT + after).state is state


def test_access_begins_when_the_last_has_approved() -> None:
    grant = standing(request(), [act("corp:ana"), act("corp:cid", after=70)], AT + 100)
    assert (grant.starts, grant.ends) == (AT + 70, AT + 70 + HOUR)
    assert approved_by(grant) == ("corp:ana", "corp:cid")


def test_a_rule_may_approve_itself() -> None:
    grant = standing(request(needed=0), [], AT + 1)
    assert (grant.state, grant.starts, grant.ends) == (ACTIVE, AT, AT + HOUR)
    assert standing(request(needed=0), [], AT + HOUR).state is ENDED
    assert not entitled(request(needed=0), "corp:alice", ("corp:security",))


def test_revocations_end_it() -> None:
    both = [act("corp:ana"), act("corp:cid", after=2)]
    assert standing(request(), both, AT + 10, revoked=True).state is REVOKED
    assert standing(request(), both, AT + 10, contained=True).state is ACTIVE
    assert standing(request(), [], AT + 10, contained=True).state is CANCELLED


@pytest.mark.parametrize(
    ("before", "said", "why"),
    [
        ([], act("corp:ana"), None),
        ([], act("corp:ana", Step.REJECT), None),
        ([], act("corp:ana", Step.REJECT, reason=" "), "say why"),
        ([], act("corp:alice"), "nobody decides about their own access"),
        ([], act("corp:alice", Step.CANCEL, reason=None), None),
        ([], act("corp:dan", Step.APPROVE, 1, "corp:sales"), "corp:dan may not decide about grt_1"),
        ([act("corp:ana")], act("corp:ana"), "has approved grt_1 already"),
        ([act("corp:ana")], act("corp:ana", Step.REJECT), None),
        ([act("corp:ana"), act("corp:cid")], act("corp:ben"), "grt_1 is approved already"),
        ([act("corp:ana"), act("corp:cid")], act("corp:alice", Step.CANCEL), "grt_1 is approved already"),
        ([act("corp:ana"), act("corp:cid")], act("corp:dan", Step.REVOKE), None),
        ([act("corp:ana", Step.REJECT)], act("corp:dan", Step.REVOKE), "grt_1 was rejected"),
        ([act("corp:ana", Step.CANCEL)], act("corp:cid"), "grt_1 was cancelled"),
        ([], act("corp:ana", reason="x" * 4_001), "at most 4000 characters"),
    ],
)
def test_who_may_say_what(before: list[GrantAct], said: GrantAct, why: str | None) -> None:
    found = objection(standing(request(), before, AT + 50), said)
    assert found is None if why is None else why in (found or "")


people = st.sampled_from(["corp:ana", "corp:ben", "corp:cid", "corp:alice", "corp:dan", "local:root", "narrows:x"])
acts = st.lists(
    st.builds(
        GrantAct,
        st.just("grt_1"),
        people,
        st.sampled_from(Step),
        st.integers(AT, AT + 2 * HOUR),
        st.just("why"),
        st.sampled_from([(), ("corp:security",), ("corp:sales",), ("partner:security",)]),
    ),
    max_size=8,
).map(lambda found: sorted(found, key=lambda each: each.at))
OVER = {LAPSED, ENDED, REVOKED, REJECTED, CANCELLED}


@given(said=acts, first=st.integers(0, 4 * HOUR), later=st.integers(0, 4 * HOUR))
def test_what_is_over_never_begins_again(said: list[GrantAct], first: int, later: int) -> None:
    known = [each for each in said if each.at <= AT + first]
    before = standing(request(), known, AT + first)
    after = standing(request(), [each for each in said if each.at <= AT + first + later], AT + first + later)
    if before.state in OVER - {LAPSED, ENDED}:
        assert after.state is before.state
    if before.state is LAPSED:
        assert after.state in (LAPSED, CANCELLED, REVOKED)
    if before.state is ENDED:
        assert after.state in (ENDED, REVOKED)


@given(said=acts, now=st.integers(0, 4 * HOUR))
def test_nobody_has_access_whom_two_others_have_not_given_it(said: list[GrantAct], now: int) -> None:
    grant = standing(request(), said, AT + now)
    if grant.state is ACTIVE:
        assert len(set(approved_by(grant))) >= 2
        assert "corp:alice" not in approved_by(grant)
        assert grant.starts is not None
        assert grant.starts < AT + HOUR
        assert grant.starts + HOUR == grant.ends
        assert grant.ends > AT + now


@given(said=acts)
def test_what_is_written_only_where_nobody_objects_is_what_counts(said: list[GrantAct]) -> None:
    written: list[GrantAct] = []
    grant: Grant = standing(request(), (), AT)
    for each in said:
        grant = standing(request(), written, each.at)
        if objection(grant, each) is None:
            written.append(each)
    end = AT + 4 * HOUR
    assert standing(request(), written, end).starts == standing(request(), said, end).starts


@pytest.mark.parametrize(
    ("who", "names", "theirs"),
    [
        ("corp:ana", (), True),
        ("github:ana", ("ANA@example.com",), True),
        ("github:ana", ("ana",), False),
        ("github:ana", (), False),
        ("corp:ben", ("ben@example.com",), False),
        ("narrows:bot", (), True),
    ],
)
def test_whose_a_request_is(who: str, names: tuple[str, ...], theirs: bool) -> None:
    """A user name at another issuer may be somebody else's; an address is not."""
    attributes = {"email": ("ana@example.com",), "preferred_username": ("ana",)}
    asked_by = Principal("corp", "ana", attributes=attributes)
    assert is_theirs(request(principal=asked_by), who, names) is theirs
