"""Who asks now, as an operator wants to know it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli.agents import Cap, active, cap
from narrows.config.load import load
from narrows.stores.sqlite.usage import Caller, Spent
from unit.cli.command import Ran

Narrows = Callable[..., Ran]

CALLER = Caller(
    user="corp:alice",
    issuer="corp",
    subject="alice",
    kind="user",
    owner=None,
    groups=(),
    credential="cred_1",
    address="10.0.0.1",
    agent="curl/8",
    declared_agent=None,
    connection="openai",
    dialect="openai",
    operation="chat",
    model="gpt-4o",
    policies=("research",),
    end_user=None,
    program="s\x1f\x1f10.0.0.1\x1fcurl/8",
)


def call(at: int, outcome: str | None = "done", **changes: object) -> Spent:
    fields = {name: getattr(CALLER, name) for name in CALLER.__struct_fields__} | changes
    return Spent(f"call_{at}", at, Caller(**fields), "sess_1", outcome)


def test_agents_are_told_apart_by_identity_and_program() -> None:
    found = active(
        [
            call(5),
            call(9, None),
            call(7, user="corp:bob"),
            call(8, program="d\x1f\x1fbuilder", declared_agent="builder"),
            call(3, credential="cred_2", address="10.0.0.9"),
        ]
    )
    assert [(one.user, one.name, one.calls, one.running, one.first, one.last) for one in found] == [
        ("corp:alice", "curl/8 from 10.0.0.1", 3, 1, 3, 9),
        ("corp:alice", "builder", 1, 0, 8, 8),
        ("corp:bob", "curl/8 from 10.0.0.1", 1, 0, 7, 7),
    ]
    assert found[0].credentials == {"cred_1", "cred_2"}
    assert [one.declared for one in found] == [False, True, False]


def test_a_refused_call_makes_nobody_active() -> None:
    assert active([call(5, "refused")]) == []


MAY = "who: {groups: [ml]}, may: {connections: [openai], operations: [chat]}"
LIMITS = f"""\
  - {{name: team, {MAY}, limits: {{concurrent: {{agents: 2, window: 1h}}}}}}
  - {{name: watch, mode: observe, {MAY}, limits: {{concurrent: {{agents: 1}}}}}}
limits: {{concurrent: {{agents: 9}}}}
"""


@pytest.fixture
def capped(config: Path) -> Path:
    config.write_text(config.read_text() + LIMITS)
    return config


def test_the_cap_is_the_lowest_that_is_enforced(capped: Path) -> None:
    settings = load(capped, {"UPSTREAM_KEY": "x"})
    assert cap(settings, {"research"}) == Cap("", 9, 300_000_000)
    assert cap(settings, {"research", "team", "watch"}) == Cap("team", 2, 3_600_000_000)
    assert cap(None, {"team"}) is None


@pytest.mark.usefixtures("store")
def test_what_runs_is_listed_however_old(narrows: Narrows) -> None:
    (row,) = narrows("agents", "list", "--data", "data", "--json").rows
    assert (row["user"], row["agent"], row["running"], row["calls"]) == ("corp:alice", "curl/8 from 127.0.0.1", 1, 1)
    assert (row["first_time"], row["active"], row["cap"]) == ("2023-11-14T22:13:20.000004+00:00", 1, None)
    rows = narrows("agents", "list", "--data", "data", "--json", "--window", "99999d").rows
    assert sorted((row["calls"], row["running"]) for row in rows) == [(1, 0), (2, 1)]
    assert len({row["id"] for row in rows}) == 2


@pytest.mark.usefixtures("store", "capped")
def test_a_table_says_how_many_of_how_many(narrows: Narrows) -> None:
    ran = narrows("agents", "list")
    head, line = ran.out.splitlines()
    assert head.split() == ["who", "agent", "running", "calls", "first", "last", "credential", "active"]
    assert line.endswith("1 of 9")
    narrow = narrows("agents", "list", "--window", "1m")
    assert "The limit of the gateway counts agents that were active within 300 s." in narrow.err


@pytest.mark.usefixtures("store")
def test_nobody_is_said(narrows: Narrows) -> None:
    assert narrows("agents", "list", "--data", "data", "--user", "bob") == (0, "", "No agent was active within 5m.\n")
    assert narrows("agents", "list", "--data", "data", "--user", "bob", "--json") == (0, "", "")
    assert narrows("agents", "list", "--data", "data", "--window", "soon").code == 2
    assert narrows("agents", "list", "--data", "nowhere").code == 2
