"""The documented estimate, to the token, and the bound."""

from collections.abc import Sequence
from typing import Any

import pytest

from narrows.model.call import Asked
from narrows.model.text import Opaque, Role, Text
from narrows.policy.tokens import CALL, TOOLS, EstimatingCounter


@pytest.mark.parametrize(
    ("texts", "tokens"),
    [([], 3), ([""], 7), (["abcd"], 8), (["abcde"], 9), (["é"], 8), (["漢字"], 9), (["a", "b"], 13), (["\ud800"], 8)],
)
def test_estimates(texts: Sequence[str], tokens: int) -> None:
    assert EstimatingCounter().prompt([Text(Role.USER, "$", value) for value in texts]) == tokens


USER, TOOL = Text(Role.USER, "$.messages[0].content", "hi"), Text(Role.TOOL_DEFINITION, "$.tools[0].name", "f")
IMAGE = Opaque("$.messages[0].content[1].image_url.url", "image/png", "00", 300, 422)


@pytest.mark.parametrize(
    ("asked", "tokens"),
    [
        ({}, 1_000 + CALL),
        ({"texts": (USER, USER)}, 1_000 + CALL),
        ({"texts": (USER, TOOL)}, 1_000 + CALL + TOOLS),
        ({"texts": (USER,), "opaque": (IMAGE, IMAGE)}, 156 + CALL),
        ({"opaque": (IMAGE,) * 3}, CALL),
    ],
)
def test_bounds(asked: dict[str, Any], tokens: int) -> None:
    assert EstimatingCounter().bound(Asked("chat", "m", {}, **asked), 1_000) == tokens
