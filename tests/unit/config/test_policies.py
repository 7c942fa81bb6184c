from typing import Any

import msgspec
import pytest

from narrows.config.policies import Policy


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, False),
        ({"prompts": [{"deny": {"pattern": "x"}}]}, False),
        ({"prompts": [{"deny": {"entities": ["US_SSN"]}}]}, True),
        ({"responses": [{"deny": {"entities": ["US_SSN"]}}]}, True),
        ({"mask": [{"entities": ["US_SSN"]}]}, True),
    ],
)
def test_detectors_are_needed_where_something_looks_for_entities(more: dict[str, Any], names: bool) -> None:
    plain = {"name": "one", "who": {"users": ["ana"]}, "may": {"connections": ["*"], "operations": ["*"]}, **more}
    assert msgspec.convert(plain, Policy).names_entities is names
