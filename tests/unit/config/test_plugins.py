"""The settings of plug-ins: their bounds and defaults."""

from typing import Any

import msgspec
import pytest

from narrows.config.plugins import AnalyzerSettings, ClassifierSettings, ControlSettings, Judge


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (ClassifierSettings, {"name": "c", "plugin": "x", "labels": []}),
        (ClassifierSettings, {"name": "c", "plugin": "x", "labels": ["a"], "threshold": 1.1}),
        (ClassifierSettings, {"name": "c", "plugin": "x", "labels": ["a"], "processes": 0}),
        (ClassifierSettings, {"name": "c", "plugin": "x", "labels": ["a"], "on_failure": "allow"}),
        (AnalyzerSettings, {"name": "c", "plugin": "x", "entities": []}),
        (ControlSettings, {"name": "c", "plugin": "x", "mode": "off"}),
        (Judge, {"connection": "c", "model": "m", "as": "a", "max_tokens": 1}),
        (Judge, {"connection": "c", "model": "m"}),
    ],
)
def test_what_is_out_of_bounds_is_refused(kind: Any, plain: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, kind)


def test_failures_refuse_unless_it_is_said() -> None:
    row = msgspec.convert({"name": "c", "plugin": "x", "labels": ["a"]}, ClassifierSettings)
    assert (row.on_failure, row.timeout, row.environment) == ("deny", 2.0, ())
    assert msgspec.convert({"name": "c", "plugin": "x"}, ControlSettings).mode == "enforce"
