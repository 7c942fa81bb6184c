import pytest

from narrows.config.problem import ConfigError, Problem
from narrows.config.written import LARGEST, read_policies, read_policy, write_policy

FILE = b"""\
policies:
  - name: nightly
    who: {groups: [research]}
    may: {connections: [openai], models: ["gpt-*"], operations: [chat]}
    limits:
      budgets: ["5 usd / day / user"]   # so much
  - {name: other, who: {users: ["60"]}, may: {connections: [openai], operations: [models]}}
"""


def wrong(data: bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_policies(data, "f.yaml")
    return [f"{each.line}:{each.key}: {each.message}" for each in caught.value.problems]


def test_each_policy_is_kept_as_it_is_written_and_read_again_as_the_same() -> None:
    written = read_policies(FILE, "f.yaml")
    assert [each.policy.name for each in written.policies] == ["nightly", "other"]
    assert [each.key for each in written.policies] == ["policies[0]", "policies[1]"]
    assert [read_policy(each.text) for each in written.policies] == [each.policy for each in written.policies]
    assert "budgets: ['5 usd / day / user']" in written.policies[0].text.replace('"', "'")
    assert written.policies[1].policy.who.users == ("60",)


def test_problems_have_their_lines() -> None:
    assert wrong(FILE.replace(b"{groups:", b"{gruops: [x], groups:")) == ["3:policies[0].who.gruops: no such setting"]
    assert wrong(b"policies: []\n") == ["1:policies: must list at least one; an empty list would permit nothing"]
    assert wrong(FILE.replace(b"other", b"nightly")) == ["7:policies[1].name: another policy is already called nightly"]
    assert wrong(FILE + b"store: /tmp\n") == ["8:store: no such setting"]
    written = read_policies(FILE, "f.yaml")
    placed = written.placed(Problem("policies[0].may.models[0].deeper", "is wrong"))
    assert (placed.file, placed.line) == ("f.yaml", 4)


def test_a_name_of_a_team_can_not_be_written_into_one() -> None:
    assert any("policies[0].name" in each for each in wrong(FILE.replace(b"nightly", b"blue/nightly")))
    assert any("policies[0].name" in each for each in wrong(FILE.replace(b"nightly", b"'team:blue'")))


def test_nothing_of_the_machine_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary-77")
    written = read_policies(FILE.replace(b'"gpt-*"', b'"${env:CANARY}"'), "f.yaml")
    assert written.policies[0].policy.may.models == ("${env:CANARY}",)


def test_what_is_too_large_is_refused() -> None:
    large = b'", "'.join(b"m%d" % number for number in range(LARGEST // 4))
    assert any("larger" in each for each in wrong(FILE.replace(b"gpt-*", large)))


def test_plain_data_is_written_so_that_it_reads_as_itself() -> None:
    plain = {
        "name": "api",
        "who": {"groups": ["yes", "60"]},
        "may": {"connections": ["openai"], "models": ["*"], "operations": ["chat"]},
        "limits": {"prompt_tokens": 60},
    }
    read = read_policy(write_policy(plain))
    assert read.who.groups == ("yes", "60")
    assert read.limits.prompt_tokens == 60
    with pytest.raises(ConfigError):
        read_policy(write_policy({"name": "api"}))
