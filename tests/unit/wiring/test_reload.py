import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from narrows.wiring.reload import FileWatch, cancel, stamp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "narrows.yaml"
    path.write_text("one")
    return path


def counting() -> tuple[list[int], Callable[[], Awaitable[None]]]:
    seen: list[int] = []

    async def changed() -> None:
        seen.append(1)

    return seen, changed


async def test_a_new_content_is_told_once(file: Path) -> None:
    seen, changed = counting()
    watch = FileWatch(file, changed)
    assert not await watch.check()
    file.write_text("two")
    assert await watch.check()
    assert not await watch.check()
    assert seen == [1]


async def test_a_touched_file_is_not_a_new_version(file: Path) -> None:
    seen, changed = counting()
    watch = FileWatch(file, changed)
    os.utime(file, (1, 1))
    assert not await watch.check()
    assert seen == []


async def test_a_file_replaced_by_rename_is_seen_and_a_missing_one_waited_for(file: Path) -> None:
    seen, changed = counting()
    watch = FileWatch(file, changed)
    file.unlink()
    assert not await watch.check()
    other = file.with_suffix(".new")
    other.write_text("six")
    other.rename(file)
    assert await watch.check()
    assert seen == [1]


async def test_the_watch_outlives_a_failing_reload(file: Path) -> None:
    calls: list[str] = []
    done = asyncio.Event()

    async def changed() -> None:
        calls.append(file.read_text())
        if len(calls) == 1:
            raise ValueError("broken")
        done.set()

    task = asyncio.create_task(FileWatch(file, changed, interval=0.001).run())
    file.write_text("broken version")
    while not calls:
        await asyncio.sleep(0.001)
    file.write_text("good version")
    await asyncio.wait_for(done.wait(), 5)
    await cancel(task)
    assert calls == ["broken version", "good version"]


async def test_another_file_that_is_not_what_was_read_is_told_once_until_it_is_read(file: Path) -> None:
    seen, changed = counting()
    other = file.with_name("names.txt")
    other.write_text("Zebra")
    read = {str(other): stamp(other), str(file.with_name("none")): None}
    watch = FileWatch(file, changed, others=lambda: read)
    assert not await watch.check()
    other.write_text("Zebu and more")
    assert await watch.check()
    assert not await watch.check()  # it was refused, so it is not tried again
    other.write_text("Zebu")
    assert await watch.check()
    read[str(other)] = stamp(other)
    assert not await watch.check()
    other.unlink()
    assert not await watch.check()
    assert seen == [1, 1]


async def test_both_changed_at_once_is_one_version(file: Path) -> None:
    seen, changed = counting()
    other = file.with_name("names.txt")
    other.write_text("Zebra")
    watch = FileWatch(file, changed, others=lambda: {str(other): None})
    file.write_text("two")
    assert await watch.check()
    assert seen == [1]
