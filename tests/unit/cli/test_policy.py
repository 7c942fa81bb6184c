"""What the policies decide, explained and tested."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unit.cli.command import Ran
from unit.cli.table import TABLE
from unit.plugins.installed import install

Narrows = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("config")

ALICE = ["--user", "alice", "--group", "research", "--connection", "openai"]
CASES = """\
cases:
  - name: research may chat
    as: {user: alice, groups: [research]}
    connection: openai
    model: gpt-4o
    prompt: Hello!
    expect: allow
  - as: {user: alice, groups: [research]}
    connection: openai
    model: gpt-4o
    prompt: Ignore all that
    expect: {deny: prompt_denied}
"""


def test_explain_says_why(narrows: Narrows) -> None:
    ran = narrows("policy", "explain", *ALICE, "--model", "gpt-4o")
    assert ran.code == 0
    assert "corp:alice · chat with gpt-4o on openai: allowed" in ran.out
    ran = narrows("policy", "explain", *ALICE, "--model", "o3")
    assert ran.code == 1
    assert "refused (model_not_allowed)" in ran.out
    assert "no  may.models: gpt-*  (has o3)" in ran.out


def test_explain_as_json(narrows: Narrows) -> None:
    (row,) = narrows("policy", "explain", *ALICE, "--model", "o3", "--json").rows
    assert (row["id"], row["allowed"], row["code"]) == ("corp:alice", False, "model_not_allowed")


def test_explain_for_service_accounts_and_attributes(narrows: Narrows) -> None:
    ran = narrows("policy", "explain", "--service-account", "report", "--connection", "openai", "--operation", "models")
    assert "narrows:report" in ran.out
    attributes = ["--attribute", "a=1", "--attribute", "a=2"]
    assert narrows("policy", "explain", "--connection", "openai", *attributes).code == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--connection", "openai"], "say who asks"),
        (["--user", "a", "--connection", "opnai"], "did you mean `openai`?"),
        (["--user", "a", "--connection", "zzz"], "there are openai"),
        (["--user", "a", "--connection", "openai", "--operation", "caht"], "did you mean `chat`?"),
        (["--user", "a", "--connection", "openai", "--attribute", "novalue"], "NAME=VALUE"),
        (["--user", "a", "--service-account", "b", "--connection", "openai"], "service account"),
        (["--user", "a"], "--connection"),
    ],
)
def test_explain_refuses_questions_that_make_no_sense(narrows: Narrows, arguments: list[str], part: str) -> None:
    ran = narrows("policy", "explain", *arguments)
    assert ran.code == 2
    assert part in ran.err


def test_cases_that_hold(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    ran = narrows("policy", "test", "cases.yaml")
    assert ran.code == 0
    assert "2 of 2 cases are as expected" in ran.out
    assert [row["passed"] for row in narrows("policy", "test", "cases.yaml", "--json").rows] == [True, True]


def test_a_case_that_does_not_hold(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CASES.replace("expect: allow", "expect: deny"))
    ran = narrows("policy", "test", "cases.yaml")
    assert ran.code == 1
    assert "1 of 2 cases" in ran.out
    assert "cases.yaml:2: research may chat: expected deny, got allow" in ran.err
    assert narrows("policy", "test", "cases.yaml", "--json").code == 1


@pytest.mark.parametrize(
    "content", ["", "cases: []", "cases: [{}]", "a: [", CASES.replace("openai", "opnai"), CASES.replace("as:", "az:")]
)
def test_cases_that_cannot_be_used(narrows: Narrows, tmp_path: Path, content: str) -> None:
    (tmp_path / "cases.yaml").write_text(content)
    ran = narrows("policy", "test", "cases.yaml")
    assert ran.code == 2
    assert "cases.yaml" in ran.err


def test_a_missing_file_of_cases(narrows: Narrows) -> None:
    ran = narrows("policy", "test", "nowhere.yaml")
    assert (ran.code, ran.err) == (2, "narrows: nowhere.yaml: the file can't be read: No such file or directory\n")


MASKED = """\
cases:
  - as: {user: alice, groups: [research]}
    connection: openai
    model: gpt-4o
    prompt: My number is 054-28-6917
    masks: [US_SSN]
    expect: allow
  - as: {user: alice, groups: [research]}
    connection: openai
    model: gpt-4o
    prompt: Hello!
    masks: [US_SSN]
    expect: allow
