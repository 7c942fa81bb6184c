"""Edge servers on loopback, on the event loop that production uses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
import uvloop

from e2e.edge.wire import Witness, edge_server
from narrows.edge.server import EdgeServer
from narrows.ports.http import ExchangeHandler

Serve = Callable[..., Awaitable[EdgeServer]]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop, as in production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts an edge server with a handler and settings of `Gate`; it is closed after the test."""
    servers: list[EdgeServer] = []

    async def start(handler: ExchangeHandler, **settings: Any) -> EdgeServer:
        server = edge_server(handler, **settings)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def witness() -> Witness:
    """A handler that reads the body, answers, and remembers what it was asked."""
    return Witness()
