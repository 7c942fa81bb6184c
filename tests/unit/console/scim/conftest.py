"""A console with providers for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from unit.console.scim.world import ScimWorld, running


@pytest.fixture
async def scim(tmp_path: Path) -> AsyncIterator[ScimWorld]:
    async with running(tmp_path) as world:
        yield world
