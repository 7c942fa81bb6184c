"""Sums are exact, and each call is in each of them once."""

from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.stores.sqlite.usage import Caller, Spent
from narrows.stores.sqlite.usage_sums import LIMITED, MANY, NONE, By, Sums, Table, add_all

AT = 1_711_843_200_000_000  # 2024-03-31T00:00:00Z: an hour later clocks in Berlin go from 2 to 3
HOUR = 3_600_000_000


def caller(**changes: object) -> Caller:
    fields = {
        "user": "corp:alice",
        "issuer": "corp",
        "subject": "alice",
        "kind": "user",
        "owner": None,
        "groups": ("ml", "research"),
        "credential": "cred_1",
        "address": "127.0.0.1",
        "agent": "curl/8",
        "declared_agent": None,
        "connection": "openai",
        "dialect": "openai",
        "operation": "chat",
        "model": "gpt-4o",
        "policies": (),
        "end_user": None,
        "program": "",
    }
    return Caller(**fields | changes)  # type: ignore[arg-type]


def spent(who: Caller | None = None, **changes: object) -> Spent:
    return Spent("call_1", AT, who or caller(), "sess_1", **{"outcome": "done"} | changes)  # type: ignore[arg-type]


def keys(by: By, *calls: Spent, zone: str = "UTC") -> list[str]:
    table = add_all(Table([by], ZoneInfo(zone)), calls)
    return [key for (key,), _ in table.sorted()]


def test_endings_are_told_apart() -> None:
    refused = [spent(outcome="refused", refusal=code) for code in ("budget_exceeded", "model_not_allowed")]
    others = [spent(outcome=outcome.value) for outcome in Outcome if outcome is not Outcome.REFUSED]
    total = add_all(Table([]), [*refused, *others, spent(outcome=None)]).total
    assert msgspec.structs.asdict(total) | {"calls": 9, "refused": 2, "limited": 1, "stopped": 1, "errors": 3} == (
        msgspec.structs.asdict(total)
    )
    assert (total.running, total.unreported) == (1, 4)


def test_refusals_of_limits_are_those_about_money_tokens_and_how_many() -> None:
    families = ("budget", "rate", "concurrency", "agent", "cost", "price", "prompt_too", "output")
    assert {code.value for code in Code if code.value.startswith(families)} == LIMITED


def test_tokens_are_summed_as_reported_and_none_below_zero() -> None:
    calls = [spent(usage=Usage(10, 5, 3, 2, 4, 1, 1)), spent(usage=Usage(1)), spent(usage=Usage(*[-7] * 7))]
    total = add_all(Table([]), calls).total
    assert (total.prompt, total.output, total.cached, total.reasoning) == (11, 5, 3, 2)
    assert (total.cache_write, total.audio, total.unreported) == (4, 2, 0)


def test_what_the_gate_counted_stands_in_the_place_of_a_report_that_does_not_say_it() -> None:
    calls = [spent(usage=Usage(10, 1), counted=Usage(10, 40), outcome="client_gone"), spent(counted=Usage(7, 2))]
    total = add_all(Table([]), calls).total
    assert (total.prompt, total.output, total.counted, total.unreported) == (17, 42, 2, 0)
    assert add_all(Table([], UTC, lambda *asked: asked[2].completion), calls).total.cost == 42


def test_what_can_not_be_is_not_summed() -> None:
    absurd = 1 << 41
    calls = [spent(usage=Usage(absurd, 5, absurd)), spent(usage=Usage(10, absurd, 90, 90, 90, 90, 90))]
    total = add_all(Table([]), calls).total
    assert (total.prompt, total.output, total.cached, total.cache_write, total.reasoning) == (10, 5, 10, 10, 0)


def test_a_recorded_cost_counts_and_only_where_there_is_none_one_is_reckoned() -> None:
    asked: list[tuple[str, str | None]] = []

    def reckon(connection: str, model: str | None, usage: Usage) -> int | None:
        asked.append((connection, model))
        return None if model == "gpt-new" else 100

    calls = [
        spent(usage=Usage(1, 1), cost=0),
        spent(usage=Usage(1, 1), cost=7),
        spent(usage=Usage(1, 1)),
        spent(caller(model=None), usage=Usage(1, 1), model="gpt-new"),
        spent(outcome="refused"),
    ]
    total = add_all(Table([], reckon=reckon), calls).total
    assert (total.cost, total.estimated, total.unpriced) == (107, 100, 1)
    assert asked == [("openai", "gpt-4o"), ("openai", "gpt-new")]
    assert add_all(Table([]), calls).total.unpriced == 2


