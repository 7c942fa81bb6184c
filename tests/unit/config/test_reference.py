"""The settings reference is generated whole: every section and key, defaults as they are written."""

import re

import msgspec.inspect as mi
import pytest

from narrows.config import schema
from narrows.config.reference import duration, reference, size


def test_every_section_stands_in_it() -> None:
    page = reference()
    for heading in (
        "gate.tls",
        "identity.issuers[].introspection",
        "connections.<name>.timeouts",
        "policies[].prompts[].deny",
    ):
        assert f"\n## `{heading}`\n" in page


def test_every_key_has_a_row_with_a_meaning() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.* \| (.*) \|$", reference(), flags=re.MULTILINE)
    assert all(meaning for _, meaning in rows)
    keys = {name for name, _ in rows}
    for kind in vars(schema).values():
        if isinstance(kind, type) and issubclass(kind, schema.Setting):
            section = mi.type_info(kind)
            assert isinstance(section, mi.StructType)
            assert {field.encode_name for field in section.fields} <= keys


def test_rows_are_well_formed() -> None:
    for line in reference().splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line


@pytest.mark.parametrize(
    "row",
    [
        "| `drain` | duration, > 0 | `30s` |",
        "| `max_body` | size, > 0 | `32mb` |",
        "| `in` | list of `assistant` \\|",
        "| `url` | text | **required** |",
        "| `budgets` | list of texts or sections | — |",
        "| `calls` | texts or sections, or one | — |",
        "| `max_cost` | text or section | — |",
        "| `soft` | percentage | — |",
        "| `limit` | amount | **required** |",
        "| `input` | price | **required** |",
        "| `unknown` | duration, > 0 | `15m` |",
        "| `per` | `minute` \\| `hour` \\| `day`",
        "| `none` | true or false | `false` |",
    ],
)
def test_types_and_defaults_are_as_written(row: str) -> None:
    assert row in reference()


@pytest.mark.parametrize(("seconds", "text"), [(0.5, "500ms"), (1, "1s"), (75, "75s"), (900, "15m"), (86400, "1d")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1b"), (65536, "64kb"), (1 << 30, "1gb"), (1500, "1500b")])
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
