"""Makes the control for `mask`. The engine is built off the event loop, and kept while its detectors stay the same.

What finds and masks is imported when a policy first masks: it takes a quarter of a second and some memory.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.config.schema import Config
from narrows.policy.policyset import PolicySet
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load as load_key

if TYPE_CHECKING:
    from narrows.controls.mask import Mask
    from narrows.wiring.masking import EngineLoader


class MaskControls:
    """One after another, for the gate whose data is in `directory`; compiled detectors are kept there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._loader: EngineLoader | None = None

    @property
    def loader(self) -> "EngineLoader | None":
        """What loads the engine, if a policy has masked since the start."""
        return self._loader

    async def control(self, config: Config, policies: PolicySet) -> "Mask | None":
        """The control; None where no policy masks, so that nothing needs to be compiled.

        Raises ConfigError where the organisation's own detectors can't be used.
        """
        if not policies.masks:
            return None
        return await asyncio.to_thread(self._made, config, policies)

    def _made(self, config: Config, policies: PolicySet) -> "Mask":
        from narrows.controls.mask import Mask  # noqa: PLC0415 - see the module
        from narrows.wiring.masking import EngineLoader  # noqa: PLC0415

        if self._loader is None:
            self._loader = EngineLoader(self._directory / "detectors")
        engine = self._loader.load(config)
        return Mask(engine, load_key(DataDirectory(self._directory)).mask_key, policies.masks)
