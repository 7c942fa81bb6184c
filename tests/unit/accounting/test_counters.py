"""Which counters a call has, what they are called, and that names say it all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.counters import Counters, Subjects, counters_for, name, parse
from narrows.accounting.end_users import Pseudonyms
from narrows.model.limits import AgentCap, Budget, Concurrency, CostCap, Limits, Per, Rate, Scope, Unit, Window
from narrows.model.principal import SERVICE_ACCOUNTS, Principal

ALICE = Principal("corp", "alice", groups=frozenset({"research", "staff", "sales-eu"}))
PORTAL = Principal(SERVICE_ACCOUNTS, "portal", "service_account")
DAY = Window(Per.DAY)


def budget(scope: Scope, **changes: object) -> Budget:
    fields = {"policy": "p", "unit": Unit.USD, "window": DAY, "scope": scope, "limit": 5, **changes}
    return Budget(**fields)  # type: ignore[arg-type]


def names(limits: Limits, call: Subjects) -> list[str]:
    return [counter.name for counter in counters_for(limits, call).reserved]


@pytest.mark.parametrize(
    ("scope", "who", "subjects"),
    [
        (Scope.USER, ALICE, ["corp:alice"]),
        (Scope.USER, PORTAL, ["narrows:portal"]),
        (Scope.SERVICE_ACCOUNT, PORTAL, ["narrows:portal"]),
        (Scope.SERVICE_ACCOUNT, ALICE, []),
        (Scope.CONNECTION, ALICE, ["openai"]),
        (Scope.MODEL, ALICE, ["openai/gpt-4o"]),
        (Scope.GATEWAY, ALICE, ["gateway"]),
        (Scope.END_USER, ALICE, ["corp:alice/eve"]),
    ],
)
def test_the_subject_of_each_scope(scope: Scope, who: Principal, subjects: list[str]) -> None:
    found = counters_for(Limits(budgets=(budget(scope),)), Subjects(who, "openai", "gpt-4o", "eve")).reserved
    assert [counter.subject for counter in found] == subjects
    assert [counter.name for counter in found] == [f"p|usd|day|UTC|{scope.value}|{subject}" for subject in subjects]


def test_each_group_that_the_policy_names_and_the_caller_is_in() -> None:
    limits = Limits(budgets=(budget(Scope.GROUP, groups=("corp:research", "corp:sales-*", "*:sales-eu", "corp:hr")),))
    assert names(limits, Subjects(ALICE, "openai")) == [
        "p|usd|day|UTC|group|corp:research",
        "p|usd|day|UTC|group|corp:sales-eu",
    ]
    assert names(limits, Subjects(PORTAL, "openai")) == []
    assert names(Limits(budgets=(budget(Scope.GROUP, groups=("other:research",)),)), Subjects(ALICE, "openai")) == []


def test_who_is_not_named_is_nobody() -> None:
    limits = Limits(budgets=(budget(Scope.END_USER), budget(Scope.MODEL)))
    assert names(limits, Subjects(PORTAL, "openai")) == [
        "p|usd|day|UTC|end user|narrows:portal/(none)",
        "p|usd|day|UTC|model|openai/(none)",
    ]


def test_end_users_are_hidden_where_that_is_wanted() -> None:
    hidden, call = Pseudonyms(bytes(32)), Subjects(PORTAL, "openai", "gpt-4o", "eve@example.com")
    limits = Limits(budgets=(budget(Scope.END_USER),))
    (counter,) = Counters(hidden=hidden).of(limits, call).reserved
    assert counter.subject == f"narrows:portal/{hidden.of('narrows:portal', 'eve@example.com')}"
    assert counter.name == f"p|usd|day|UTC|end user|{counter.subject}"
    assert parse(counter.name).subject == counter.subject


def test_end_users_of_two_callers_are_never_one() -> None:
    """`portal` asking for `x/y`, and `portal/x` for `y`."""
    limits = Limits(budgets=(budget(Scope.END_USER),))
    other = Principal(SERVICE_ACCOUNTS, "portal/x", "service_account")
    assert names(limits, Subjects(PORTAL, "c", None, "x/y")) != names(limits, Subjects(other, "c", None, "y"))
    assert names(limits, Subjects(PORTAL, "c", None, "x%2Fy")) != names(limits, Subjects(PORTAL, "c", None, "x/y"))


def test_every_kind_of_limit_in_its_order() -> None:
    calls, tokens = Rate("p", Unit.CALLS, 60, 60_000_000), Rate("p", Unit.TOKENS, 1000, 60_000_000)
    running, cap, whole = Concurrency("p", 8), AgentCap("p", 3, 300_000_000), budget(Scope.GATEWAY, policy="")
    limits = Limits((whole,), (calls, tokens), (running,), (cap,), (CostCap("p", 5),))
    found = counters_for(limits, Subjects(ALICE, "openai"))
    assert [counter.limit for counter in found.throttled] == [calls]
    assert [counter.limit for counter in found.reserved] == [whole, tokens, running, cap]
    assert {counter.subject for counter in (*found.throttled, *found.reserved[1:])} == {"corp:alice"}
    every = [counter.name for counter in (*found.throttled, *found.reserved)]
    assert len(set(every)) == 5
    for counter in (*found.throttled, *found.reserved[1:]):
        with pytest.raises(ValueError):  # noqa: PT011 — which one does not matter: it is no budget's name
            parse(counter.name)


def test_one_name_where_two_limits_count_the_same() -> None:
    strict, watched = budget(Scope.USER, limit=5), budget(Scope.USER, limit=3, observe=True)
    found = counters_for(Limits(budgets=(strict, watched, strict)), Subjects(ALICE, "openai")).reserved
    assert [counter.limit for counter in found] == [strict, watched]
    assert found[0].name == found[1].name


def test_no_limits_have_no_counters() -> None:
    found = counters_for(Limits(), Subjects(ALICE, "openai", "gpt-4o", "eve"))
    assert (found.throttled, found.reserved) == ((), ())


def test_a_name_says_the_window_and_not_the_limit() -> None:
    assert name("research", Unit.USD, Window(Per.DAY, zone="Europe/Berlin"), Scope.USER, "corp:alice") == (
        "research|usd|day|Europe/Berlin|user|corp:alice"
    )
    month = Window(Per.MONTH, rolling=True, zone="Asia/Tokyo")
    assert name("", Unit.PROMPT_TOKENS, month, Scope.GATEWAY, "gateway") == "|prompt tokens|month|~|gateway|gateway"


@given(
    st.from_regex(r"(?:[a-z0-9][a-z0-9._-]{0,62})?", fullmatch=True).filter(str.isascii),
    st.sampled_from(Unit),
    st.sampled_from(Per),
    st.booleans(),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
    st.sampled_from([scope for scope in Scope if scope is not Scope.GATEWAY]),
    st.text(min_size=1),
)
def test_names_and_back(
    policy: str, unit: Unit, per: Per, rolling: bool, where: str, scope: Scope, subject: str
) -> None:
    window = Window(per, rolling, where)
    text = name(policy, unit, window, scope, subject)
    found = parse(text)
    assert (found.policy, found.unit, found.scope, found.subject) == (policy, unit, scope, subject)
    assert found.window == (Window(per, rolling=True) if rolling else window)
    assert name(found.policy, found.unit, found.window, found.scope, found.subject) == text


def test_a_subject_may_hold_anything() -> None:
    assert parse("p|usd|day|~|user|corp:auth0|12||3\n").subject == "corp:auth0|12||3\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p",
        "p|usd|day|UTC|user",
        "p|usd|day|UTC|user|",
        "p|eur|day|UTC|user|x",
        "p|USD|day|UTC|user|x",
        "p|usd|year|UTC|user|x",
        "p|usd|day|Europe/Atlantis|user|x",
        "p|usd|day||user|x",
        "p|usd|day|~~|user|x",
        "p|usd|day|UTC|team|x",
        "p|usd|day|UTC|gateway|other",
        "P|usd|day|UTC|user|x",
        " p|usd|day|UTC|user|x",
        "p\n|usd|day|UTC|user|x",
        "p|usd|day|UTC |user|x",
        "p|output_tokens|day|UTC|user|x",
    ],
)
def test_anything_else_is_no_name(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — enumerations and zones word it their own way
        parse(text)


def test_the_same_call_gets_the_same_counters() -> None:
    counters, limits = Counters(), Limits(budgets=(budget(Scope.USER), budget(Scope.MODEL)))
    first = counters.of(limits, Subjects(ALICE, "openai", "gpt-4o"))
    again = Principal("corp", "alice", groups=ALICE.groups)
    assert counters.of(limits, Subjects(again, "openai", "gpt-4o")) is first
    assert len(counters) == 1


@pytest.mark.parametrize(
    "other",
    [
        Subjects(PORTAL, "openai", "gpt-4o", "eve"),
        Subjects(Principal("corp", "alice"), "openai", "gpt-4o", "eve"),
        Subjects(Principal("corp", "alice", "service_account", groups=ALICE.groups), "openai", "gpt-4o", "eve"),
        Subjects(ALICE, "azure", "gpt-4o", "eve"),
        Subjects(ALICE, "openai", "gpt-4", "eve"),
        Subjects(ALICE, "openai", "gpt-4o", "bob"),
        Subjects(ALICE, "openai", None, "eve"),
    ],
)
def test_what_differs_is_told_apart(other: Subjects) -> None:
    scopes = (budget(scope, groups=("corp:*",)) for scope in Scope)
    limits, counters = Limits(budgets=tuple(scopes)), Counters()
    first = counters.of(limits, Subjects(ALICE, "openai", "gpt-4o", "eve"))
    second = counters.of(limits, other)
    assert [counter.name for counter in second.reserved] == names(limits, other)
    assert [counter.name for counter in first.reserved] != names(limits, other)


def test_limits_are_told_apart_as_objects_and_memory_is_bounded() -> None:
    counters = Counters(size=16)
    for number in range(200):
        limits = Limits(budgets=(budget(Scope.USER, limit=number),))
        for who in (ALICE, PORTAL):
            (counter,) = counters.of(limits, Subjects(who, "openai")).reserved
            assert (counter.limit, counter.subject) == (limits.budgets[0], who.key)
        del limits  # its id may be taken by the next
        assert len(counters) <= 16


def test_what_is_used_stays() -> None:
    counters, limits = Counters(size=4), Limits(budgets=(budget(Scope.MODEL),))
    kept = counters.of(limits, Subjects(ALICE, "openai", "kept"))
    for number in range(20):
        counters.of(limits, Subjects(ALICE, "openai", str(number)))
        assert counters.of(limits, Subjects(ALICE, "openai", "kept")) is kept
