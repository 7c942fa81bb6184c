"""Who received which response: over all files, off the loop."""

from pathlib import Path

from narrows.stores.sqlite import runs
from narrows.stores.sqlite.references import References
from unit.stores.sqlite.records import NOW, OWNER, World, closed, opened


async def test_every_run_of_every_file_is_searched(tmp_path: Path) -> None:
    world = World(tmp_path)
    file = world.file()
    for number in range(4):
        file.write([(opened(number), OWNER), (closed(number, response_ids=(f"resp_{number}",)), OWNER)], NOW)
        if number == 1:
            file.seq += 3 * runs.RUN
        if number == 2:
            file = world.files.following(file, NOW)
    references = References(world.directory)
    assert [await references.find(*OWNER, f"resp_{number}") for number in range(5)] == [True] * 4 + [False]
    assert not await references.find("corp:bob", "openai", "resp_0")
    references.close()


async def test_an_empty_journal_owns_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.file()
    references = References(world.directory)
    assert not await references.find(*OWNER, "resp_1")
    references.close()
