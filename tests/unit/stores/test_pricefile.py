"""The operator's table is kept whole, for its owner only, and named by its content."""

from pathlib import Path

import msgspec
import pytest

from narrows.stores.pricefile import EMPTY, PriceFile, PriceFileUnusable

TABLE = b'[{"id":"acme","models":[]}]'


def test_what_is_written_is_read(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    file = PriceFile(directory)
    assert file.read() is None
    written = file.write(TABLE, "data.json", 7)
    kept = PriceFile(directory).read()
    assert kept is not None
    assert (bytes(kept.providers), kept.source, kept.at, kept.digest) == (TABLE, "data.json", 7, written.digest)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in directory.iterdir()] == ["prices.json"]


def test_another_table_has_another_name(tmp_path: Path) -> None:
    file = PriceFile(tmp_path)
    first = file.write(TABLE, "a", 1)
    again = file.write(TABLE, "b", 2)
    other = file.write(TABLE.replace(b"acme", b"acmf"), "a", 1)
    assert first.digest == again.digest != other.digest
    assert len(first.digest) == 16


def test_an_empty_table_is_none_and_stays_for_the_watch(tmp_path: Path) -> None:
    file = PriceFile(tmp_path)
    file.write(EMPTY, "", 1)
    assert file.read() is None
    assert file.path.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b'{"format":1,"source":"a","at":1}', b"\xff"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    file = PriceFile(tmp_path)
    file.path.write_bytes(content)
    with pytest.raises(PriceFileUnusable, match="narrows prices update"):
        file.read()


def test_a_file_of_another_version_is_told(tmp_path: Path) -> None:
    file = PriceFile(tmp_path)
    file.path.write_bytes(msgspec.json.encode({"format": 2, "source": "", "at": 1, "providers": []}))
    with pytest.raises(PriceFileUnusable, match="another version"):
        file.read()


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    file = PriceFile(tmp_path)
    file.path.mkdir()
    with pytest.raises(PriceFileUnusable, match="can't be read"):
        file.read()


def test_what_was_in_force_stays_where_a_new_table_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = PriceFile(tmp_path)
    file.write(TABLE, "a", 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        file.write(EMPTY, "b", 2)
    monkeypatch.undo()
    kept = file.read()
    assert kept is not None
    assert kept.source == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["prices.json"]