@pytest.mark.parametrize(
    ("by", "changes", "key"),
    [
        (By.USER, {}, "corp:alice"),
        (By.MODEL, {}, "gpt-4o"),
        (By.MODEL, {"model": None}, NONE),
        (By.CONNECTION, {"connection": ""}, NONE),
        (By.OPERATION, {}, "chat"),
        (By.AGENT, {}, "curl/8"),
        (By.AGENT, {"declared_agent": "builder"}, "builder"),
        (By.CREDENTIAL, {}, "cred_1"),
        (By.END_USER, {"end_user": "corp:portal/ann"}, "corp:portal/ann"),
        (By.END_USER, {}, NONE),
        (By.SESSION, {}, "sess_1"),
        (By.OUTCOME, {}, "done"),
        (By.POLICY, {}, NONE),
        (By.POLICY, {"policies": ("p",)}, "p"),
    ],
)
def test_keys(by: By, changes: dict[str, object], key: str) -> None:
    assert keys(by, spent(caller(**changes))) == [key]


def test_there_is_a_key_for_everything() -> None:
    assert all(len(keys(by, spent())) for by in By)


def test_the_model_that_answered_is_the_one_asked_where_nobody_said() -> None:
    assert keys(By.ANSWERED, spent(model="gpt-4o-2024"), spent()) == ["gpt-4o", "gpt-4o-2024"]


def test_a_refused_call_without_a_policy_is_its_refusers() -> None:
    assert keys(By.POLICY, spent(outcome="refused", policy="q")) == ["q"]


def test_hours_and_days_are_the_zones() -> None:
    calls = [spent() for _ in range(4)]
    for number, call in enumerate(calls):
        call.at = AT + (number - 2) * HOUR
    assert keys(By.DAY, *calls) == ["2024-03-30", "2024-03-31"]
    assert keys(By.DAY, *calls, zone="Europe/Berlin") == ["2024-03-30", "2024-03-31"]
    assert keys(By.DAY, calls[0], zone="Asia/Kathmandu") == ["2024-03-31"]
    assert keys(By.MONTH, calls[0], zone="Pacific/Kiritimati") == ["2024-03"]
    assert keys(By.HOUR, *calls[2:], zone="Europe/Berlin") == ["2024-03-31T01:00+0100", "2024-03-31T03:00+0200"]
    assert keys(By.HOUR, calls[2], zone="Asia/Kathmandu") == ["2024-03-31T05:00+0545"]


def test_a_call_counts_for_each_of_its_groups_and_once_in_the_total() -> None:
    calls = [spent(cost=5), spent(caller(groups=()), cost=2)]
    table = add_all(Table([By.GROUP]), calls)
    assert {key: sums.cost for key, sums in table.rows.items()} == {("corp:ml",): 5, ("corp:research",): 5, (NONE,): 2}
    assert (table.total.calls, table.total.cost) == (2, 7)
    joined = add_all(Table([By.GROUP], join=True), calls)
    assert {key: sums.cost for key, sums in joined.rows.items()} == {("corp:ml, corp:research",): 5, (NONE,): 2}
    assert joined.total == table.total


@given(
    st.lists(
        st.builds(
            spent,
            st.sampled_from([caller(), caller(user="corp:bob", groups=()), caller(model="m2", policies=("p", "q"))]),
            cost=st.none() | st.integers(0, 10**15),
            outcome=st.sampled_from([None, *[outcome.value for outcome in Outcome]]),
            usage=st.none() | st.builds(Usage, *[st.none() | st.integers(-5, 10**12)] * 8),
        )
    ),
    st.lists(st.sampled_from(By), max_size=3, unique=True),
)
def test_rows_add_up_to_the_total_of_any_other_table(calls: list[Spent], by: list[By]) -> None:
    total = add_all(Table([]), calls).total
    table = add_all(Table(by), calls)
    assert table.total == total
    assert add_all(Table(by, join=True), calls).total == total
    if MANY.isdisjoint(by):
        rows = [msgspec.structs.astuple(sums) for sums in table.rows.values()]
        assert Sums(*map(sum, zip(*rows, strict=True))) == total if rows else not calls


def test_no_call_is_no_row() -> None:
    assert Table([By.USER]).total == Sums()
    assert Table([By.USER], UTC).sorted() == []
