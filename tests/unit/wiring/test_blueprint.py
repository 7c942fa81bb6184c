"""The snapshot that is built apart judges as the gate's own, and holds nothing secret."""

import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest

import warm
from narrows.config.limits import Limits
from narrows.config.notify import Channel, Notify, TeamsChannel
from narrows.config.plugins import ClassifierSettings, Webhook
from narrows.config.policies import Mask, May, Policy
from narrows.config.schema import (
    Config,
    Connection,
    ConnectionCredential,
    Detectors,
    IdentitySettings,
    Introspection,
    Issuer,
    WordListSettings,
)
from narrows.config.who import Who
from narrows.model.secret import Secret
from narrows.policy.compile import compile_policies
from narrows.wiring.blueprint import PURE, Unbuildable, blueprint, build
from narrows.wiring.configuration import compiled
from narrows.wiring.organisation import stamps

CANARY = "canary-5e1f"
CONFIG = Config(
    identity=IdentitySettings(
        issuers=(
            Issuer(
                name="corp",
                issuer="https://idp",
                audience="n",
                introspection=Introspection(endpoint="https://idp/i", client_id="n", client_secret=Secret(CANARY)),
            ),
        )
    ),
    connections={
        "one": Connection(url="http://m", dialect="openai", credential=ConnectionCredential(bearer=Secret(CANARY)))
    },
    notify=Notify(channels={"t": Channel(teams=TeamsChannel(url=Secret(CANARY)))}),
    classifiers=(ClassifierSettings(name="t", labels=("a",), webhook=Webhook(url="https://h", secret=Secret(CANARY))),),
    policies=(
        Policy(
            name="all",
            who=Who(groups=("*",)),
            may=May(connections=("*",), models=("*",), operations=("*",)),
            limits=Limits(output_tokens=9),
        ),
    ),
)
KEYS = (b"m" * 32, b"s" * 32, b"n" * 32)


def drawn(config: Config, cache: Path, revision: str | None = None, **changed: Any) -> Any:
    plan = blueprint(config, revision or compiled(config).revision, cache, KEYS, stamps(config.detectors))
    return msgspec.structs.replace(plan, **changed)


def test_it_travels_without_any_secret(tmp_path: Path) -> None:
    packed = pickle.dumps(drawn(CONFIG, tmp_path))
    assert CANARY.encode() not in packed
    snapshot, tools = build(pickle.loads(packed))
    assert snapshot.revision == compile_policies(CONFIG).revision
    assert {control.name for control in snapshot.controls} <= PURE
    assert snapshot.connections["one"].serves("any")
    assert tools.tokens.prompt(()) >= 0


async def test_it_has_no_way_out(tmp_path: Path) -> None:
    snapshot, _ = build(drawn(CONFIG, tmp_path))
    with pytest.raises(RuntimeError):
        await snapshot.connections["one"].upstream.send("POST", "/", (), b"")
    with pytest.raises(RuntimeError):
        snapshot.connections["one"].upstream.echoes(b"")
    with pytest.raises(RuntimeError):
        await snapshot.authenticator.verify("token")
    with pytest.raises(RuntimeError):
        snapshot.authenticator.recall(b"digest")


def test_other_policies_than_the_gate_s_are_not_built(tmp_path: Path) -> None:
    with pytest.raises(Unbuildable, match="policies"):
        build(drawn(CONFIG, tmp_path, "0123456789abcdef"))


def test_word_lists_that_changed_since_are_not_taken(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("nightjar\n", encoding="utf-8")
    detectors = Detectors(words=(WordListSettings(name="projects", entity="PROJECT", file=str(words)),))
    masked = msgspec.structs.replace(CONFIG.policies[0], mask=(Mask(entities=("PROJECT",)),))
    config = msgspec.structs.replace(CONFIG, detectors=detectors, policies=(masked,))
    plan = drawn(config, warm.lend(tmp_path / "cache"))
    snapshot, _ = build(plan)
    assert snapshot.recordable is not None
    assert "mask" in {control.name for control in snapshot.controls}
    words.write_text("nightjar\nheron\n", encoding="utf-8")
    with pytest.raises(Unbuildable, match="policies are"):
        build(plan)
