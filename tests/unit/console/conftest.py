"""A console in memory for each test."""

from collections.abc import AsyncIterator

import pytest

from unit.console.world import World, running


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running() as world:
        yield world
