"""Rules of exchange say whose tokens, which claims, for whom and for what; none of it can be left out."""

from typing import Any

import msgspec
import pytest

from narrows.config.exchange import LONGEST, LONGEST_KEY, Accounts, Exchange, Graph

RULE: dict[str, Any] = {
    "name": "ci",
    "issuer": "github",
    "claims": {"repository": ["acme/app"]},
    "account": "ci",
    "owner": "corp:ana",
    "may": {"connections": ["openai"], "operations": ["chat"]},
}


def test_a_token_lasts_an_hour_and_reaches_no_model_unless_it_says_so() -> None:
    rule = msgspec.convert(RULE, Exchange)
    assert (rule.longest, rule.may.models, rule.purpose) == (3600.0, None, None)


@pytest.mark.parametrize("name", sorted(RULE))
def test_nothing_that_matters_has_a_default(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert({key: value for key, value in RULE.items() if key != name}, Exchange)


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims": {}},
        {"claims": {"repository": []}},
        {"claims": {"repository": "acme/app"}},
        {"longest": 0},
        {"longest": LONGEST + 1},
        {"account": "CI jobs"},
        {"may": {"connections": ["openai"]}},
        {"may": {"connections": [], "operations": ["chat"]}},
    ],
)
def test_a_rule_that_would_say_nothing_or_too_much_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(RULE | wrong, Exchange)


def test_accounts_are_bounded_whatever_is_said() -> None:
    assert (Accounts().longest, Accounts().purpose) == (LONGEST_KEY, "optional")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"longest": LONGEST_KEY + 1}, Accounts)


def test_graph_needs_a_client_of_its_own() -> None:
    with pytest.raises(msgspec.ValidationError, match="client_id"):
        msgspec.convert({"tenant": "t"}, Graph)
