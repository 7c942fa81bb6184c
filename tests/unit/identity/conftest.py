"""The gate's authenticator in a small world, ready and closed again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from unit.identity.world import Gate


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    world = Gate(tmp_path)
    yield world
    await world.close()
