"""What runs is kept while its settings are alike; what can't be started leaves all as it was."""

import asyncio
from collections.abc import Sequence

import pytest

from narrows.config.problem import ConfigError
from narrows.plugins.pool import Pool, Settings
from narrows.plugins.process import PluginUnusable
from narrows.wiring.pools import Pools


class Echo:
    """Says of each text how long it is."""

    def __init__(self) -> None:
        self.ended = False

    async def ask(self, texts: Sequence[str], seconds: float) -> list[int]:
        return [len(text) for text in texts]

    async def end(self) -> None:
        self.ended = True


class Making:
    """Makes pools of names; one called `broken` can't be started."""

    def __init__(self) -> None:
        self.made: dict[str, Echo] = {}

    def __call__(self, name: str) -> Pool[int]:
        async def begin() -> Echo:
            if name == "broken":
                raise PluginUnusable("it is broken")
            return self.made.setdefault(name, Echo())

        return Pool(Settings(name, "echo", 5.0), begin)


def rows(*names: str) -> list[tuple[str, str]]:
    return [(f"rows[{index}]", name) for index, name in enumerate(names)]


async def test_what_is_configured_alike_is_kept_and_what_is_not_ends_with_its_last_call() -> None:
    making = Making()
    pools: Pools[str, Pool[int]] = Pools(making)
    first, second = await pools.obtain(rows("a", "b"))
    pools.settle()
    assert await first.ask(["abc"]) == [3]
    kept, _ = await pools.obtain(rows("b", "c"))
    assert kept is second
    first.enter()
    pools.settle()
    assert await first.ask(["abcd"]) == [4]
    first.leave()
    async with asyncio.timeout(5):
        while not making.made["a"].ended:
            await asyncio.sleep(0)
    assert not making.made["b"].ended
    await pools.close()
    assert making.made["b"].ended


async def test_what_can_not_be_started_is_told_with_its_key_and_the_rest_is_undone() -> None:
    making = Making()
    pools: Pools[str, Pool[int]] = Pools(making)
    (first,) = await pools.obtain(rows("a"))
    with pytest.raises(ConfigError) as refused:
        await pools.obtain(rows("a", "b", "broken"))
    assert [(each.key, each.message) for each in refused.value.problems] == [
        ("rows[2]", "the plug-in can't be started: it is broken")
    ]
    assert making.made["b"].ended
    assert await first.ask(["abc"]) == [3]
    await pools.close()
