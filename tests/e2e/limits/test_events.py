"""What limits do is told three times: in the record, in the metrics, and of soft thresholds in the log."""

import re

import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.limits.conftest import Asks, ask, recorded


def metric(gate: Gate, name: str, *labels: str) -> float:
    """The value of the one series with these labels; 0 if there is none."""
    found = re.findall(rf"^{name}{{([^}}]*)}} (\S+)$", httpx.get(f"{gate.admin}/metrics").text, re.MULTILINE)
    (value,) = [float(value) for text, value in found if all(label in text for label in labels)] or [0.0]
    return value


def test_a_soft_threshold_is_noted_logged_and_counted_and_the_call_passes(gate: Gate, client: Asks) -> None:
    asks = client("measured", user="mia", max_retries=0)
    spent = metric(gate, "narrows_spend_usd_total", 'connection="priced"')
    soft = ("narrows_soft_limits_total", 'policy="measured"', 'rule="3 calls / day / user"')
    passed = metric(gate, *soft)
    for _ in range(3):
        ask(asks)
    with pytest.raises(openai.RateLimitError):
        ask(asks)
    calls = recorded(gate, "mia", 4)
    notes = [[(note.code, note.param) for note in call.notes] for call in calls]
    assert notes == [[], [("flagged", "3 calls / day / user")], [], []]
    assert gate.output.count("policy measured has passed its soft threshold of 2 calls for 'corp:mia'") == 1
    assert metric(gate, *soft) == passed + 1
    assert metric(gate, "narrows_limited_total", 'policy="measured"', 'code="budget_exceeded"') == 1
    assert round(metric(gate, "narrows_spend_usd_total", 'connection="priced"') - spent, 6) >= 3 * 57e-6
    why = gate.run("why", calls[1].id).stdout
    assert "soft threshold" in why
    assert "3 calls / day / user" in why


def test_nonsense_and_unknown_outcomes_are_counted(gate: Gate, client: Asks) -> None:
    before = [
        metric(gate, "narrows_implausible_usage_total", 'connection="priced"'),
        metric(gate, "narrows_unknown_outcomes_total", 'connection="hasty"'),
    ]
    ask(client("measured", user="max", max_retries=0), "lies:-5:7")
    with pytest.raises(openai.APIStatusError):
        ask(client("measured", user="moe", connection="hasty", max_retries=0), "silent")
    recorded(gate, "moe", 1)
    ask(client("measured", user="max", max_retries=0), "lies:7:-1")
    ask(client("measured", user="max", max_retries=0), "lies:7:1")
    recorded(gate, "max", 3)
    assert metric(gate, "narrows_implausible_usage_total", 'connection="priced"') == before[0] + 2
    assert metric(gate, "narrows_unknown_outcomes_total", 'connection="hasty"') == before[1] + 1
