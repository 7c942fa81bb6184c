"""Every dialect of the configuration can be built and names its operations."""

import pytest

from narrows.dialects.registry import OPERATIONS, build_dialect
from unit.dialects.payloads import connection


@pytest.mark.parametrize("kind", ["openai", "anthropic", "json"])
def test_every_dialect(kind: str) -> None:
    speaks = build_dialect(connection(kind))
    assert speaks.name == kind
    assert speaks.operations <= OPERATIONS


def test_operations_are_those_of_the_design() -> None:
    assert {
        "chat", "completions", "responses", "embeddings", "moderations", "models", "count_tokens", "json",
    } == OPERATIONS  # fmt: skip
