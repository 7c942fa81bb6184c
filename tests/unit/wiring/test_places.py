"""The place of a person's state follows the environment, as the XDG base directories do."""

from pathlib import Path

from narrows.wiring.places import state_folder


def test_it_follows_the_environment(tmp_path: Path) -> None:
    assert state_folder({"XDG_STATE_HOME": "/x"}, tmp_path) == Path("/x/narrows")
    for environ in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert state_folder(environ, tmp_path) == tmp_path / ".local/state/narrows"
