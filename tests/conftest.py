"""What every test shares: hypothesis profiles, the ban on sockets in unit tests, and strict skips in CI.

`tests/` itself is put on the import path, so that end-to-end tests can share modules (`from e2e.gate import …`).
"""

import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
if str(TESTS) not in sys.path:
    sys.path.append(str(TESTS))

import warm  # noqa: E402 (tests/ has to be on the path)

COMPILED = pytest.StashKey[Path | None]()

# Reproducible in CI, exploring at the desk; `.ci/soak` runs with --hypothesis-profile=soak.
settings.register_profile("fast", max_examples=60, deadline=None, derandomize=os.environ.get("CI") == "true")
settings.register_profile(
    "soak", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("fast")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what runs in its background so, and every process that a test interrupts would ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[COMPILED] = warm.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    warm.end(config.stash[COMPILED])


FIRST = ("e2e", "property", "contract", "arch")
"""Folders in the order in which their tests are handed out: modules that take half a minute first, so that at the end
no worker has one of them left while the others are done. Within a folder the order stays random."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs after pytest-randomly, which comes first."""
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.relative_to(TESTS).parts[0], len(FIRST)))


NETWORK_UNITS = frozenset({"edge", "upstream", "identity", "wiring", "demo", "console", "client"})
"""Folders of tests/unit whose subject is itself a network adapter or a listener (loopback only)."""

ALLOWED_SKIPS = ("../shared", "as root")
"""A skip whose reason holds one of these can't be avoided by installing something: vectors that are not shipped, and
file permissions that root is not bound by."""


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests open no socket, unless the unit is a network adapter. Event loops may have their unix pair."""
    parts = request.path.relative_to(TESTS).parts
    if parts[0] != "unit" or parts[1] in NETWORK_UNITS:
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


def _avoidable(reason: object) -> bool:
    return os.environ.get("NARROWS_CI_STRICT") == "1" and not any(part in str(reason) for part in ALLOWED_SKIPS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip that an install step could have avoided is a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _avoidable(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for whole modules."""
    report = yield
    if report.skipped and _avoidable(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"
    return report
