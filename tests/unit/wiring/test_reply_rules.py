"""Rows for rules on replies: what they find, and what is wrong told with its place."""

# ruff: noqa: RUF001 — letters that look alike are what some of this is about

import pytest

from narrows.config.problem import ConfigError, Problem
from narrows.dialects.fields import grows, is_json
from narrows.masking.applied import Applied, apply
from narrows.masking.applied import Side as Direction
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.replies import ReplyMask
from narrows.model.plan import ROW
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Deny
from narrows.policy.packs.rule import Pack, PackRule, Side
from narrows.policy.packs.shipped import PACKS, label
from narrows.policy.reply_rules import Wanted, wanted
from narrows.wiring.reply_rules import NO_ROWS, TOGETHER, compile_rows
from unit.policy.world import compiled, policy, settings

NAME = f"{ROW}A1"


def found(text: str, *, pattern: str | None = None, words: tuple[str, ...] = ()) -> bool:
    rows = compile_rows([Wanted(NAME, "k", pattern, words)])
    engine = Engine([] if rows.section is None else [rows.section], rows.lists)
    return bool(Masker(engine, Plan((Rule(frozenset((NAME,))),))).mask(text).findings)


def problems(*rows: Wanted) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        compile_rows(rows)
    return caught.value.problems


def test_nothing_wanted_is_nothing_compiled() -> None:
    rows = compile_rows([])
    assert (rows.section, rows.lists) == (NO_ROWS.section, NO_ROWS.lists)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"(?i)project\s+nautilus", "of PROJECT \n Nautilus.", True),
        (r"\bcat\b", "a cat.", True),
        (r"\bcat\b", "concatenate", False),
        (r"key-\w+", f"key-{'a' * 9000}", True),
        (r"a{3,}b", "aab", False),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert found(text, pattern=pattern) is expected


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("pine", "a Pine.", True),
        ("pine", "pine", True),
        ("pine", "“pine”", True),
        ("pine", "—pine…", True),
        ("pine", "épine", False),
        ("pine", "pineé", False),
        ("pine", "pines", False),
        ("pine", "snake_pine", False),
        ("pine", "日本pine", False),
        ("pine", "ｐｉｎｅ", True),
        ("kill switch", "KILL \n switch", True),
        ("kill switch", "killswitch", False),
        ("C++", "in C++.", True),
        ("C++", "in C.", False),
        ("C++", "ABC++", False),
        ("C++", "C++x", True),
        ("$foo", "a$foo", True),
        ("Übernahme", "die ÜBERNAHME!", True),
        ("Übernahme", "Übernahmen", False),
        ("東京", "私は東京に", True),
    ],
)
def test_words_are_whole_in_every_script(word: str, text: str, expected: bool) -> None:
    assert found(text, words=(word,)) is expected


def test_a_pattern_at_the_beginning_of_a_line() -> None:
    rows = compile_rows([Wanted(NAME, "k", "key=x", line=True)])
    assert rows.section is not None
    masker = Masker(Engine([rows.section]), Plan((Rule(frozenset((NAME,))),)))
    assert [bool(masker.mask(text).findings) for text in ("key=x", "a\nkey=x", "a key=x", "\r key=x")] == [
        True, True, False, False,
    ]  # fmt: skip


SHIPPED = [(pack, rule) for pack in PACKS for rule in pack.rules if rule.side is Side.RESPONSE]


@pytest.fixture(scope="module")
def side() -> Applied:
    """Every shipped rule on replies, denied."""
    entry = {"deny": {"packs": ["*"]}}
    config = settings(policy("a", responses=[entry]))
    rows = compile_rows(wanted(config))
    assert rows.section is not None
    return apply(Engine([rows.section]), (), b"k" * 32, compiled(policy("a", responses=[entry])).replies)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(("pack", "rule"), SHIPPED, ids=[rule.id for _, rule in SHIPPED])
@pytest.mark.parametrize(("before", "behind"), [("", ""), ("Look (here):\n", " and more"), ("[a] ![b] <img>\n", "\n")])
def test_shipped_rules_deny_what_they_match_before_it_has_left(
    side: Applied, pack: Pack, rule: PackRule, size: int, before: str, behind: str
) -> None:
    assert side.response is not None
    for text, expected in [*((text, True) for text in rule.matches), *((text, False) for text in rule.spares)]:
        out, deny = received(side.response, before + text + behind, size)
        if not expected:
            assert deny is None or deny.rule != label(pack, rule), text
            continue
        assert deny is not None, text
        assert (before + text).startswith(out)
        assert "://" not in out
        assert "secret" not in out
        if rule is SHIPPED[0][1]:
            assert (deny.code, deny.rule) == (Code.REPLY_DENIED, label(pack, rule))


def received(side: Direction, text: str, size: int) -> tuple[str, Deny | None]:
    """What a caller gets of a stream, and why it ended."""
    reply = ReplyMask(side, grows, is_json)
    out, key = "", (0, "content")
    for at in range(0, len(text), size):
        delta = Delta(*key, text[at : at + size])
        event = Event(None, deltas=[delta], ends=(key,) if at + size >= len(text) else ())
        deny = reply.take(event)
        if deny is not None:
            return out, deny
        out += "".join([held for _, _, held in event.before] + [delta.text])
    assert out == text
    return out, None


def test_what_was_compiled_before_is_read() -> None:
    rows = [Wanted(NAME, "k", pattern="nautilus"), Wanted(f"{ROW}B2", "k", words=("one", "C++"))]
    first = compile_rows(rows).section
    assert first is not None
    kept = {first.key: first.dump()}
    again = compile_rows(rows, kept.pop).section
    assert again is not None
    assert not kept, "it was asked for once"
    assert again.dump() == first.dump()


def test_more_words_than_one_row_holds() -> None:
    words = tuple(f"word{number}x" for number in range(3 * TOGETHER))
    assert all(found(f"a {word} b", words=words) for word in (words[0], words[TOGETHER], words[-1]))
    assert not found("a word b", words=words)


def test_what_is_wrong_names_the_setting() -> None:
    told = problems(
        Wanted(f"{ROW}1", "one", pattern="a*"),
        Wanted(f"{ROW}2", "two", pattern="(?=x)y"),
        Wanted(f"{ROW}3", "three", pattern="ab+|cd+"),
        Wanted(f"{ROW}4", "four", pattern="a{1,900}b{1,900}c{1,900}"),
        Wanted(f"{ROW}5", "five", pattern="(a"),
        Wanted(f"{ROW}6", "six", words=("Größe/Maß",)),
        Wanted(f"{ROW}7", "seven", pattern="fine"),
    )
    assert [problem.key for problem in told] == ["one", "two", "three", "four", "five", "six"]
    assert not any(ROW.lower() in problem.message.lower() for problem in told), "its own names tell nobody anything"
