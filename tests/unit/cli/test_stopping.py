"""A command waits until the gate says that what it has written is in force, and not for ever."""

import threading
import time
from pathlib import Path

import pytest

from narrows.cli import stopping
from narrows.cli.failure import Failure
from narrows.cli.stopping import enforced, opened, told
from narrows.identity.containment import revoking
from narrows.model.revocation import Revoked, Stopped
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.gatefile import GateFile

MADE = revoking(Revoked.USER, "corp:eve", "local:ann", "left", 1_700_000_000_000_000)


@pytest.fixture
def gate(tmp_path: Path) -> DataDirectory:
    """A data directory on which a gate runs."""
    directory = DataDirectory(tmp_path / "data")
    directory.prepare()
    directory.lock()
    return directory


def test_it_waits_for_the_gate(gate: DataDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    def answer() -> None:
        time.sleep(0.05)
        file = GateFile(gate.path)
        file.write([Stopped(MADE.id, "host", MADE.at, tuple(f"call_{number}" for number in range(30)))])
        file.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with opened(None, gate.path) as books:
        stopped = enforced(books, [MADE])
    thread.join()
    assert stopped is not None
    told(stopped, MADE.at, MADE.at + 150_000)
    out = capsys.readouterr().out
    assert "in force at host within 0.15 s" in out
    assert "calls cut: 30 (call_0," in out
    assert "and 10 more)" in out
    assert "questions made void: 0" in out
    gate.unlock()


def test_a_gate_that_does_not_answer_is_an_error(gate: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "PATIENCE", 0.05)
    with pytest.raises(Failure, match="it is written, and the gate"), opened(None, gate.path) as books:
        enforced(books, [MADE])
    gate.unlock()


def test_where_no_gate_runs_nobody_waits(gate: DataDirectory) -> None:
    gate.unlock()
    with opened(None, gate.path) as books:
        assert enforced(books, [MADE]) is None
