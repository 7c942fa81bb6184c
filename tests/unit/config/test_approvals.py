"""The settings of approvals, as a file has them."""

from typing import Any

import msgspec
import pytest

from narrows.config.approvals import CONDITIONS, Asking, ConditionSetting
from narrows.config.load import read_text
from narrows.config.problem import ConfigError
from narrows.config.rules import ApproveMatch
from narrows.config.schema import Config

FILE = """\
identity: {issuers: [{name: corp, issuer: https://idp.example.com, audience: narrows}]}
connections:
  openai: {url: https://api.openai.com, dialect: openai, credential: {none: true}}
policies:
  - name: p
    who: {groups: [research]}
    may: {connections: [openai], models: ["*"], operations: [chat], justification: required}
    prompts:
      - approve: {words: [export], in: [user], by: [security, "user:ana"], needed: 2, hold: 30s, expires: 2h, %s}
    approvals:
      - {cost: 0.50 usd, prompt_tokens: 20000, outside: {days: [mon-fri], hours: 09:00-18:00}, by: [leads], %s}
"""


def loaded(rule: str = "mode: enforce", condition: str = "mode: enforce") -> Config:
    return read_text((FILE % (rule, condition)).encode(), "narrows.yaml", {}).config


def problem(**more: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(**more)
    (found,) = caught.value.problems
    return f"{found.key}: {found.message}"


def test_a_file_is_read() -> None:
    policy = loaded(rule="then: {by: [leads], after: 10m}, justification: required").policies[0]
    rule, condition = policy.prompts[0].approve, policy.approvals[0]
    assert rule is not None
    assert policy.may.justification == "required"
    assert (rule.by, rule.needed, rule.hold, rule.expires) == (("security", "user:ana"), 2, 30.0, 7200.0)
    assert rule.then is not None
    assert (rule.then.by, rule.then.after, rule.justification) == (("leads",), 600.0, "required")
    assert (condition.cost, condition.prompt_tokens, condition.hold, condition.expires) == (500_000, 20_000, 55, 3600)
    assert condition.outside is not None
    assert (condition.outside.days, condition.outside.hours) == (("mon-fri",), "09:00-18:00")


def test_a_rule_that_asks_nobody_is_no_rule() -> None:
    text = FILE.replace('by: [security, "user:ana"], ', "") % ("mode: enforce", "mode: enforce")
    with pytest.raises(ConfigError) as caught:
        read_text(text.encode(), "narrows.yaml", {})
    assert [(each.key, each.message) for each in caught.value.problems] == [
        ("policies[0].prompts[0].approve.by", "is missing")
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rule": "then: {after: 1m}"}, "policies[0].prompts[0].approve.then.by: is missing"),
        ({"rule": "bye: [x]"}, "policies[0].prompts[0].approve.bye: no such setting"),
        ({"condition": "needed: 0"}, "policies[0].approvals[0].needed: must be at least 1"),
        ({"condition": "models: []"}, "policies[0].approvals[0].models: must list at least one"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(more: dict[str, str], said: str) -> None:
    assert problem(**more).startswith(said)


def test_both_kinds_of_rules_ask_in_the_same_words() -> None:
    names = [name for name in vars(Asking) if not name.startswith("_")]
    assert len(names) == 8
    for kind in (ApproveMatch, ConditionSetting):
        fields: dict[str, Any] = {field.name: field for field in msgspec.structs.fields(kind)}
        assert set(names) <= set(fields)
    given = [{field.name: field for field in msgspec.structs.fields(kind)} for kind in (ApproveMatch, ConditionSetting)]
    assert all(given[0][name].default == given[1][name].default for name in names)


def test_every_condition_is_a_setting() -> None:
    assert set(CONDITIONS) <= set(ConditionSetting.__struct_fields__)
