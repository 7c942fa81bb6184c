"""The cap goes where the model takes it."""

import pytest

from narrows.config.schema import CapField
from narrows.dialects.cap_fields import CapFields, set_cap


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("o1-mini", "max_completion_tokens"),
        ("o3", "max_completion_tokens"),
        ("gpt-5-mini", "max_completion_tokens"),
        ("gpt-4.1-nano", "max_completion_tokens"),
        ("gpt-4o-2024-08-06", "max_completion_tokens"),
        ("chatgpt-4o-latest", "max_completion_tokens"),
        ("gpt-4-turbo", "max_tokens"),
        ("olmo-7b", "max_tokens"),
        ("llama-3", "max_tokens"),
        (None, "max_tokens"),
    ],
)
def test_the_shipped_table(model: str | None, field: str) -> None:
    assert CapFields(()).field(model) == field


def test_a_connection_overrides_it() -> None:
    fields = CapFields((CapField(models=("gpt-4o*", "mine"), field="both"),))
    assert fields.field("gpt-4o-mini") == "both"
    assert fields.field("mine") == "both"
    assert fields.field("o1") == "max_completion_tokens"


def test_every_other_name_is_removed() -> None:
    body = {"max_tokens": 9, "n_predict": 4, "temperature": 1}
    set_cap(body, "max_completion_tokens", 4)
    assert body == {"temperature": 1, "max_completion_tokens": 4}
    set_cap(body, "both", 3)
    assert body == {"temperature": 1, "max_completion_tokens": 3, "max_tokens": 3}
