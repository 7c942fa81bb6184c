"""Word lists, from their files to what an engine asks.

A list of a million entries takes seconds to compile, and the interpreter's lock all the while. So what was compiled is
kept on disk under the hash of the file's content, and a long list is compiled by a process of its own (this module run
as `python -m`), which leaves its result there. It owns how entries are read and how what is wrong with one is told.
"""

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Detectors, WordListSettings
from narrows.masking.patterns import PatternRefused
from narrows.masking.phrases import FORMAT, Phrases, PhrasesUnreadable
from narrows.masking.wordlist import WordList, compile_entries
from narrows.wiring.compiled import CompiledFiles

_log = logging.getLogger("narrows.masking")

MOST_ENTRIES: Final = 1_000_000
LARGEST_LIST: Final = 256 << 20
"""Bytes of a word list's file."""

LONG: Final = 128 << 10
"""Bytes of a file from which on it is compiled in a process of its own."""

PATIENCE: Final = 600.0
"""Seconds that this process may take."""

NICENESS: Final = 10
SUFFIX: Final = ".words"
KEPT: Final = 32
"""Compiled lists that stay on disk."""


def word_list(words: WordListSettings, key: str, files: CompiledFiles | None = None) -> WordList:
    """The list of a setting; `key` is where that stands, `files` is where compiled lists are kept. Raises ConfigError
    with what is wrong."""
    try:
        phrases = Phrases(
            _inline(words.words or (), key) if words.file is None else _filed(Path(words.file), key, files)
        )
        return WordList(words.name, words.entity, phrases, words.score)
    except PatternRefused as refused:
        raise ConfigError([Problem(key, str(refused).removeprefix(f"word list {words.name}: "))]) from None


def content(settings: Detectors) -> str:
    """Names what stands in the files of an organisation's word lists; empty where there are none."""
    digests = [_digest(Path(words.file)) or "" for words in settings.words if words.file is not None]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest() if digests else ""


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _inline(entries: Sequence[str], key: str) -> bytes:
    counted = _Inline(entries)
    try:
        return compile_entries(counted)
    except PatternRefused as refused:
        raise ConfigError([Problem(f"{key}.words[{counted.count - 1}]", str(refused))]) from None


def _filed(path: Path, key: str, files: CompiledFiles | None) -> bytes:
    """What a file's entries are compiled to: as it is kept, or made now."""
    digest = _digest(path)
    if digest is None or files is None or files.directory is None or path.stat().st_size < LONG:
        return _compiled(path, key)
    name = f"{digest}-{FORMAT}"
    for compiles in (True, False):
        kept = files.read(name)
        if kept is not None and _is_usable(kept):
            return kept
        if compiles:
            _log.info("compiling the word list %s, which can take some seconds; it is kept for the next start", path)
            _compile_apart(path, key, files, name)
    # It could not be kept, or the file has changed meanwhile; then it is loaded again soon anyway.
    return _compiled(path, key)


def _is_usable(kept: bytes) -> bool:
    try:
        Phrases(kept)
    except PhrasesUnreadable:
        return False
    return True


def _compile_apart(path: Path, key: str, files: CompiledFiles, name: str) -> None:
    """Has a process of its own compile a list and keep it. Raises ConfigError with what that says is wrong."""
    command = [sys.executable, "-m", __name__, str(path), key, str(files.directory), name]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
        problems = msgspec.json.decode(done.stdout, type=list[Problem])
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError):
        _log.warning("the word list %s can't be compiled in a process of its own", path)
        return
    if problems:
        raise ConfigError(problems)


def _compiled(path: Path, key: str) -> bytes:
    """A file's entries, compiled here. Raises ConfigError."""
    lines = _Lines(path, key)
    try:
        made = compile_entries(lines)
    except PatternRefused as refused:
        raise lines.problem(str(refused)) from None
    except OSError as error:
        raise ConfigError([Problem(f"{key}.file", f"the list can't be read: {error.strerror}")]) from None
    if not lines.count:
        raise ConfigError([Problem(key, "the list has no entry, so it would find nothing")])
    return made


class _Inline:
    """Entries out of the configuration, counted."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._entries = entries
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for entry in self._entries:
            self.count += 1
            yield entry


class _Lines:
    """Entries out of a file, one a line, empty ones left out; with the place of the last one read."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._line = 0
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        with self._path.open("rb") as file:
            if file.seek(0, 2) > LARGEST_LIST:
                raise ConfigError([Problem(f"{self._key}.file", f"the list is larger than {LARGEST_LIST >> 20} MB")])
            file.seek(0)
            for self._line, line in enumerate(file, 1):
                entry = self._decoded(line).strip()
                if not entry:
                    continue
                self.count += 1
                if self.count > MOST_ENTRIES:
                    raise self.problem(f"the list has more than {MOST_ENTRIES:,} entries")
                yield entry

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8-sig" if self._line == 1 else "utf-8")
        except UnicodeDecodeError:
            raise self.problem("the line is not UTF-8") from None

    def problem(self, message: str) -> ConfigError:
        where = Problem(f"{self._key}.file", message, file=str(self._path), line=self._line, column=1)
        return ConfigError([where])


def main() -> None:
    """The process: path, key, directory and name are its arguments; it says what is wrong, as JSON."""
    path, key, directory, name = Path(sys.argv[1]), *sys.argv[2:5]
    os.nice(NICENESS)
    problems: Sequence[Problem] = ()
    try:
        made = _compiled(path, key)
        if f"{_digest(path)}-{FORMAT}" == name:
            CompiledFiles(Path(directory), suffix=SUFFIX, kept=KEPT).write(name, made)
    except ConfigError as error:
        problems = error.problems
    sys.stdout.buffer.write(msgspec.json.encode(problems))


if __name__ == "__main__":
    main()
