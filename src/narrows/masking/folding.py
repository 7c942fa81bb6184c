"""Text as detectors see it: look-alikes made plain, invisible characters gone, with a map back to the source.

Each character is folded by itself, so a text can be folded piece by piece and every split gives the same. What is
dropped: zero-width, bidirectional and tag characters, variation selectors, combining marks; a run of more than
MOST_DROPPED of them becomes an EDGE, which ends a match. The rest is NFKC, digits of all scripts, white space,
Cyrillic and Greek look-alikes, dashes and quotes. ASCII text is its own folding.

The module owns what is known of one field while it is scanned (`Folded`). It knows no detectors.
"""

import re
import unicodedata
from typing import Final

from narrows.masking import standins
from narrows.masking.patterns import EDGE, OTHER_BYTE, WALL

_OF_FIELDS: Final = frozenset({"FIELD"})
"""What stands in place of values that field rules cover; no detector's entity, but no less a stand-in."""

MOST_LEARNT: Final = 20_000
"""Characters of which it is remembered what they fold to; others are folded each time they come."""

MOST_DROPPED: Final = 16
"""Dropped characters in a row that a match can reach over."""

_SPECIAL: Final = "\U0010ffff"
"""Stands in a translated text for a character that folds to none or to several. It is no character of its own."""

_HARMLESS: Final = "\x7f"
"""What a control character that has a meaning here is seen as."""

_QUESTION: Final = "\x02"
"""Stands for a question mark while a text is encoded."""

_RESERVED: Final = (EDGE, WALL, _QUESTION)
_NOT_PLAIN: Final = re.compile(r"[^\x03-\x7f]+")
"""What is not its own folding: what is not ASCII, and what is reserved."""

_NOT_SIMPLE: Final = re.compile(r"[^\x03-)+-Z\\-\x7f]")
"""What is not its own folding, or may begin a stand-in."""

_ODD: Final = re.compile(
    "[^\x03-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]"
)
"""All but ranges of characters that are their own folding: ASCII, letters of western Europe, Chinese, kana, Hangul."""

SAMPLE: Final = 128
FEW: Final = 8
"""If no more than one in so many of the first SAMPLE characters is odd, those that are get replaced one by one."""

MOST_ODD: Final = 16
"""Different characters that are replaced one by one."""

SPARSE: Final = 10
"""Characters to each byte beyond ASCII from which on it is faster to pass over what is ASCII."""

_DROPPED_RANGES: Final = (
    (0x00AD, 0x00AD), (0x0300, 0x036F), (0x0483, 0x0489), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
    (0x20D0, 0x20FF), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip

_LOOK_ALIKES: Final = dict(
    zip(
        "АВЕКМНОРСТУХаеорсухѕіјԁһЅІЈԛԝѵԌӏԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαρικϲϳϹɑıɡİ",
        "ABEKMHOPCTYXaeopcyxsijdhSIJqwvGlQWABEZHIKMNOPTYXoapikcjCaigI",
        strict=True,
    )
)
_PUNCTUATION: Final = dict(
    zip(
        "‐‑‒–—―−⁃‘’‛′“”‟″⁄∕。∶‚",  # noqa: RUF001
        "-------" + "-" + "''''" + '""""' + "//" + ".:,",
        strict=True,
    )
)


def fold_character(character: str) -> str:
    """What one character is seen as: usually one character, for some none or several."""
    if _is_dropped(character):
        return ""
    return "".join(_plain(part) for part in unicodedata.normalize("NFKC", character) if not _is_dropped(part))


def _is_dropped(character: str) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in _DROPPED_RANGES)


def _plain(character: str) -> str:
    if character.isascii():
        return _HARMLESS if character in _RESERVED else character
    alike = _LOOK_ALIKES.get(character) or _PUNCTUATION.get(character)
    if alike is not None:
        return alike
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if character.isspace():
        return "\n" if character in "\x85\u2028\u2029" else " "
    return "\ufffd" if character == _SPECIAL else character


