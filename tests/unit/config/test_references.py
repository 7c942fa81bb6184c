"""References to the environment and to files; what they stand for is never told."""

from pathlib import Path

import pytest

from narrows.config.references import References
from narrows.config.scalars import Wrong

CANARY = "canary-5f1d"


def expand(text: str, base: Path = Path(), **environ: str) -> str:
    return References(environ, base).expand(text)


def wrong(text: str, base: Path = Path(), **environ: str) -> Wrong:
    with pytest.raises(Wrong) as caught:
        expand(text, base, **environ)
    assert CANARY not in caught.value.message + (caught.value.hint or "")
    return caught.value


def test_a_variable_is_put_in() -> None:
    assert expand("Bearer ${env:KEY}!", KEY="abc") == "Bearer abc!"


def test_a_missing_variable_is_named() -> None:
    assert wrong("${env:OTHER}", KEY=CANARY).message == "the environment variable OTHER is not set"


def test_an_empty_variable_is_empty() -> None:
    assert expand("${env:KEY}", KEY="") == ""


def test_what_is_put_in_is_not_expanded_again() -> None:
    assert expand("${env:A}", A="${env:B}", B="b") == "${env:B}"


def test_two_dollars_stand_for_themselves() -> None:
    assert expand("$${env:KEY} costs $5 {x}") == "${env:KEY} costs $5 {x}"


def test_a_file_is_put_in_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one\ntwo\n")
    assert expand(f"${{file:{tmp_path}/key}}") == "one\ntwo"
    assert expand("${file:key}", tmp_path) == "one\ntwo"


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    assert wrong("${file:nowhere}", tmp_path).message == "the file nowhere can't be read: No such file or directory"
    assert "can't be read" in wrong("${file:.}", tmp_path).message
    assert "can't be read" in wrong("${file:a\0b}", tmp_path).message


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "binary").write_bytes(CANARY.encode() + b"\xff\xfe")
    assert "larger than 64 KB" in wrong("${file:large}", tmp_path).message
    assert "not UTF-8" in wrong("${file:binary}", tmp_path).message


@pytest.mark.parametrize("text", ["${KEY}", "${env:}", "${}", "${vault:x}", "${env:KEY", "${ENV:KEY}"])
def test_anything_else_in_braces_is_refused(text: str) -> None:
    assert "unknown" in wrong(text, KEY=CANARY).message


@pytest.mark.parametrize("name", ["A-B", "1A", "A B", "A:-default"])
def test_a_variable_has_a_variables_name(name: str) -> None:
    assert "can't be the name" in wrong(f"${{env:{name}}}").message


def test_what_was_put_in_is_remembered_for_scrubbing() -> None:
    references = References({"KEY": CANARY}, Path())
    references.expand("${env:KEY}")
    assert references.resolved == {CANARY: "${env:KEY}"}
