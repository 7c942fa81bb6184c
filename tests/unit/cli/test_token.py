"""A token needs a demo that runs; that it gets one is shown end to end."""

import os
from collections.abc import Callable
from pathlib import Path

from narrows.demo.state import DemoState, state_file, write_state
from unit.cli.command import Ran


def test_without_a_demo(narrows: Callable[..., Ran]) -> None:
    ran = narrows("token")
    assert (ran.code, ran.err) == (2, "narrows: no demo is running here; start one with `narrows demo`\n")


def test_help_names_the_users(narrows: Callable[..., Ran]) -> None:
    assert "alice, bob, carol or dave" in narrows("token", "--help").out


def test_a_state_that_is_no_longer_true(narrows: Callable[..., Ran]) -> None:
    state = DemoState("http://127.0.0.1:1", "not a url", "/data", "/data/demo.yaml", os.getpid())
    write_state(state_file(os.environ, Path.home()), state)
    ran = narrows("token")
    assert ran.code == 1
    assert "does not answer" in ran.err
