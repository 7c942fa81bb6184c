"""The documented estimate, to the token."""

from collections.abc import Sequence

import pytest

from narrows.model.text import Role, Text
from narrows.policy.tokens import EstimatingCounter


@pytest.mark.parametrize(
    ("texts", "tokens"),
    [([], 3), ([""], 7), (["abcd"], 8), (["abcde"], 9), (["é"], 8), (["漢字"], 9), (["a", "b"], 13), (["\ud800"], 8)],
)
def test_estimates(texts: Sequence[str], tokens: int) -> None:
    assert EstimatingCounter().prompt([Text(Role.USER, "$", value) for value in texts]) == tokens
