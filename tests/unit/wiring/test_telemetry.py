from narrows.model.record import Outcome
from narrows.model.usage import Usage
from narrows.wiring.telemetry import PrometheusTelemetry


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
