"""What was in force can be compiled again from what is kept of it, and holds no secret."""

import hashlib
import zlib
from pathlib import Path

import msgspec
import pytest

from narrows.config.check import check
from narrows.config.guards import guarded
from narrows.config.policies import Policy
from narrows.config.schema import Config
from narrows.config.teams import Team, owned
from narrows.policy.compile import compile_policies
from narrows.policy.reach import terms, ways
from narrows.stores.sqlite.gatefile import GateFile
from narrows.wiring.revisions import RevisionUnreadable, current, past, restored, rules, written
from unit.policy.world import VOCABULARY, account, denying, limiting, person, policy, settings

POLICIES = (
    policy(
        "research",
        who={"groups": ["research"], "credential": ["oidc", "grant"]},
        may={"models": ["gpt*"], "operations": ["*"], "justification": "required"},
        limits=limiting(prompt_tokens=9, budgets=["5 usd / day / user"], calls=["6 / minute"], max_cost="1 usd"),
        prompts=[denying("(?i)ignore"), {"approve": {"words": ["export"], "by": ["security"]}}],
        mask=[{"entities": ["US"], "with": "hash"}, {"fields": ["$.a"]}],
        approvals=[{"by": ["security"], "operations": ["chat"]}],
        probing={},
    ),
    policy("watch", mode="observe", limits=limiting(output_tokens=3)),
    policy("bots", who={"service_accounts": ["etl*"]}, may={"connections": ["*"]}),
)
NOW = 30_000_000
OFFERED = {"openai": ("chat", "embeddings"), "claude": ("chat",), "local": ("chat",)}


def config(*policies: dict[str, object]) -> Config:
    return settings(*(policies or POLICIES), own=limiting(budgets=["90 usd / month / gateway"], zone="Europe/Berlin"))


def test_the_policies_of_then_decide_as_they_did() -> None:
    then = config()
    policies = compile_policies(then, VOCABULARY)
    kept = written(then, policies, 77)
    again = restored(kept)
    assert (again.policies.revision, again.since, again.zone) == (policies.revision, 77, "Europe/Berlin")
    for who, kind in (
        (person("research"), "oidc"),
        (person("research"), "login"),
        (account("etl-1"), "service_account"),
    ):
        reached = ways(policies, who, kind, OFFERED)
        assert ways(again.policies, who, kind, OFFERED) == reached
        assert terms(again.policies, reached) == terms(policies, reached)
    assert again.policies.own == policies.own
    now = rules(then, policies)
    assert {name: list(names) for name, names in again.offered.items()} == now.offered
    assert again.sign_ins == now.sign_ins
    assert not check(then, None)[0]


def test_the_same_is_kept_once_and_another_is_another() -> None:
    first, same = (written(config(), compile_policies(config(), VOCABULARY), at) for at in (1, 2))
    other = written(config(policy("a")), compile_policies(config(policy("a")), VOCABULARY), 1)
    assert first.digest == same.digest != other.digest


def test_what_was_changed_since_is_not_believed() -> None:
    kept = written(config(), compile_policies(config(), VOCABULARY), 1)
    plain = zlib.decompress(kept.document)
    packed = zlib.compress(plain.replace(b"gpt*", b"any*"))
    for changed in (
        msgspec.structs.replace(kept, document=packed),
        msgspec.structs.replace(kept, document=packed, digest=hashlib.sha256(packed).hexdigest()),
        msgspec.structs.replace(kept, document=b"x", digest=hashlib.sha256(b"x").hexdigest()),
        msgspec.structs.replace(kept, revision="0" * 16),
    ):
        with pytest.raises(RevisionUnreadable):
            restored(changed)


def test_what_was_in_force_is_found_by_its_time(tmp_path: Path) -> None:
    with pytest.raises(RevisionUnreadable, match="no gate has run"):
        past(tmp_path, 5, NOW)
    file = GateFile(tmp_path)
    file.write([written(config(policy("a")), compile_policies(config(policy("a"))), 10_000_000)])
    file.write([written(config(), compile_policies(config(), VOCABULARY), 20_000_000)])
    file.close()
    assert [one.name for one in past(tmp_path, 19_999_999, NOW).policies.policies] == ["a"]
    assert [one.name for one in past(tmp_path, 20_000_000, NOW).policies.policies] == ["research", "watch", "bots"]
    with pytest.raises(RevisionUnreadable, match="begins at 1970-01-01T00:00:10"):
        past(tmp_path, 9_999_999, NOW)
    with pytest.raises(RevisionUnreadable, match="has not come"):
        past(tmp_path, NOW + 1, NOW)


def test_policies_of_teams_are_told_with_what_holds_for_their_team() -> None:
    bounds = {"who": {"groups": ["research"]}, "may": {"connections": ["*"], "models": ["gpt-4*"], "operations": ["*"]}}
    team = msgspec.convert({"name": "lab", "bounds": bounds}, Team)
    mine = msgspec.convert(policy("mine", may={"models": ["*-mini"]}), Policy)
    whole = guarded(
        msgspec.structs.replace(config(policy("else", who={"users": ["x"]})), teams=(team,)), [owned("lab", mine)]
    )
    policies = compile_policies(whole, VOCABULARY)
    again = restored(written(whole, policies, 1))
    (way,) = ways(again.policies, person("research"), "oidc", OFFERED)
    assert (way.policies, way.named) == (("lab/mine",), ("*-mini & gpt-4*",))
    assert ways(policies, person("research"), "oidc", OFFERED) == (way,)


def test_now_is_what_is_written_and_since_when_the_gate_has_it(tmp_path: Path) -> None:
    then = config(policy("a"))
    assert current(tmp_path, then).since is None
    file = GateFile(tmp_path)
    file.write([written(then, compile_policies(then), 10_000_000)])
    file.close()
    assert current(tmp_path, then).since == 10_000_000
    assert current(tmp_path, config(policy("b"))).since is None