class _Table(dict[int, str]):
    """What characters fold to, learnt as they come. For `str.translate`: always one character, else _SPECIAL."""

    def __init__(self) -> None:
        super().__init__({code: fold_character(chr(code)) for code in range(128)})
        self._special: dict[str, str] = {}

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        is_known = len(self) < MOST_LEARNT
        if len(folded) != 1:
            if is_known:
                self._special[chr(code)] = folded
            folded = _SPECIAL
        if is_known:
            self[code] = folded
        return folded

    def special(self, character: str) -> str:
        """What a character folds to that stands as _SPECIAL in a translated text."""
        folded = self._special.get(character)
        return fold_character(character) if folded is None else folded


class Folder:
    """Folds texts; `entities` are the names that make a stand-in, beside that of field rules. May be shared by
    threads."""

    __slots__ = ("entities", "table")

    def __init__(self, entities: frozenset[str] = frozenset()) -> None:
        self.entities = entities | _OF_FIELDS
        self.table = _Table()

    def whole(self, text: str) -> "Folded":
        folded = Folded(self)
        folded.extend(text)
        folded.finish()
        return folded

    def line(self, text: str) -> str | None:
        """The folding where each character folds to one, without the walls of what masking has put in; None else."""
        if is_plain(text):
            return text
        translated = self.translated(text)
        return None if _SPECIAL in translated else translated

    def lined(self, text: str, line: str) -> "Folded":
        """What `whole` gives, of a text whose `line` is known."""
        if standins.find(text, self.entities):
            return self.whole(text)
        folded = Folded(self)
        folded.source, folded.frontier = text, len(text)
        folded.text = f"{EDGE}{line}{EDGE}"
        folded.final = True
        return folded

    def translated(self, text: str) -> str:
        """The folding, with _SPECIAL for each character that folds to none or several."""
        table = self.table
        beyond = len(text.encode("utf-8", "surrogatepass")) - len(text)
        if beyond * SPARSE < len(text):
            return _NOT_PLAIN.sub(lambda run: run.group().translate(table), text)
        if FEW * len(_ODD.findall(text, 0, SAMPLE)) > min(len(text), SAMPLE):
            return text.translate(table)
        odd = set(_ODD.findall(text))
        if len(odd) > MOST_ODD or _SPECIAL in odd:
            return text.translate(table)
        for character in odd:  # What one becomes is no other one: foldings fold to themselves.
            text = text.replace(character, table[ord(character)])
        return text

    def plain(self, text: str) -> str:
        """A text without the map and the edges, for words and keywords."""
        return "".join(map(fold_character, text)) if not text.isascii() else text


def is_plain(text: str) -> bool:
    """Whether a text is its own folding, but for what masking itself has put in."""
    return text.isascii() and EDGE not in text and WALL not in text and _QUESTION not in text


def encode(folded: str) -> bytes:
    """One byte a character, OTHER_BYTE for what is not ASCII. The text must be folded: it then has no `\\x02`."""
    if folded.isascii():
        return folded.encode("ascii")
    return folded.replace("?", _QUESTION).encode("ascii", "replace").translate(_FROM_REPLACED)


_FROM_REPLACED: Final = bytes(
    OTHER_BYTE if code == ord("?") else ord("?") if code == ord(_QUESTION) else code for code in range(256)
)


