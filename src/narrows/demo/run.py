"""`narrows demo`, put together: a model, an identity provider, a policy and a gate, in one process, on loopback.

It needs no configuration and no network. What it wrote it removes, unless it was told where to keep the records.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from narrows.config.load import load
from narrows.demo.identity_provider import USERS, DevelopmentProvider
from narrows.demo.sample_model import SampleModel
from narrows.demo.servers import LOOPBACK, LoopbackServer, choose_port
from narrows.demo.settings import AUDIENCE, UPSTREAM_KEY_FILE, Upstream, demo_yaml, own_upstream, sample_upstream
from narrows.demo.state import DemoState, remove_state, write_private, write_state
from narrows.model.secret import Secret
from narrows.wiring.clock import SequentialIds
from narrows.wiring.gate import Gate

DEFAULT_PORT: Final = 8080
DEFAULT_ADMIN_PORT: Final = 9090
DEFAULT_CONSOLE_PORT: Final = 8081
CONFIG_NAME: Final = "demo.yaml"
COMPILED: Final = "detectors"
"""Where in its data directory a gate keeps compiled patterns."""


class Options(msgspec.Struct, frozen=True):
    """What the user may choose. `port` None: 8080, or a free one if that is taken. `delay` paces the sample model's
    streams, in seconds. `compiled`: where compiled patterns stay when the data directory goes."""

    state: Path
    port: int | None = None
    data: Path | None = None
    upstream: str | None = None
    upstream_key: Secret | None = None
    delay: float = 0.02
    compiled: Path | None = None


class Running(msgspec.Struct, frozen=True):
    """A demo that accepts calls. `keeps`: the data directory outlives it; `found`: the state file was written."""

    gate: str
    console: str
    provider: str
    metrics: str
    data: str
    config: str
    keeps: bool
    found: bool
    upstream: str | None
    tokens: dict[str, str]

    @property
    def connections(self) -> dict[str, dict[str, str]]:
        """Base URLs by connection, as the SDKs want them."""
        return {
            "openai": {"base_url": f"{self.gate}/openai/v1", "dialect": "openai"},
            "anthropic": {"base_url": f"{self.gate}/anthropic", "dialect": "anthropic"},
        }


async def run_demo(options: Options, announce: Callable[[Running], None]) -> None:
    """Runs until SIGINT or SIGTERM. `announce` is called once it accepts calls.

    Raises PortTaken, ConfigError, and OSError where the data directory can't be used.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    with _data_directory(options) as data:
        async with _running(options, data) as running:
            announce(running)
            await stopped.wait()


@contextlib.contextmanager
def _data_directory(options: Options) -> Iterator[Path]:
    if options.data is not None:
        options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield options.data.resolve()
        return
    temporary = Path(tempfile.mkdtemp(prefix="narrows-demo-"))
    try:
        _keep_compiled(temporary, options.compiled)
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _keep_compiled(data: Path, compiled: Path | None) -> None:
    """Lets the compiled patterns outlive a data directory that does not: they take seconds and hold nothing."""
    if compiled is not None:
        with contextlib.suppress(OSError):
            compiled.mkdir(mode=0o700, parents=True, exist_ok=True)
            (data / COMPILED).symlink_to(compiled.resolve(), target_is_directory=True)


@contextlib.asynccontextmanager
async def _running(options: Options, data: Path) -> AsyncIterator[Running]:
    """Everything started, in order, and ended in the reverse order."""
    ids = SequentialIds()
    async with contextlib.AsyncExitStack() as stack:
        provider = LoopbackServer(_make_provider, ids)
        issuer = await _start(stack, provider)
        upstream = await _upstream(stack, options, data, ids)
        config = _write_config(options, data, upstream, issuer)
        settings = load(config, os.environ)
        # What it needs is large, and only who runs a console should pay for it: not who imports this for a name.
        from narrows.wiring.console import Console  # noqa: PLC0415

        gate = Gate(settings, config)
        await gate.start()
        stack.push_async_callback(gate.stop)
        console = Console(settings, config)
        await console.start()
        stack.push_async_callback(console.stop)
        url = f"http://{LOOPBACK}:{gate.port}"
        state = DemoState(url, issuer, str(data), str(config), os.getpid())
        found = write_state(options.state, state)
        stack.callback(remove_state, options.state, state.pid)
        yield Running(
            gate=url,
            console=f"http://{LOOPBACK}:{console.port}",
            provider=issuer,
            metrics=f"http://{LOOPBACK}:{gate.admin_port}/metrics",
            data=str(data),
            config=str(config),
            keeps=options.data is not None,
            found=found,
            upstream=options.upstream,
            tokens={user.name: provider.handler.token(user.name) for user in USERS},
        )


async def _start(stack: contextlib.AsyncExitStack, server: LoopbackServer[Any]) -> str:
    url = await server.start()
    stack.push_async_callback(server.stop)
    return url


async def _upstream(stack: contextlib.AsyncExitStack, options: Options, data: Path, ids: SequentialIds) -> Upstream:
    if options.upstream is None:
        model = SampleModel(delay=options.delay, now=time.time, new_id=_new_id)
        return sample_upstream(await _start(stack, LoopbackServer(lambda _: model, ids)))
    if options.upstream_key is not None:
        key = data / UPSTREAM_KEY_FILE
        stack.callback(key.unlink, missing_ok=True)
        write_private(key, options.upstream_key.reveal().encode())
    return own_upstream(options.upstream, keyed=options.upstream_key is not None)


def _write_config(options: Options, data: Path, upstream: Upstream, issuer: str) -> Path:
    strict = options.port is not None
    port = choose_port(DEFAULT_PORT if options.port is None else options.port, strict=strict)
    admin = choose_port(DEFAULT_ADMIN_PORT, strict=False)
    console = choose_port(DEFAULT_CONSOLE_PORT, strict=False)
    path = data / CONFIG_NAME
    text = demo_yaml(
        upstream,
        listen=f"{LOOPBACK}:{port}",
        admin=f"{LOOPBACK}:{admin}",
        console=f"{LOOPBACK}:{console}",
        store=str(data),
        issuer=issuer,
    )
    write_private(path, text.encode())
    return path


def _make_provider(url: str) -> DevelopmentProvider:
    return DevelopmentProvider(url, AUDIENCE, now=time.time, new_id=_new_id)


def _new_id() -> str:
    return secrets.token_hex(12)
