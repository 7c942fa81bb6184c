import pytest

from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.organisation import BOUND, BOUNDS, detector
from narrows.masking.patterns import PatternRefused
from narrows.masking.section import Section


def masked(pattern: str, text: str, *, keywords: tuple[str, ...] = (), ignore_case: bool = False) -> str:
    row = detector("own", "OWN", pattern, keywords=keywords, ignore_case=ignore_case)
    return Masker(Engine([Section([row], bounds=BOUNDS)])).mask(text).text


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\bEMP-\d{4}\b", "EMP-1234 XEMP-1234 EMP-12345 (EMP-9999)", "[OWN] XEMP-1234 EMP-12345 ([OWN])"),
        (r"(prj|proj)-(\d{2})+x", "prj-1234x proj-1x", "[OWN] proj-1x"),
        (r"(?i)ticket #[a-f]+", "TICKET #ABCdef!", "[OWN]!"),
        (r"key_[^\s]+", "key_" + "é/" * 900 + " end", "[OWN] end"),
        (r"id\d*", "id id" + "7" * 2000, "[OWN] [OWN]"),
        (r"ab+c", "abc a" + "b" * BOUND + "c a" + "b" * (BOUND + 1) + "c", f"[OWN] [OWN] a{'b' * (BOUND + 1)}c"),
        (r"a|b{1,9}", "a bb c", "[OWN] [OWN] c"),
        (r"(red|blue)-\d+", "red-" + "7" * 900 + " blue-1", "[OWN] [OWN]"),
        (r"key=(\w+)", "key=" + "z" * 900 + "!", "[OWN]!"),
        (r"key=(?:a(b*))", "key=a key=a" + "b" * 900, "[OWN] [OWN]"),
        (r"n[|(]+", "n" + "|(" * 300 + ".", "[OWN]."),
        (r"n: .+", "n: " + "é (" * 300 + "\n.", "[OWN]\n."),
        (r"n-+", "n" + "-" * 300 + ".", "[OWN]."),
        (r"n\.{2,}", "n. n" + "." * 300 + "!", "n. [OWN]!"),
        (r"n\+", "n++", "[OWN]+"),
        (r"n(?P<rest>\x41+)", "nA1 n" + "A" * 300 + "1", "[OWN]1 [OWN]1"),
        (r"\d+(?:)", "7" * (BOUND + 1), "[OWN][OWN]"),
        (r"\bx\d+\b", "x12 x12a", "[OWN] x12a"),
        (r"x\\b", r"x\b", "[OWN]"),
        (r"x\\d+", r"x\ddd x\12", r"[OWN] x\12"),
        (r"\[a]+", "[a]]] a]]", "[OWN] a]]"),
    ],
)
def test_what_people_write_is_matched(pattern: str, text: str, expected: str) -> None:
    assert masked(pattern, text) == expected


def test_with_keywords_only_near_one() -> None:
    assert masked(r"\d{6}", "123456 badge 123456", keywords=("badge",)) == "123456 badge [OWN]"


@pytest.mark.parametrize(
    "pattern", [r"^a", r"a$", r"(a)\1", r"(?=a)b", r"(?m)a", r"a\bb", r"(a+)+b{900}", "é", "", "("]
)
def test_what_can_not_be_exact_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        masked(pattern, "")


@pytest.mark.parametrize(
    "pattern",
    [
        r"foo[a-z]+|bar[0-9]+",
        r"(?:x\d+|y)",
        r"x(?:\d+|[a-z]{3})",
        r"\d{2}(?:\.\d+)?",
        r"(?:ab)+",
        r"(?i:key-[a-z]+)",
        "a|b+",
    ],
)
def test_a_last_repeat_that_can_not_go_on_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused, match="write a bound"):
        masked(pattern, "")


def test_every_split_of_an_own_pattern_is_exact() -> None:
    row = detector("own", "OWN", r"\bkey-[a-z]+")
    masker = Masker(Engine([Section([row], bounds=BOUNDS)]))
    text = "key-abc xkey-abc key-" + "z" * 6000 + " key-"
    for step in (1, 3, 500):
        stream = masker.stream()
        sent = "".join(stream.feed(text[at : at + step]) for at in range(0, len(text), step))
        assert sent + stream.finish() == masker.mask(text).text == "[OWN] xkey-abc [OWN] key-"
