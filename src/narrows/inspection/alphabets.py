"""Tables of letters in disguise. Nothing but data."""

# ruff: noqa: RUF001 - look-alikes are what these tables are made of
from typing import Final

_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"

_MORSE: Final = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
MORSE: Final = dict(zip(_MORSE.split(" "), _LATIN + "0123456789", strict=True))

_BRAILLE: Final = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"
_SMALL_CAPITALS: Final = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘ\0ʀꜱᴛᴜᴠᴡ\0ʏᴢ"
_UPSIDE_DOWN: Final = "ɐ\0ɔ\0ǝɟƃɥᴉɾʞ\0ɯ\0\0\0\0ɹ\0ʇ\0ʌʍ\0ʎ\0"
_OTHER_SCRIPTS: Final = "ɑ\0ϲԁҽ\0ɡհіјкӏмոоρզгѕтυνա×уᴢ"
_CAPITALS: Final = "ΑΒСDΕҒԌΗІЈΚԼΜΝΟΡԚRЅΤՍѴԜΧΥΖ"


def _pairs(signs: str) -> dict[str, str]:
    return {sign: letter for sign, letter in zip(signs, _LATIN, strict=True) if sign != "\0" and not sign.isascii()}


def _ranges() -> dict[str, str]:
    starts = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)  # squared, negative circled, negative squared, regional indicators
    return {chr(start + place): letter for start in starts for place, letter in enumerate(_LATIN)}


SIGNS: Final = {
    **_ranges(),
    **_pairs(_BRAILLE),
    **_pairs(_SMALL_CAPITALS),
    **_pairs(_UPSIDE_DOWN),
    **_pairs(_OTHER_SCRIPTS),
    **_pairs(_CAPITALS),
    "\u2800": " ", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ɨ": "i", "ƨ": "s", "ı": "i", "ǀ": "l", "ꓲ": "i",
    "¡": "i",
}  # fmt: skip
"""Signs that are letters to a reader, and that Unicode's own normalisation leaves alone."""

TO_CYRILLIC: Final = str.maketrans("ABEKMHOPCTXaeopcyxs", "АВЕКМНОРСТХаеорсухѕ")
TO_GREEK: Final = str.maketrans("ABEZHIKMNOPTYXoviu", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονιυ")

TURNED: Final = str.maketrans("ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", "abcdefghijklmnopqrstuvwxyz")
"""What each sign is when the page is turned round."""
