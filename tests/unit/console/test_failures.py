"""Refusals in the log: the first at once, the others counted."""

import pytest

from narrows.console.failures import Failures

MINUTE = 60_000_000


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return messages


def test_a_loop_is_two_lines_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    for _ in range(1000):
        failures.note(MINUTE, "192.0.2.1", "credential_invalid")
    assert told(caplog) == ["a request from 192.0.2.1 was refused: credential_invalid"]
    failures.note(2 * MINUTE, "192.0.2.1", "credential_invalid")
    assert told(caplog) == [
        "999 more requests from 192.0.2.1 were refused in that minute: credential_invalid",
        "a request from 192.0.2.1 was refused: credential_invalid",
    ]
    failures.flush()
    assert told(caplog) == []


def test_addresses_and_reasons_are_kept_apart(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    for address in ("192.0.2.1", "192.0.2.2"):
        for code in ("credential_missing", "role_missing"):
            failures.note(MINUTE, address, code)
    assert len(told(caplog)) == 4


def test_many_addresses_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    for number in range(5000):
        failures.note(MINUTE, f"10.0.{number // 256}.{number % 256}", "credential_missing")
    assert len(told(caplog)) == 1001
    failures.flush()
    assert told(caplog) == ["3999 more requests from other were refused in that minute: credential_missing"]
