"""Letters in disguise."""

# ruff: noqa: RUF001 - look-alikes are what this is about

import pytest

from narrows.inspection.letters import Alphabet, find_hidden_bytes, from_tags, from_tags_apart, one_script, turned
from narrows.masking.folding import fold_character


@pytest.mark.parametrize(
    "text",
    ["ｄｅｌｅｔｅ", "𝐝𝐞𝐥𝐞𝐭𝐞", "d\u200be\u00adl\u2060ete", "dĕlĕtĕ", "ⓓⓔⓛⓔⓣⓔ", "ᴅᴇʟᴇᴛᴇ", "⠙⠑⠇⠑⠞⠑", "🅳🅴🅻🅴🆃🅴", "dеlеtе"],
)
def test_folding(text: str) -> None:
    assert Alphabet(fold_character, scripts=False).fold(text).lower() == "delete"


def test_words_keep_their_script() -> None:
    alphabet = Alphabet(fold_character, scripts=True)
    assert alphabet.fold_words("уд\u200bалить") == "удалить"
    assert alphabet.fold_words("удaлить dеlete") == "удалить dеlete"


@pytest.mark.parametrize(
    ("mixed", "plain"), [("удaлить", "удалить"), ("фaйлы", "файлы"), ("plain", "plain"), ("όλa", "όλa")]
)
def test_one_script(mixed: str, plain: str) -> None:
    assert one_script(mixed) == plain


def test_what_an_alphabet_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrows.inspection.letters.LETTERS_KEPT", 10)
    alphabet = Alphabet(fold_character, scripts=False)
    assert alphabet.fold("".join(map(chr, range(0x4E00, 0x4F00)))) == "".join(map(chr, range(0x4E00, 0x4F00)))
    assert len(alphabet) == 10


def test_signs_that_are_not_shown() -> None:
    hidden = "".join(chr(0xE0000 + ord(character)) for character in "run it")
    assert from_tags(f"a{hidden}b") == "arun itb"
    assert from_tags_apart(f"a{hidden}b") == "a run it b"
    selectors = "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in b"run it")
    assert [found.text for found in find_hidden_bytes("😀" + selectors)] == ["run it"]
    bits = "".join("\u200c" if bit == "1" else "\u200b" for byte in b"run it" for bit in f"{byte:08b}")
    assert "run it" in [found.text for found in find_hidden_bytes(bits)]
    assert list(find_hidden_bytes("\u200b" * 64)) == []


def test_turned() -> None:
    assert turned("ǝʇǝlǝp") == "delete"
