"""The settings of probing: defaults and bounds."""

from typing import Any

import msgspec
import pytest

from narrows.config.probing import EchoSettings, EnumerationSettings, FloodSettings, Probing
from narrows.inspection.enumeration import CAPACITY
from narrows.inspection.similarity import PROMPTS


def test_empty_sections_stand_for_defaults_that_only_flag() -> None:
    probing = msgspec.convert({"echo": {}, "floods": {}, "enumeration": {}}, Probing)
    assert (probing.echo, probing.floods, probing.enumeration) == (
        EchoSettings(), FloodSettings(), EnumerationSettings(),
    )  # fmt: skip
    assert {each.action for each in (EchoSettings(), FloodSettings(), EnumerationSettings())} == {"flag"}
    assert Probing().echo is Probing().floods is Probing().enumeration is None


@pytest.mark.parametrize(
    "plain",
    [
        {"echo": {"least": 15}},
        {"echo": {"least": 5_000}},
        {"floods": {"calls": 1}},
        {"floods": {"calls": 101}},
        {"floods": {"similar": 0.1}},
        {"enumeration": {"names": 1}},
        {"enumeration": {"names": 201}},
        {"enumeration": {"action": "block"}},
        {"flood": {}},
    ],
)
def test_what_is_out_of_bounds_is_refused(plain: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, Probing)


def test_no_more_is_asked_for_than_is_kept() -> None:
    assert CAPACITY > 200
    assert PROMPTS > 100