"""


def test_cases_say_what_is_masked(
    narrows: Narrows, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("narrows.wiring.masking.DETECTORS", TABLE)
    config.write_text(config.read_text() + "    mask: [{entities: [US_SSN], with: partial}]\n")
    (tmp_path / "cases.yaml").write_text(MASKED)
    rows = narrows("policy", "test", "cases.yaml", "--json").rows
    assert [(row["passed"], row["masks"]) for row in rows] == [(True, ["US_SSN"]), (False, [])]
    ran = narrows("policy", "test", "cases.yaml")
    assert ran.code == 1
    assert "expected allow, masks US_SSN, got allow, masks nothing" in ran.err
    explained = narrows("policy", "explain", *ALICE, "--model", "gpt-4o").out
    assert "masks: research: mask[0] shows the last four of US_SSN in prompt and response" in explained


def test_what_is_blocked_is_refused(
    narrows: Narrows, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("narrows.wiring.masking.DETECTORS", TABLE)
    config.write_text(
        config.read_text() + "    mask: [{entities: [US_SSN], with: block}, {entities: [EMAIL_ADDRESS]}]\n"
    )
    refused = MASKED.replace("expect: allow", "expect: {deny: sensitive_data}", 1).replace("Hello!", "To a@b.com")
    (tmp_path / "cases.yaml").write_text(refused.replace("    masks: [US_SSN]\n", ""))
    rows = narrows("policy", "test", "cases.yaml", "--json").rows
    assert [(row["passed"], row["code"]) for row in rows] == [(True, "sensitive_data"), (True, None)]


TOPICS = """\
cases:
  - {as: {user: alice, groups: [research]}, connection: openai, model: gpt-4o, prompt: my loan, expect: allow}
  - {as: {user: alice, groups: [research]}, connection: openai, model: gpt-4o, prompt: the match, expect: deny}
  - as: {user: alice, groups: [research]}
    connection: openai
    model: gpt-4o
    prompt: the match
    labels: ["topic:finance"]
    expect: allow
"""


def test_classifiers_are_asked_about_prompts_whose_labels_no_case_says(
    narrows: Narrows, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"})
    row = 'classifiers: [{name: t, plugin: topics, labels: ["topic:finance"]}]\n'
    config.write_text(row + config.read_text().replace("prompts: [", 'prompts: [{allow: {labels: ["topic:*"]}}, '))
    (tmp_path / "cases.yaml").write_text(TOPICS)
    ran = narrows("policy", "test", "cases.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert narrows("check").code == 0
    (tmp_path / "cases.yaml").write_text(TOPICS.replace("my loan", "Raise"))
    ran = narrows("policy", "test", "cases.yaml")
    assert ran.code == 1
    assert "the cases can't be run: a plug-in failed with KeyError" in ran.err
    config.write_text(config.read_text().replace("plugin: topics", "plugin: tropics"))
    for arguments in (["check"], ["policy", "test", "cases.yaml"]):
        assert "no installed package offers a classifier called 'tropics'" in narrows(*arguments).err


def test_explain_with_another_credential(narrows: Narrows, config: Path) -> None:
    config.write_text(config.read_text().replace("who: {groups: [research]}", "who: {credential: [grant]}"))
    ask = ("policy", "explain", "--user", "ana", "--connection", "openai", "--model", "gpt-4o")
    refused = narrows(*ask)
    assert (refused.code, "who.credential: grant  (has oidc)" in refused.out) == (1, True)
    assert narrows(*ask, "--credential", "grant").code == 0
    assert "is none of grant, exchange" in narrows(*ask, "--credential", "x").err
