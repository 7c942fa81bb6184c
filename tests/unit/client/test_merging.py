"""Settings get into a file that a person wrote, and nothing else in it changes; else the file is left alone."""

import json
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from narrows.client.merging import NotMerged, merged

CODEX = """model_provider = "narrows"

[model_providers.narrows]
name = "Narrows"
base_url = "https://gate.test/v1"

[model_providers.narrows.auth]
command = "narrows"
args = ["token"]
"""
CONTINUE = """name: Narrows
version: 1.0.0
schema: v1
models:
  - name: Narrows
    provider: openai
    model: "m"
"""
CLAUDE = '{"apiKeyHelper": "narrows token", "env": {"ANTHROPIC_BASE_URL": "https://gate.test"}}'
KEPT = frozenset({"name", "version", "schema"})


@pytest.mark.parametrize(("kind", "new"), [("json", CLAUDE), ("toml", CODEX), ("yaml", CONTINUE)])
def test_an_empty_file_gets_ours_and_a_second_time_changes_nothing(kind: str, new: str) -> None:
    assert merged(kind, "", new) == new
    assert merged(kind, "\n", new) == new
    assert merged(kind, new, new) == new


def test_json_keeps_what_is_theirs() -> None:
    old = '{"permissions": {"allow": ["Bash"]}, "env": {"FOO": "1", "ANTHROPIC_BASE_URL": "https://old"}, "model": "x"}'
    assert json.loads(merged("json", old, CLAUDE)) == {
        "permissions": {"allow": ["Bash"]},
        "env": {"FOO": "1", "ANTHROPIC_BASE_URL": "https://gate.test"},
        "model": "x",
        "apiKeyHelper": "narrows token",
    }


def test_toml_keeps_comments_and_other_tables() -> None:
    old = """# mine
model = "gpt-5"  # the best
model_provider = "openai"

[model_providers.narrows]  # an old one
name = "Narrows"
base_url = "https://old.test/v1"
env_key = "OLD"

[model_providers.other]
name = "Other"

[tools]
web_search = true # stays
"""
    text = merged("toml", old, CODEX)
    found = tomllib.loads(text)
    assert found["model_provider"] == "narrows"
    assert found["model"] == "gpt-5"
    assert found["tools"] == {"web_search": True}
    assert found["model_providers"]["other"] == {"name": "Other"}
    assert found["model_providers"]["narrows"]["base_url"] == "https://gate.test/v1"
    for comment in ("# mine", "# the best", "# stays"):
        assert comment in text


def test_a_table_of_ours_is_replaced_whole() -> None:
    """A key that was set by hand beside ours could contradict them."""
    old = (
        '[model_providers.narrows]\nname = "Narrows"\nenv_key = "K"\n[model_providers.narrows.http_headers]\na = "b"\n'
    )
    assert tomllib.loads(merged("toml", old, CODEX)) == tomllib.loads(CODEX)


def test_yaml_keeps_comments_and_other_models() -> None:
    old = """# mine
name: Work
version: 2.0.0
schema: v1
models:
    # local
    - name: Local
      provider: ollama
      model: "qwen"
rules:
  - be brief
"""
    text = merged("yaml", old, CONTINUE, KEPT)
    found = yaml.safe_load(text)
    assert (found["name"], found["version"], found["rules"]) == ("Work", "2.0.0", ["be brief"])
    assert [model["name"] for model in found["models"]] == ["Narrows", "Local"]
    assert "# mine" in text
    assert "# local" in text
    assert merged("yaml", text, CONTINUE, KEPT) == text


def test_yaml_lines_are_set_or_added() -> None:
    new = 'openai-api-base: "http://127.0.0.1:8089/v1"\nmodel: "openai/m"\n'
    old = "# mine\nmodel: gpt-4o  # for now\ndark-mode: true\n"
    assert yaml.safe_load(merged("yaml", old, new)) == {
        "openai-api-base": "http://127.0.0.1:8089/v1",
        "model": "openai/m",
        "dark-mode": True,
    }


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("json", "// comment\n{}", CLAUDE),
        ("json", "[1]", CLAUDE),
        ("toml", "model = ", CODEX),
        ("toml", 'model_providers = {narrows = {name = "x"}}', CODEX),
        ("toml", 'note = """\n[model_providers.narrows]\n"""\n', CODEX),
        ("yaml", "- a\n- b\n", CONTINUE),
        ("yaml", "a: [", CONTINUE),
        ("yaml", "models: [{name: Local, provider: ollama, model: q}]\n", CONTINUE),
        ("yaml", "models:\n  - name: Narrows\n    provider: other\n    model: n\n", CONTINUE),
        ("yaml", "models:\n- {name: Narrows, provider: other}\n", CONTINUE),
    ],
)
def test_what_can_not_be_changed_safely_is_left_alone(kind: str, old: str, new: str) -> None:
    with pytest.raises(NotMerged):
        merged(kind, old, new)


VALUES = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)


@given(st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=3), max_size=5))
def test_nothing_of_theirs_is_ever_lost(old: dict[str, Any]) -> None:
    """Whatever is in the file: afterwards it is there, and ours; or the file was left alone."""
    for kind, text, new, parse in (
        ("json", json.dumps(old), CLAUDE, json.loads),
        ("toml", _toml(old), CODEX, tomllib.loads),
        ("yaml", yaml.safe_dump(old), CONTINUE, yaml.safe_load),
    ):
        try:
            found = parse(merged(kind, text if old else "", new))
        except NotMerged:
            continue
        ours = parse(new)
        assert {name: value for name, value in found.items() if name not in ours} == {
            name: value for name, value in old.items() if name not in ours
        }


def _toml(settings: dict[str, Any]) -> str:
    plain = [f"{k} = {json.dumps(v)}" for k, v in settings.items() if not isinstance(v, dict)]
    tables = [
        line
        for name, table in settings.items()
        if isinstance(table, dict)
        for line in (f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items()))
    ]
    return "\n".join([*plain, *tables]) + "\n"
