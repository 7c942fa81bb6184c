"""A crash at every write: whatever part of the write-ahead log a crash leaves, the next start finds a whole record."""

import shutil
import struct
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.journal.invariants import check, restart
from narrows.stores.sqlite import runs, tags
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.journalfile import Work
from soak import SOAK
from unit.stores.sqlite.records import NOW, OWNER, World, call_id, closed, opened, segment

WAL_HEADER, FRAME_HEADER = 32, 24


def write(directory: Path) -> tuple[Path, list[tuple[int, set[str]]]]:
    """A journal of twelve commits. Gives a snapshot of its files, and for each commit the length of the write-ahead
    log after it and the calls that were on record then."""
    world = World(directory / "live")
    file = world.file()
    wal = file.path.with_name(file.path.name + "-wal")
    history = [(0, set[str]())]
    calls: set[str] = set()
    numbers = count(1)
    for step in range(12):
        work: list[Work] = []
        for _ in range(step % 4 + 1):
            number = next(numbers)
            work.append((opened(number, b"prompt %d" % number * (step + 1)), OWNER))
            calls.add(call_id(number))
            if number % 2:
                work.append((segment(number, 0, "part"), OWNER))
                work.append((closed(number, response_ids=(f"r{number}",)), OWNER))
            elif number > 2:
                work.append((closed(number - 2), OWNER))
        file.write(work, NOW)
        history.append((wal.stat().st_size, set(calls)))
    shutil.copytree(directory / "live", directory / "snapshot")
    file.connection.close()
    return directory / "snapshot", history


@pytest.fixture(scope="module", autouse=True)
def small_runs() -> Iterator[None]:
    """Runs that become full within few commits, so that a crash also falls between their parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "RUN", 8)
        patch.setattr(tags, "RUN", 8)
        patch.setattr(tags, "GROUP", 2)
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, small_runs: None) -> tuple[Path, list[tuple[int, set[str]]]]:
    return write(tmp_path_factory.mktemp("truncation"))


def crashed(snapshot: Path, target: Path, length: int) -> None:
    """The snapshot as a crash would have left it after so many bytes of the write-ahead log."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(snapshot, target, ignore=shutil.ignore_patterns("*-shm"))
    with (target / "journal-001.db-wal").open("r+b") as wal:
        wal.truncate(length)


def frames(snapshot: Path) -> list[int]:
    """The lengths of the write-ahead log at every frame boundary."""
    wal = (snapshot / "journal-001.db-wal").read_bytes()
    (page,) = struct.unpack(">I", wal[8:12])
    return list(range(WAL_HEADER, len(wal) + 1, FRAME_HEADER + page))


def expect(directory: Path, length: int, history: list[tuple[int, set[str]]]) -> None:
    """What was committed within the length is there and found; a file whose own beginning was cut off is begun anew."""
    restart(directory)
    promised = [calls for end, calls in history if end <= length][-1]
    assert check(directory) == promised
    archive = Archive(directory)
    assert {call.id for call in archive.calls()} == promised
    for call in promised:
        record = archive.call(call)
        assert record is not None
        assert record.intact
        assert record.call.outcome in {"done", "unknown"}


def test_at_every_frame(written: tuple[Path, list[tuple[int, set[str]]]], tmp_path: Path) -> None:
    """Every other one in the fast tier, and each of the ends of commits."""
    snapshot, history = written
    lengths = frames(snapshot)
    assert len(lengths) > 50
    ends = {end for end, _ in history}
    for length in lengths if SOAK > 1 else sorted({*lengths[::2], *ends.intersection(lengths)}):
        crashed(snapshot, tmp_path / "data", length)
        expect(tmp_path / "data", length, history)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15 * SOAK)
@given(data=st.data())
def test_anywhere(written: tuple[Path, list[tuple[int, set[str]]]], tmp_path: Path, data: st.DataObject) -> None:
    snapshot, history = written
    length = data.draw(st.integers(0, frames(snapshot)[-1]))
    crashed(snapshot, tmp_path / "data", length)
    expect(tmp_path / "data", length, history)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15 * SOAK)
@given(data=st.data())
def test_torn_pages_after_the_last_sync(
    written: tuple[Path, list[tuple[int, set[str]]]], tmp_path: Path, data: st.DataObject
) -> None:
    """Without a sync a crash of the machine may also leave rubbish: what comes after it doesn't count."""
    snapshot, history = written
    commit = data.draw(st.sampled_from(history[:-1]))
    end = max(commit[0], WAL_HEADER)
    crashed(snapshot, tmp_path / "data", frames(snapshot)[-1])
    with (tmp_path / "data" / "journal-001.db-wal").open("r+b") as wal:
        wal.seek(end)
        wal.write(data.draw(st.binary(min_size=64, max_size=5_000)))
    restart(tmp_path / "data")
    assert check(tmp_path / "data") >= commit[1]
