"""A tool's file is changed whole, with a backup, under the permissions it had; or it is left alone."""

import json
from pathlib import Path

import pytest

from narrows.client.failure import SignInFailed
from narrows.client.placing import AlreadyThere, place

NEW = '{"apiKeyHelper": "narrows token"}\n'


def test_a_new_file_is_made(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.json"
    assert place(path, "json", NEW) is None
    assert path.read_text() == NEW
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AlreadyThere):
        place(path, "json", NEW)
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.json"]


def test_what_was_there_is_kept_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"model": "x"}')
    path.chmod(0o644)
    backup = place(path, "json", NEW)
    assert backup is not None
    assert backup.read_text() == '{"model": "x"}'
    assert json.loads(path.read_text()) == {"model": "x", "apiKeyHelper": "narrows token"}
    assert (path.stat().st_mode & 0o777, backup.stat().st_mode & 0o777) == (0o644, 0o600)
    other = place(path, "json", '{"model": "y"}')
    assert other != backup, "no backup is overwritten"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text("{}")
    link.symlink_to(real)
    place(link, "json", NEW)
    assert link.is_symlink()
    assert json.loads(real.read_text()) == {"apiKeyHelper": "narrows token"}


def test_what_can_not_be_changed_safely_is_shown_instead(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("// mine\n{}")
    with pytest.raises(SignInFailed, match="left alone") as raised:
        place(path, "json", NEW)
    assert NEW in str(raised.value)
    assert path.read_text() == "// mine\n{}"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SignInFailed, match="can't be"):
        place(tmp_path / "file" / "settings.json", "json", NEW)