class Folded:
    """One field: the source not yet released, and its folding with some of what went before.

    `text[begin:]` is the folding of `source[:frontier]`; before it stand an EDGE or released characters, for context.
    `offsets` gives the place in `source` of each folded character; None as long as it is `index - begin`.
    """

    __slots__ = ("_folder", "_run", "begin", "final", "frontier", "offsets", "source", "text", "walls")

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._run = 0
        self.source = ""
        self.frontier = 0
        self.text = EDGE
        self.begin = 1
        self.offsets: list[int] | None = None
        self.walls = False
        self.final = False

    def extend(self, chunk: str) -> None:
        """Adds text. Its end is left unfolded while it could begin a stand-in."""
        source = self.source
        if self.offsets is None and self.frontier == len(source) and _NOT_SIMPLE.search(chunk) is None:
            self.source = source + chunk
            self.text += chunk
            self.frontier += len(chunk)
            if chunk:
                self._run = 0
            return
        # Where no stand-in has begun, none begins without one of its first characters.
        whole = self.frontier == len(source) and "[" not in chunk and "*" not in chunk
        self.source = source = source + chunk if source else chunk
        self._advance(len(source) if whole else standins.unfinished(source))

    def finish(self) -> None:
        """No more text comes; closes the folded text with an EDGE."""
        self._advance(len(self.source))
        self._append(EDGE, self.frontier)
        self.final = True

    @property
    def end(self) -> int:
        """Behind the last folded character of the source."""
        return len(self.text) - self.final

    def place(self, index: int) -> int:
        """Where in `source` a folded character begins; for the end, all that is folded."""
        if index >= self.end:
            return self.frontier
        return index - self.begin if self.offsets is None else self.offsets[index]

    def round_down(self, index: int) -> int:
        """The first folded character that comes from the same source character."""
        offsets = self.offsets
        if offsets is not None and index < self.end:
            while index > self.begin and offsets[index - 1] == offsets[index]:
                index -= 1
        return index

    def round_up(self, index: int) -> int:
        """Behind the last folded character that comes from the source character before `index`."""
        offsets = self.offsets
        if offsets is not None:
            while index < self.end and offsets[index] == offsets[index - 1]:
                index += 1
        return index

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in `source` the folded characters from start to end come from."""
        if self.offsets is None:
            return start - self.begin, end - self.begin
        return self.offsets[start], self.offsets[end - 1] + 1

    def release(self, index: int, context: int) -> int:
        """Forgets the source before a folded character, and all folded text but `context` characters before it.
        Returns by how much indexes have moved."""
        place = self.place(index)
        kept = index - context if index > context else 0
        self.source = self.source[place:]
        self.frontier -= place
        if kept:
            self.text = self.text[kept:]
        self.begin = index - kept
        if self.offsets is not None:
            self.offsets = [offset - place for offset in self.offsets[kept:]]
            known = self.offsets[self.begin : self.end]
            if len(known) == self.frontier and all(offset == at for at, offset in enumerate(known)):
                self.offsets = None
        if self.walls:
            self.walls = WALL in self.text
        return kept

    def _advance(self, stop: int) -> None:
        if stop <= self.frontier:
            return
        piece = self.source[self.frontier : stop]
        walls = standins.find(piece, self._folder.entities)
        if not walls:
            self._fold(piece, self.frontier)
        else:
            self.walls = True
            done = 0
            for start, end in walls:
                self._fold(piece[done:start], self.frontier + done)
                self._need_offsets()
                self._append(WALL, self.frontier + start)
                self._run = 0
                done = end
            self._fold(piece[done:], self.frontier + done)
        self.frontier = stop

    def _fold(self, piece: str, place: int) -> None:
        if not piece:
            return
        if not is_plain(piece):
            translated = self._folder.translated(piece)
            if _SPECIAL in translated:
                self._fold_special(piece, translated, place)
                return
            piece = translated
        self._append(piece, place)
        self._run = 0

    def _fold_special(self, piece: str, translated: str, place: int) -> None:
        """Character by character where one folds to none or several; what lies between is taken whole."""
        self._need_offsets()
        special, at = self._folder.table.special, 0
        parts: list[str] = []
        offsets = self.offsets if self.offsets is not None else []
        while at < len(piece):
            found = translated.find(_SPECIAL, at)
            if found != at:
                stop = len(piece) if found < 0 else found
                parts.append(translated[at:stop])
                offsets.extend(range(place + at, place + stop))
                self._run, at = 0, stop
                continue
            folded = special(piece[at])
            if folded:
                self._run = 0
            else:
                self._run += 1
                folded = EDGE if self._run == MOST_DROPPED + 1 else ""
            parts.append(folded)
            offsets.extend([place + at] * len(folded))
            at += 1
        self.text += "".join(parts)

    def _append(self, folded: str, place: int) -> None:
        if self.offsets is not None:
            self.offsets.extend(range(place, place + len(folded)))
        self.text += folded

    def _need_offsets(self) -> None:
        if self.offsets is None:
            self.offsets = [index - self.begin for index in range(len(self.text))]
