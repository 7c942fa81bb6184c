"""Word lists from files: compiled apart when they are long, kept, read back, and what is wrong told with its line."""

import os
from pathlib import Path
from typing import Any

import pytest

from narrows.config.problem import ConfigError
from narrows.config.schema import Detectors, WordListSettings
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.wordlist import WordList
from narrows.wiring import wordlists
from narrows.wiring.compiled import CompiledFiles
from narrows.wiring.wordlists import KEPT, LONG, SUFFIX, content, word_list

KEY = "detectors.words[3]"


def settings(file: Path | None = None, *words: str) -> WordListSettings:
    return WordListSettings(
        name="names", entity="PROJECT", file=None if file is None else str(file), words=words or None
    )


def masked(words: WordList, text: str) -> str:
    return Masker(Engine([], [words])).mask(text).text


@pytest.fixture
def long(tmp_path: Path) -> Path:
    file = tmp_path / "long.txt"
    file.write_text("".join(f"project {number:06d}\n" for number in range(LONG // 14)), encoding="utf-8")
    assert file.stat().st_size > LONG - 100
    with file.open("a", encoding="utf-8") as more:
        more.write("Blue Falcon\n" * 10)
    return file


@pytest.fixture
def files(tmp_path: Path) -> CompiledFiles:
    return CompiledFiles(tmp_path / "kept", suffix=SUFFIX, kept=KEPT)


def test_a_long_list_is_compiled_apart_and_only_once(
    long: Path, files: CompiledFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(*_: Any) -> bytes:
        raise AssertionError("compiled in this process")

    monkeypatch.setattr(wordlists, "_compiled", here)
    words = word_list(settings(long), KEY, files)
    assert masked(words, "see Project 000123, blue falcon") == "see [PROJECT], [PROJECT]"
    assert files.filled
    monkeypatch.setattr(wordlists, "_compile_apart", here)
    assert masked(word_list(settings(long), KEY, files), "project 000123") == "[PROJECT]"


def test_without_a_place_to_keep_it_and_where_apart_fails_it_is_compiled_here(
    long: Path, files: CompiledFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (None, CompiledFiles(None), CompiledFiles(Path("/proc/nowhere"), suffix=SUFFIX)):
        assert masked(word_list(settings(long), KEY, place), "project 000123") == "[PROJECT]"
    monkeypatch.setattr(wordlists.sys, "executable", "/nowhere/python")
    assert masked(word_list(settings(long), KEY, files), "project 000123") == "[PROJECT]"


def test_a_damaged_file_is_compiled_again(long: Path, files: CompiledFiles) -> None:
    word_list(settings(long), KEY, files)
    assert files.directory is not None
    (kept,) = files.directory.iterdir()
    name = kept.name.removesuffix(SUFFIX)
    files.write(name, b"no list")
    assert masked(word_list(settings(long), KEY, files), "project 000123") == "[PROJECT]"
    assert files.read(name) != b"no list"


@pytest.mark.parametrize("apart", [False, True])
def test_what_is_wrong_in_a_file_is_told_with_its_line(long: Path, files: CompiledFiles, apart: bool) -> None:
    lines = long.read_text(encoding="utf-8").splitlines() if apart else ["Zebra"]
    long.write_text("\n".join([*lines, "--", "x"]), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        word_list(settings(long), KEY, files)
    (problem,) = refused.value.problems
    assert (problem.key, problem.file, problem.line) == (f"{KEY}.file", str(long), len(lines) + 1)
    assert "1 to 32 words" in problem.message


def test_other_mistakes(tmp_path: Path, files: CompiledFiles) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n", encoding="utf-8")
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"Zebra\n\xff\n")
    for row, key, said in (
        (settings(tmp_path / "none.txt"), f"{KEY}.file", "can't be read"),
        (settings(empty), KEY, "no entry"),
        (settings(broken), f"{KEY}.file", "not UTF-8"),
        (settings(None, "Zebra", "--"), f"{KEY}.words[1]", "1 to 32 words"),
    ):
        with pytest.raises(ConfigError) as refused:
            word_list(row, KEY, files)
        (problem,) = refused.value.problems
        assert problem.key == key
        assert said in problem.message


def test_content_names_what_stands_in_the_files(long: Path) -> None:
    own = Detectors(words=(settings(long), settings(None, "Zebra")))
    before = content(own)
    os.utime(long, (1, 1))
    assert content(own) == before != ""
    long.write_text("Zebra", encoding="utf-8")
    assert content(own) != before
    assert content(Detectors(words=(settings(None, "Zebra"),))) == ""
