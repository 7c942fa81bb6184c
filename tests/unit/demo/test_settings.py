"""The demo's configuration: an ordinary one, without problems, that decides as its comments say."""

from pathlib import Path

import pytest

from narrows.config.load import Loaded, read_text
from narrows.demo.identity_provider import USERS
from narrows.demo.settings import (
    UPSTREAM_KEY_FILE,
    Upstream,
    demo_yaml,
    own_upstream,
    sample_upstream,
)
from narrows.dialects.registry import build_dialect
from narrows.model.principal import Principal
from narrows.policy.compile import compile_policies
from narrows.wiring.detectors import vocabulary

SAMPLE = sample_upstream("http://127.0.0.1:7")


def loaded(folder: Path, upstream: Upstream = SAMPLE) -> Loaded:
    text = demo_yaml(
        upstream,
        listen="127.0.0.1:1",
        admin="127.0.0.1:2",
        console="127.0.0.1:4",
        store=str(folder),
        issuer="http://127.0.0.1:3",
    )
    operations = lambda connection: build_dialect(connection).operations  # noqa: E731
    return read_text(text.encode(), str(folder / "demo.yaml"), {}, operations)


def test_it_has_no_problems_and_no_warnings(tmp_path: Path) -> None:
    settings = loaded(tmp_path / 'od: d "{name}')
    assert settings.warnings == ()
    assert settings.config.store == str(tmp_path / 'od: d "{name}')
    assert settings.config.connections["openai"].url == "http://127.0.0.1:7/openai"


def allowed(folder: Path, user: str, connection: str, operation: str, model: str | None) -> bool:
    config = loaded(folder).config
    policies = compile_policies(config, vocabulary(config.detectors))
    groups = {each.name: (frozenset(each.groups), each.department) for each in USERS}
    principal = Principal("demo", user, groups=groups[user][0], attributes={"department": (groups[user][1],)})
    return policies.plan(principal, connection, operation, model).refusal is None


@pytest.mark.parametrize(
    ("user", "operation", "model", "expected"),
    [
        ("alice", "chat", "sample-large", True),
        ("alice", "embeddings", "sample-embed", True),
        ("bob", "chat", "sample-small", True),
        ("bob", "chat", "sample-large", False),
        ("bob", "embeddings", "sample-small", False),
        ("carol", "chat", "sample-small", False),
        ("carol", "models", None, True),
        ("dave", "responses", "sample-large", True),
    ],
)
def test_each_user_may_what_the_comments_say(
    tmp_path: Path, user: str, operation: str, model: str | None, *, expected: bool
) -> None:
    for connection in ("openai", "anthropic"):
        if connection == "openai" or operation in ("chat", "models"):
            assert allowed(tmp_path, user, connection, operation, model) is expected


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_the_user_s_own_server_with_and_without_v1(url: str) -> None:
    assert own_upstream(url, keyed=False).openai == "http://h:1"


def test_its_key_is_a_reference(tmp_path: Path) -> None:
    (tmp_path / UPSTREAM_KEY_FILE).write_text("sk-canary")
    config = loaded(tmp_path, own_upstream("http://h:1/v1", keyed=True)).config
    bearer, x_api_key = (config.connections[name].credential for name in ("openai", "anthropic"))
    assert bearer.bearer is not None
    assert x_api_key.x_api_key is not None
    assert bearer.bearer.reveal() == x_api_key.x_api_key.reveal() == "sk-canary"
    assert config.policies[1].may.models == ("*",)
