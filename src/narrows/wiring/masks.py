"""Makes the controls for `mask`, and the plug-ins they need. The engine is built off the event loop, and kept while its
detectors stay the same.

What finds and masks is imported when a policy first masks: it takes a quarter of a second and some memory.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.config.schema import Config
from narrows.policy.policyset import PolicySet
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load as load_key

if TYPE_CHECKING:
    from narrows.controls.analyze import Analyze
    from narrows.controls.mask import Mask
    from narrows.masking.engine import Engine
    from narrows.policy.inspect import Sights
    from narrows.wiring.analyzers import Analyzers
    from narrows.wiring.masking import EngineLoader
    from narrows.wiring.reload import Stamp


class MaskControls:
    """One after another, for the gate whose data is in `directory`; compiled detectors are kept there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._loader: EngineLoader | None = None
        self._analyzers: Analyzers | None = None

    @property
    def loader(self) -> "EngineLoader | None":
        """What loads the engine, if a policy has masked since the start."""
        return self._loader

    def files(self) -> "Mapping[str, Stamp]":
        """The word lists' files that were read, each with what tells it from other versions."""
        return {} if self._loader is None else self._loader.stamps

    async def analyze(self, config: Config, policies: PolicySet) -> "Analyze | None":
        """The control that asks plug-ins; None where no policy masks what they find, or looks for it in replies.

        Raises ConfigError where one can't be started.
        """
        named = policies.read_entities
        if not any(named.intersection(analyzer.entities) for analyzer in config.detectors.analyzers):
            return None
        from narrows.controls.analyze import Analyze  # noqa: PLC0415
        from narrows.wiring.analyzers import Analyzers  # noqa: PLC0415

        if self._analyzers is None:
            self._analyzers = Analyzers()
        pools = await self._analyzers.pools(config.detectors.analyzers, named)
        engine = await asyncio.to_thread(self._engine, config)
        return Analyze(engine, pools)

    def settle(self) -> None:
        """What was built last is in force: plug-ins that it does not use stop when the last call has left them."""
        if self._analyzers is not None:
            self._analyzers.settle()

    async def close(self) -> None:
        """Ends the plug-ins."""
        if self._analyzers is not None:
            await self._analyzers.close()

    async def sights(self, config: Config, policies: PolicySet) -> "Sights | None":
        """What finds the entities that prompt rules name; None where none names any. Raises ConfigError."""
        if not any(rule.entities for rule in policies.rules):
            return None
        from narrows.wiring.masking import sights  # noqa: PLC0415 - see the module

        return sights(await asyncio.to_thread(self._engine, config))

    async def control(self, config: Config, policies: PolicySet) -> "Mask | None":
        """The control; None where no policy masks or has rules on replies, so that nothing needs to be compiled.

        Raises ConfigError where the organisation's own detectors, or what rules look for, can't be used.
        """
        if not policies.masks and not policies.replies:
            return None
        return await asyncio.to_thread(self._made, config, policies)

    def _made(self, config: Config, policies: PolicySet) -> "Mask":
        from narrows.controls.mask import Mask  # noqa: PLC0415 - see the module

        return Mask(self._engine(config), load_key(DataDirectory(self._directory)).mask_key, policies.masks)

    def _engine(self, config: Config) -> "Engine":
        from narrows.wiring.masking import EngineLoader  # noqa: PLC0415

        if self._loader is None:
            self._loader = EngineLoader(self._directory / "detectors")
        return self._loader.load(config)
