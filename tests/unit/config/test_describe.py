"""The revision names what a configuration permits: any change to that changes it, secrets are not in it."""

from typing import Any

import msgspec
import pytest

from narrows.config.describe import describe, revision
from narrows.config.load import read_text
from narrows.config.schema import Config

BASE = """\
identity: {issuers: [{name: corp, issuer: "https://idp", audience: narrows}]}
connections: {openai: {url: "https://x", dialect: openai, credential: {bearer: SECRET}, aliases: {b: c, a: c}}}
policies:
  - {name: p, who: {groups: [g]}, may: {connections: [openai], models: [m], operations: [chat]}}
"""


def config(text: str = BASE) -> Config:
    return read_text(text.encode(), "n.yaml", {}).config


def test_the_same_configuration_has_the_same_revision() -> None:
    assert revision(config()) == revision(config())
    assert len(revision(config())) == 16


def test_order_of_names_does_not_matter() -> None:
    assert revision(config()) == revision(config(BASE.replace("b: c, a: c", "a: c, b: c")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("groups: [g]", "groups: [h]"),
        ("models: [m]", 'models: ["*"]'),
        ("a: c", "a: d"),
        ("audience: narrows", "audience: other"),
        ("name: p,", "name: p, mode: observe,"),
        ("https://x", "https://y"),
        ("operations: [chat]}", "operations: [chat]}, mask: [{entities: [PII]}]"),
        ("policies:", "limits: {calls: 5 / minute}\npolicies:"),
        ("policies:", "limits: {unknown: 5m}\npolicies:"),
        ("aliases:", "prices: [{models: [c], input: 1, output: 1}], aliases:"),
        ("aliases:", "compute: [{models: [c], second: 1}], aliases:"),
        ("aliases:", "provider: azure, aliases:"),
        ("aliases:", "output_default: 5, aliases:"),
        ("aliases:", "media_tokens: 5, aliases:"),
        ("aliases:", "prompt_overhead: 5, aliases:"),
        ("policies:", "detectors: {words: [{name: w, entity: W, words: [w]}]}\npolicies:"),
    ],
)
def test_what_is_permitted_changes_it(old: str, new: str) -> None:
    assert revision(config()) != revision(config(BASE.replace(old, new)))


@pytest.mark.parametrize(("old", "new"), [("SECRET", "OTHER"), ("identity:", "store: elsewhere\nidentity:")])
def test_what_is_not_permitted_does_not(old: str, new: str) -> None:
    assert revision(config()) == revision(config(BASE.replace(old, new)))


def test_it_is_plain_and_without_secrets() -> None:
    plain: dict[str, Any] = describe(config())
    encoded = msgspec.json.encode(plain)
    assert b"SECRET" not in encoded
    assert all("credential" not in connection for connection in plain["connections"].values())


def test_a_webhooks_address_changes_it_and_its_secret_does_not() -> None:
    hook = "classifiers: [{name: t, labels: [a], webhook: {url: 'https://h/x', secret: SECRET}}]\npolicies:"
    text = BASE.replace("policies:", hook.replace("SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    assert revision(config(text)) != revision(config())
    assert revision(config(text.replace("MfKQ", "NfKQ"))) == revision(config(text))
    assert revision(config(text.replace("//h/", "//i/"))) != revision(config(text))
    assert b"MfKQ" not in msgspec.json.encode(describe(config(text)))
