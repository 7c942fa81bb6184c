from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from narrows.config.limits import Amount, BudgetSetting, Limits, RatePeriod, RateSetting
from narrows.config.policies import May, Policy
from narrows.config.schema import Config, Connection, ConnectionCredential
from narrows.config.who import Who
from narrows.inspection.novelty import Sessions
from narrows.model.limits import Per, Scope, Unit
from narrows.policy.compile import compile_policies
from narrows.ports.accounts import ServiceAccount
from narrows.upstream.registry import ConnectionInvalid, Upstreams
from narrows.wiring.clock import SystemClock
from narrows.wiring.masks import MaskControls
from narrows.wiring.snapshots import SnapshotBuilder
from unit.controls.limited import Shelf
from unit.wiring.test_limits import Table

CONNECTION = Connection(url="http://127.0.0.1:9", dialect="openai", credential=ConnectionCredential(none=True))
POLICY = Policy(
    name="all",
    who=Who(service_accounts=("*",)),
    may=May(connections=("*",), models=("*",), operations=("*",)),
)
CONFIG = Config(connections={"one": CONNECTION}, policies=(POLICY,))


class NoAccounts:
    """A watch of accounts where there are none."""

    def changed(self) -> bool:
        return False

    def snapshot(self) -> Mapping[str, ServiceAccount]:
        return {}


def builder() -> SnapshotBuilder:
    """A builder with nothing built yet."""
    return SnapshotBuilder(Upstreams(), NoAccounts, SystemClock(), MaskControls(Path("nowhere")), Sessions(b"k" * 32))


async def test_what_did_not_change_is_kept() -> None:
    builds = builder()
    first = await builds.build(CONFIG, compile_policies(CONFIG))
    limited = msgspec.structs.replace(
        CONFIG, policies=(msgspec.structs.replace(POLICY, limits=Limits(output_tokens=5)),)
    )
    second = await builds.build(limited, compile_policies(limited))
    builds.settle(limited)
    assert second.revision != first.revision
    assert second.connections["one"].upstream is first.connections["one"].upstream
    assert second.authenticator is first.authenticator
    await builds.close()


async def test_a_connection_serves_its_models_and_the_aliases_of_its_own() -> None:
    builds = builder()
    named = msgspec.structs.replace(CONNECTION, models=("gpt-*",), aliases={"fast": "gpt-4o-mini"})
    config = msgspec.structs.replace(CONFIG, connections={"one": named})
    serves = (await builds.build(config, compile_policies(config))).connections["one"].serves
    assert [serves(model) for model in ("gpt-4o", "fast", "slow")] == [True, True, False]
    await builds.close()


async def test_another_way_upstream_is_another_pool() -> None:
    builds = builder()
    first = await builds.build(CONFIG, compile_policies(CONFIG))
    moved = msgspec.structs.replace(
        CONFIG, connections={"one": msgspec.structs.replace(CONNECTION, url="http://127.0.0.1:10")}
    )
    second = await builds.build(moved, compile_policies(moved))
    assert second.connections["one"].upstream is not first.connections["one"].upstream
    await builds.close()


async def test_a_connection_that_can_not_be_made_leaves_the_old_snapshot_usable() -> None:
    builds = builder()
    first = await builds.build(CONFIG, compile_policies(CONFIG))
    url = msgspec.structs.replace(CONNECTION, url="https://127.0.0.1:10", ca_bundle="/nowhere.pem")
    broken = msgspec.structs.replace(CONFIG, connections={"one": url})
    with pytest.raises(ConnectionInvalid, match="one"):
        await builds.build(broken, compile_policies(broken))
    assert (await builds.build(CONFIG, compile_policies(CONFIG))).authenticator is first.authenticator
    await builds.close()


LIMITED = msgspec.structs.replace(
    CONFIG,
    policies=(
        msgspec.structs.replace(
            POLICY,
            limits=Limits(
                budgets=(BudgetSetting(limit=Amount(5, Unit.USD), per=Per.DAY, scope=Scope.USER),),
                calls=(RateSetting(limit=5, per=RatePeriod.MINUTE),),
            ),
        ),
    ),
)


async def test_limits_are_not_built_without_a_ledger() -> None:
    with pytest.raises(ValueError, match="ledger"):
        await builder().build(LIMITED, compile_policies(LIMITED))


async def test_prices_are_looked_for_where_something_is_limited() -> None:
    found: list[Config] = []

    async def prices(config: Config) -> Table:
        found.append(config)
        return Table()

    builds = SnapshotBuilder(
        Upstreams(), NoAccounts, SystemClock(), MaskControls(Path("nowhere")), Sessions(b"k" * 32),
        ledger=Shelf(), prices=prices,
    )  # fmt: skip
    assert (await builds.build(CONFIG, compile_policies(CONFIG))).throttle is None
    assert found == []
    snapshot = await builds.build(LIMITED, compile_policies(LIMITED))
    assert snapshot.throttle is not None
    assert [control.name for control in snapshot.controls][-1] == "reserve"
    assert found == [LIMITED]
    await builds.close()


async def test_what_comes_into_force_is_told_and_nothing_else() -> None:
    told: list[tuple[Config, str]] = []
    builds = SnapshotBuilder(
        Upstreams(),
        NoAccounts,
        SystemClock(),
        MaskControls(Path("nowhere")),
        Sessions(b"k" * 32),
        came=lambda config, policies: told.append((config, policies.revision)),
    )
    snapshot = await builds.build(CONFIG, compile_policies(CONFIG))
    assert told == []
    builds.settle(CONFIG)
    assert told == [(CONFIG, snapshot.revision)]
    await builds.close()
