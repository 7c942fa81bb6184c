"""Who somebody is, from the command line, beside a store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from narrows.model.access import Request
from narrows.model.approval import Approvers
from narrows.model.principal import Principal, Scope
from narrows.stores.sqlite.gatefile import GateFile
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.wiring.clock import SystemClock
from narrows.wiring.configuration import read_checked
from narrows.wiring.revisions import written
from unit.cli.command import Ran
from unit.stores.sqlite.records import NOW

Narrows = Callable[..., Ran]

CONFIG = """\
store: data
identity:
  issuers: [{name: corp, issuer: https://idp.example.com, audience: narrows}]
access:
  rules:
    - name: outage
      who: {groups: [research]}
      may: {connections: [openai], models: [o3], operations: [chat]}
      approve: rule
connections:
  openai: {url: https://api.example.com, dialect: openai, credential: {bearer: "${env:UPSTREAM_KEY}"}}
policies:
  - name: research
    who: {groups: [research]}
    may: {connections: [openai], models: ["gpt-*"], operations: [chat, models]}
    limits: {budgets: [5 usd / day / user], calls: 60 / minute}
  - name: for-a-time
    who: {groups: [research], credential: [grant]}
    may: {connections: [openai], models: ["o*"], operations: [chat]}
  - name: bots
    who: {service_accounts: [etl]}
    may: {connections: [openai], models: ["gpt-4o-mini"], operations: [embeddings]}
"""
ALICE = Principal("corp", "alice", groups=frozenset({"research"}))
HOUR = 3_600_000_000


@pytest.fixture
def world(tmp_path: Path, store: Path, narrows: Narrows) -> Path:
    """A configuration, recorded calls, a key that alice answers for, and access that she was given."""
    (tmp_path / "narrows.yaml").write_text(CONFIG)
    assert narrows("keys", "create", "etl", "--owner", "alice", "--purpose", "nightly").code == 0
    clock = SystemClock()
    grants = SqliteGrants(store, clock)
    scope = Scope(("openai",), ("o3",), ("chat",))
    at = clock.now()
    grants.ask(Request("grt_1", ALICE, scope, HOUR, "the outage", at, at + HOUR, "outage", Approvers(), 0))
    grants.close()
    return store


def who(narrows: Narrows, *arguments: str) -> dict[str, Any]:
    ran = narrows("who", *arguments, "--json")
    assert ran.code == 0, ran.err
    (row,) = ran.rows
    return row


def reached(row: dict[str, Any]) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    return {
        (door["principal"], *door["credentials"]): [
            (way["connection"], way["operations"], way["models"], way["policies"]) for way in door["reaches"]
        ]
        for door in row["reach"]
    }


def test_what_a_person_reaches_by_each_way_in(narrows: Narrows, world: Path) -> None:
    row = who(narrows, "corp:alice")
    assert (row["id"], row["groups"], row["groups_from"]) == ("corp:alice", ["corp:research"], "credential")
    assert reached(row) == {
        ("corp:alice", "oidc"): [("openai", ["chat", "models"], ["gpt-*"], ["research"])],
        ("corp:alice", "grant"): [("openai", ["chat"], ["o3"], ["research", "for-a-time"])],
        ("narrows:etl", "service_account"): [("openai", ["embeddings"], ["gpt-4o-mini"], ["bots"])],
    }
    assert row["may_ask_for"] == ["outage: chat of o3 on openai, approved by the rule itself"]
    assert [(one["id"], one["state"]) for one in row["grants"]] == [("grt_1", "active")]
    assert [(one["name"], one["purpose"]) for one in row["owns"]] == [("etl", "nightly")]
    assert [(one["kind"], one["principal"]) for one in row["credentials"]] == [("key", "narrows:etl")]


def test_what_a_person_spends_and_did(narrows: Narrows, world: Path) -> None:
    row = who(narrows, "alice")
    assert [(one["unit"], one["per"], one["limit"]) for one in row["most"]] == [
        ("usd", "day", None),
        ("usd", "month", None),
    ]
    assert [(one["policy"], one["subject"], one["left"]) for one in row["budgets"]] == [
        ("research", "corp:alice", "5 usd")
    ]
    assert [call["id"][-1] for call in row["calls"]] == ["4", "2", "1"]
    assert (row["contained"], row["revocations"]) == (False, [])


def test_whoever_is_contained_reaches_nothing_until_that_is_lifted(narrows: Narrows, world: Path) -> None:
    assert narrows("contain", "corp:alice", "--reason", "incident", "--dry-run").code == 0
    made = narrows("revoke", "account", "etl", "--reason", "leaked", "--json").rows[0]
    row = who(narrows, "alice")
    assert [(one["id"], one["kind"]) for one in row["revocations"]] == [(made["id"], "account")]
    assert not row["contained"]
    narrows("contain", "corp:alice", "--reason", "incident", "--json")
    row = who(narrows, "alice")
    assert row["contained"]
    assert all(door["closed_by"] for door in row["reach"])


def test_a_service_account_and_somebody_who_was_never_seen(narrows: Narrows, world: Path) -> None:
    row = who(narrows, "etl")
    assert (row["id"], row["kind"], row["owner"]) == ("narrows:etl", "service_account", "corp:alice")
    assert reached(row) == {("narrows:etl", "service_account"): [("openai", ["embeddings"], ["gpt-4o-mini"], ["bots"])]}
    row = who(narrows, "zoe")
    assert (row["id"], row["groups_from"], reached(row)) == ("corp:zoe", "nothing", {("corp:zoe", "oidc"): []})
    row = who(narrows, "zoe", "--group", "research")
    assert (row["groups_from"], len(reached(row)[("corp:zoe", "oidc")])) == ("given", 1)


def test_a_page_of_it(narrows: Narrows, world: Path) -> None:
    ran = narrows("who", "alice")
    assert ran.code == 0
    for line in (
        "corp:alice (user), as of ",
        "    openai: chat, models of gpt-* (by research)",
        "  as corp:alice with grant grt_1, until ",
        "  research: 5 usd / day / user; 60 calls / minute",
        "  a day: unbounded usd: no budget binds all of it",
        "  left of research: 5 usd / day / user (corp:alice): 5 usd",
        "  etl (nightly): ",
        "did last",
    ):
        assert line in ran.out


def test_nobody_is_named_so(narrows: Narrows, world: Path) -> None:
    ran = narrows("who", "x\x1b")
    assert (ran.code, ran.out) == (1, "")


def test_as_of_a_past_moment_it_is_by_the_policies_of_then(narrows: Narrows, world: Path, tmp_path: Path) -> None:
    then = read_checked(tmp_path / "narrows.yaml", {"UPSTREAM_KEY": "upstream-canary-91c2"})
    file = GateFile(world)
    file.write([written(then.config, then.policies, NOW)])
    file.close()
    assert b"upstream-canary" not in (world / "gate.db").read_bytes()
    (tmp_path / "narrows.yaml").write_text(CONFIG.replace("gpt-*", "nothing"))
    row = who(narrows, "alice", "--at", "2023-11-14T22:13:21+00:00")
    assert reached(row) == {("corp:alice", "oidc"): [("openai", ["chat", "models"], ["gpt-*"], ["research"])]}
    assert (row["groups_from"], row["grants"], row["owns"], row["budgets"]) == ("credential", [], [], None)
    assert reached(who(narrows, "alice"))["corp:alice", "oidc"][0][2] == ["nothing"]
    for at in ("2023-11-14T22:13:19+00:00", "2999-01-01"):
        ran = narrows("who", "alice", "--at", at)
        assert (ran.code, ran.out) == (1, "")
        assert "in force" in ran.err
