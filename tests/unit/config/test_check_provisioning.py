"""What providers tell by themselves is checked: tokens nobody guesses, names without globs, addresses that are some."""

import pytest

from narrows.config.check_provisioning import ProvisioningChecks
from narrows.config.load import read_text
from narrows.config.problem import ConfigError

GOOD = "a-token-of-a-provider-that-is-long-enough"
CONFIG = """
connections: {{openai: {{url: https://x.example, dialect: openai, credential: {{none: true}}}}}}
policies: [{{name: all, who: {{users: ["corp:*"]}}, may: {{connections: ["*"], operations: ["*"]}}}}]
identity:
  issuers:
    - {{name: corp, issuer: https://idp.example, audience: narrows, {extra}}}
    - {{name: other, issuer: https://other.example, audience: narrows, scim: {{token: another-{good}}}}}
"""


def checks(extra: str) -> ProvisioningChecks:
    config = read_text(CONFIG.format(extra=extra, good=GOOD).encode(), "narrows.yaml", {}).config
    found = ProvisioningChecks(config)
    found.run()
    return found


def wrong(extra: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        checks(extra)
    return {each.key: each.message for each in refused.value.problems}


@pytest.mark.parametrize(
    "extra",
    [
        f"scim: {{token: {GOOD}}}",
        f"scim: {{token: {GOOD}, previous: {GOOD}-2, subject: externalId, groups: both}}",
        "logout: {clients: [narrows-cli]}",
        "events: {issuer: https://idp.example, jwks_uri: https://idp.example/keys?a=b, audience: [https://x.example]}",
    ],
)
def test_what_is_right_passes(extra: str) -> None:
    found = checks(extra)
    assert (found.problems, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("extra", "key", "message"),
    [
        ("scim: {token: short}", "scim.token", "has fewer than 32 characters"),
        (f"scim: {{token: {GOOD}, previous: short}}", "scim.previous", "has fewer than 32 characters"),
        (f'scim: {{token: "{GOOD} {GOOD}"}}', "scim.token", "has characters that a header can't carry"),
        ('logout: {clients: ["*"]}', "logout.clients[0]", "is no exact name"),
        (
            "events: {issuer: idp, jwks_uri: https://x.example, audience: [a]}",
            "events.issuer",
            "must begin with https:// or http://",
        ),
        ("events: {issuer: https://x.example, jwks_uri: x, audience: [a]}", "events.jwks_uri", "must begin with"),
        (
            'events: {issuer: https://x.example, jwks_uri: https://x.example, audience: ["a*"]}',
            "events.audience[0]",
            "is no exact name",
        ),
        (
            "events: {issuer: https://x.example, jwks_uri: https://x.example, audience: [a], token: short}",
            "events.token",
            "has fewer than 32",
        ),
    ],
)
def test_what_is_wrong_is_named(extra: str, key: str, message: str) -> None:
    found = wrong(extra)
    assert list(found) == [f"identity.issuers[0].{key}"]
    assert message in found[f"identity.issuers[0].{key}"]


def test_one_providers_token_is_not_anothers() -> None:
    found = wrong(f"scim: {{token: another-{GOOD}}}")
    assert found == {"identity.issuers[1].scim.token": "is the token of corp, too"}
