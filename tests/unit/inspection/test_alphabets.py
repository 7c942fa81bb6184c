"""Tables of letters."""

import unicodedata

from narrows.inspection.alphabets import MORSE, SIGNS, TO_CYRILLIC, TO_GREEK, TURNED


def test_the_tables_name_letters() -> None:
    assert len(MORSE) == 36
    assert all(len(letter) == 1 and letter.isascii() for letter in SIGNS.values())
    assert not any(sign.isascii() for sign in SIGNS)
    assert len(TURNED) == 26


def test_the_way_back_leads_to_the_named_script() -> None:
    assert all("CYRILLIC" in unicodedata.name(chr(code)) for code in TO_CYRILLIC.values())
    assert all("GREEK" in unicodedata.name(chr(code)) for code in TO_GREEK.values())
