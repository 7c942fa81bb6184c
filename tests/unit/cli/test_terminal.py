"""What others wrote can't steer the terminal."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from narrows.cli.terminal import complain, harmless, json_line, one_line, print_json, print_table

ATTACKS = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x7f", "\r", "\x00", "a\u202eb", "\u2066", "\u200b", "\U000e0041"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_escape_sequences_and_invisible_characters_are_written_out(attack: str) -> None:
    shown = harmless(f"before{attack}after")
    assert shown.isprintable()
    assert shown.startswith("before")
    assert shown.endswith("after")


@given(st.text(st.characters(), max_size=60))
def test_nothing_but_tabs_and_newlines_is_left_of_what_is_not_visible(text: str) -> None:
    kinds = {unicodedata.category(character) for character in harmless(text) if character not in "\t\n"}
    assert kinds.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    harmless(text).encode()


def test_ordinary_text_stands_as_it_is() -> None:
    for text in ("hello\n\tworld", "Grüße, 世界", "👩\u200a🔬", "[bold]not markup[/bold]"):
        assert harmless(text) == text


def test_one_line_is_one_line() -> None:
    assert one_line("a\r\nb\tc") == "a⏎ b c"
    assert one_line("abcdef", 4) == "abc…"


@given(st.text(st.characters()))
def test_json_lines_are_safe_and_say_the_same(text: str) -> None:
    line = json_line({"text": text})
    assert json.loads(line) == {"text": text}
    assert harmless(line) == line


def test_a_table_prints_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id", "prompt"], [["call_1", "[red]one\ntwo\x1b[2J"], ["call_2", None]])
    assert capsys.readouterr().out.splitlines() == ["id      prompt", "call_1  [red]one⏎ two\\x1b[2J", "call_2"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [10, 20, 30, 40, 80])
def test_a_narrow_terminal_gets_fewer_columns_and_never_half_an_id(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    shown = Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(["id", "who", "what"], [["call_0123456789", "demo:alice", "世" * 20]])
    heading, row = shown.getvalue().splitlines()
    assert row.startswith("call_0123456789")
    assert cell_len(row) <= max(columns, 15)
    assert heading.startswith("\x1b[1mid")


def test_json_and_complaints(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"id": 1})
    complain("no\x1b[2J")
    captured = capsys.readouterr()
    assert captured.out == '{"id": 1}\n'
    assert captured.err == "no\\x1b[2J\n"
