import pytest

from narrows.model.limits import Unit
from narrows.model.record import Outcome
from narrows.model.usage import Usage
from narrows.ports.telemetry import UNITS
from narrows.wiring.telemetry import PrometheusTelemetry, held_by_unit


def test_what_is_reported_is_exposed() -> None:
    telemetry = PrometheusTelemetry()
    telemetry.ended("openai", "chat", Outcome.DONE, "", 2_000_000, Usage(prompt=5, completion=7))
    telemetry.ended("openai", "chat", Outcome.DONE, "", 1, None)
    telemetry.ended("openai", "chat", Outcome.REFUSED, "model_not_allowed", 1, None)
    telemetry.observed("trial", "prompt_denied")
    telemetry.stranger("credential_invalid")
    telemetry.overhead(250)
    telemetry.streams(1)

    text = telemetry.exposition().decode()

    assert 'narrows_calls_total{code="",connection="openai",operation="chat",outcome="done"} 2.0' in text
    assert 'outcome="refused"} 1.0' in text
    assert 'narrows_tokens_total{connection="openai",kind="completion"} 7.0' in text
    assert 'narrows_call_seconds_sum{connection="openai"} 2.0000' in text
    assert 'narrows_observed_refusals_total{code="prompt_denied",policy="trial"} 1.0' in text
    assert 'narrows_unauthenticated_total{code="credential_invalid"} 1.0' in text
    assert "narrows_open_streams 1.0" in text
    assert 'narrows_overhead_seconds_bucket{le="0.0005"} 1.0' in text


def test_two_gates_in_one_process_do_not_share_counts() -> None:
    one, two = PrometheusTelemetry(), PrometheusTelemetry()
    one.stranger("credential_invalid")
    assert "credential_invalid" not in two.exposition().decode()


def lines(telemetry: PrometheusTelemetry, name: str) -> dict[str, str]:
    """The samples of one metric: labels and value."""
    found = [line.rpartition(" ") for line in telemetry.exposition().decode().splitlines() if line.startswith(name)]
    return {sample.removeprefix(name): value for sample, _, value in found}


def test_parts_of_prompts_and_completions_are_kinds_of_their_own() -> None:
    telemetry = PrometheusTelemetry()
    usage = Usage(prompt=100, completion=50, cached=60, reasoning=20, cache_write=7, audio_prompt=3, audio_completion=2)
    for _ in range(2):
        telemetry.ended("openai", "chat", Outcome.DONE, "", 1, usage)
    telemetry.ended("openai", "chat", Outcome.DONE, "", 1, Usage(prompt=1, completion=1, cached=0))
    telemetry.ended("local", "chat", Outcome.DONE, "", 1, Usage(prompt=1, completion=1, cached=0))

    assert lines(telemetry, "narrows_tokens_total") == {
        '{connection="openai",kind="prompt"}': "201.0",
        '{connection="openai",kind="completion"}': "101.0",
        '{connection="openai",kind="cached"}': "120.0",
        '{connection="openai",kind="cache_write"}': "14.0",
        '{connection="openai",kind="reasoning"}': "40.0",
        '{connection="openai",kind="audio_prompt"}': "6.0",
        '{connection="openai",kind="audio_completion"}': "4.0",
        '{connection="local",kind="prompt"}': "1.0",
        '{connection="local",kind="completion"}': "1.0",
    }


def test_a_lying_upstream_turns_no_counter_back() -> None:
    telemetry = PrometheusTelemetry()
    telemetry.ended("openai", "chat", Outcome.DONE, "", 1, Usage(prompt=5, completion=5, cached=5))
    before = lines(telemetry, "narrows_tokens_total")
    telemetry.ended("openai", "chat", Outcome.DONE, "", 1, Usage(-9, -9, -9, -9, -9, -9, -9))
    assert lines(telemetry, "narrows_tokens_total") == before


def test_money_and_compute_units_are_exposed_whole_and_tokens_as_they_are() -> None:
    telemetry = PrometheusTelemetry()
    usd, tokens, compute, calls = (UNITS.index(unit) for unit in (Unit.USD, Unit.TOKENS, Unit.COMPUTE, Unit.CALLS))
    units = ((usd, 0), (tokens, 2), (compute, 3))
    telemetry.settled("openai", 1_250_000, units, (2_500_000, 9, 4_000, 1_000_000), (1_250_000, 9, 900, 500_000))
    telemetry.unknown("openai", ((usd, 0), (tokens, 1)), (1, 1))
    telemetry.settled("local", None, ((calls, 0),), (2,), (1,))
    telemetry.settled("local", 3, (), (), ())

    assert lines(telemetry, "narrows_reserved_total") == {
        '{unit="usd"}': "2.500001",
        '{unit="tokens"}': "4001.0",
        '{unit="units"}': "1.0",
        '{unit="calls"}': "2.0",
    }
    assert lines(telemetry, "narrows_settled_total") == {
        '{unit="usd"}': "1.25",
        '{unit="tokens"}': "900.0",
        '{unit="units"}': "0.5",
        '{unit="calls"}': "1.0",
    }
    assert lines(telemetry, "narrows_spend_usd_total") == {
        '{connection="openai"}': "1.25",
        '{connection="local"}': "3e-06",
    }


def test_amounts_without_their_units_are_a_defect() -> None:
    telemetry = PrometheusTelemetry()
    with pytest.raises(IndexError):
        telemetry.unknown("openai", ((0, 0),), ())
    with pytest.raises(IndexError):
        telemetry.settled("openai", 1, ((0, 1),), (1, 2), (1,))


def test_what_is_held_is_asked_when_it_is_scraped() -> None:
    telemetry, held = PrometheusTelemetry(), {Unit.USD: 500_000}
    assert lines(telemetry, "narrows_held") == {}
    telemetry.holding(lambda: held)
    assert lines(telemetry, "narrows_held") == {'{unit="usd"}': "0.5"}
    held.clear()
    assert lines(telemetry, "narrows_held") == {}


def test_a_call_holds_a_unit_once_however_many_budgets_count_it() -> None:
    names = ["p|usd|day|UTC|user|corp:alice", "|usd|month|UTC|gateway|gateway", "p|tokens|day|~|user|corp:alice"]
    pending = [("call_1", 1, names, (500, 500, 30)), ("call_2", 2, names[:1], (7,)), ("call_3", 3, (), ())]
    assert held_by_unit(pending) == {Unit.USD: 507, Unit.TOKENS: 30}


def test_what_limits_saw_is_counted() -> None:
    telemetry = PrometheusTelemetry()
    telemetry.limited("research", "budget_exceeded")
    telemetry.limited("research", "budget_exceeded")
    telemetry.limited("", "rate_limited")
    telemetry.soft("research", "5 usd / day / user")
    telemetry.unknown("openai", (), ())
    telemetry.implausible("local")

    assert lines(telemetry, "narrows_limited_total") == {
        '{code="budget_exceeded",policy="research"}': "2.0",
        '{code="rate_limited",policy=""}': "1.0",
    }
    assert lines(telemetry, "narrows_soft_limits_total") == {'{policy="research",rule="5 usd / day / user"}': "1.0"}
    assert lines(telemetry, "narrows_unknown_outcomes_total") == {'{connection="openai"}': "1.0"}
    assert lines(telemetry, "narrows_implausible_usage_total") == {'{connection="local"}': "1.0"}
