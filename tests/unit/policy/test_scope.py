"""Scopes: what a credential is good for at most, and nothing beyond."""

import pytest

from narrows.model.principal import Scope
from narrows.model.refusal import Code
from narrows.policy.scope import Reach

SCOPE = Scope(("openai", "lab-*"), ("gpt-4o*",), ("chat", "models"))


@pytest.mark.parametrize(
    ("connection", "operation", "model", "named"),
    [
        ("openai", "chat", "gpt-4o-mini", None),
        ("lab-7", "chat", "gpt-4o", None),
        ("openai", "models", None, None),
        ("claude", "chat", "gpt-4o", "connection 'claude'"),
        ("openai", "embeddings", "gpt-4o", "operation 'embeddings'"),
        ("openai", "chat", "o3", "model 'o3'"),
        ("openai", "chat", "", "model ''"),
    ],
)
def test_each_part_must_be_within(connection: str, operation: str, model: str | None, named: str | None) -> None:
    deny = Reach(SCOPE).exceeded(connection, operation, model)
    if named is None:
        assert deny is None
    else:
        assert deny is not None
        assert deny.code is Code.SCOPE_EXCEEDED
        assert named in deny.message


def test_without_models_nothing_that_names_one_is_within() -> None:
    reach = Reach(Scope(("openai",), (), ("*",)))
    assert reach.exceeded("openai", "models", None) is None
    deny = reach.exceeded("openai", "chat", "gpt-4o")
    assert deny is not None
    assert deny.message.endswith("but for: none.")
    assert not reach.shows("gpt-4o")


def test_a_name_of_any_length_is_shown_cut() -> None:
    deny = Reach(SCOPE).exceeded("openai", "chat", "x" * 5_000)
    assert deny is not None
    assert len(deny.message) < 300
