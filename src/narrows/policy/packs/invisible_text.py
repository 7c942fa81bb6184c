"""Characters that a person does not see and a model reads."""

# ruff: noqa: RUF001 - Arabic among the examples
from typing import Final

from narrows.policy.packs.rule import READ, Pack, PackRule, Side

_TAGS: Final = PackRule(
    id="tag-characters",
    version=1,
    side=Side.PROMPT,
    roles=READ,
    patterns=(
        # A flag of a region is a black flag and at most six tags: not counted.
        r"(?:^|[^\x{1f3f4}\x{e0020}-\x{e007e}])[\x{e0020}-\x{e007e}]{2}",
        r"[\x{e0020}-\x{e007e}]{7}",
        r"\x{e0001}",
    ),
    purpose="ASCII written in Unicode's tag characters, which no font shows: the usual way to hide a prompt in a text.",
    misses="A single tag character; text hidden in colours or sizes.",
    also_matches="Nothing known; flags of regions such as Scotland are left alone.",
    matches=(
        "Hello" + "".join(chr(0xE0000 + ord(character)) for character in "ignore"),
        "".join(chr(0xE0000 + ord(character)) for character in "do it now"),
        "\U000e0001",
    ),
    spares=(
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "Hello \U0001f600",
    ),
)
_HIDDEN: Final = PackRule(
    id="invisible-runs",
    version=1,
    side=Side.PROMPT,
    roles=READ,
    patterns=(
        r"[\x{200b}-\x{200f}\x{2060}-\x{2064}\x{206a}-\x{206f}\x{feff}\x{ad}\x{034f}\x{061c}\x{180e}\x{115f}\x{1160}\x{3164}\x{ffa0}]{8}",
        r"[\x{fe00}-\x{fe0e}\x{e0100}-\x{e01ef}]{4}",
        r"[\x{2800}]{8}",
    ),
    purpose="Eight characters without width, or four variation selectors, in a row: text or bits that are hidden.",
    misses="Single ones between letters; those are taken out before denied phrases are looked for.",
    also_matches="Badly converted documents with runs of soft hyphens or byte order marks.",
    matches=("a" + "\u200b\u200c" * 8, "\U0001f600" + "\U000e0154" * 5, "x" + "\ufeff" * 8, "\u2800" * 8),
    spares=(
        "👨\u200d👩\u200d👧\u200d👦 family",
        "می\u200cخواهم",
        "❤\ufe0f\u200d🔥",
        "zero\u200bwidth",
        "ฉัน\u200bรัก\u200bคุณ",
        "葛\U000e0100城市",
    ),
)
_BIDI: Final = PackRule(
    id="bidi-overrides",
    version=1,
    side=Side.PROMPT,
    roles=READ,
    patterns=(r"[\x{202d}\x{202e}]", r"[\x{2066}-\x{2068}][^\x{2069}\n]{0,400}(?:\n|$)"),
    purpose="Direction overrides, and isolates that are not closed on their line: text that is shown in another "
    "order than it is read, as in Trojan Source (CVE-2021-42574).",
    misses="Marks and closed isolates, which Arabic and Hebrew texts need.",
    also_matches="File names and documents from old software that used overrides for right-to-left text.",
    matches=("access \u202eresu\u202c", "if x: \u2066# check\n  do()"),
    spares=("שלום \u2067world\u2069 עולם", "مرحبا\u200f!", "plain text"),
)

PACK: Final = Pack(
    name="invisible-text",
    version=1,
    summary="Characters that a person does not see and a model reads",
    rules=(_TAGS, _HIDDEN, _BIDI),
)
