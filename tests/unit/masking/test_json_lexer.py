import json
from itertools import pairwise

import pytest

from narrows.masking.json_lexer import LONGEST_SCALAR, MOST_DEPTH, JsonLexer, Kind, Token

DOCUMENT = '{"a b": [1, -2.5e+3, true, "x\\n\\u00e9\\ud83d\\ude00\\ud83d"], "": {}, "n": null}'

BROKEN = [
    ("hello", "hello"),
    ("  4111 1111", "4111 1111"),
    ("true story", "true story"),
    ("12x", "12x"),
    ("-", "-"),
    ("1.", "1."),
    ("01", "01"),
    ("[1 2]", "1 2]"),
    ("[1}", "1}"),
    ("[1:", "1:"),
    ('["a" "b"]', '"b"]'),
    ('{"a": 1 "b"', '1 "b"'),
    ("[tru", "tru"),
    ("[truth", "truth"),
    ("{'a'", "'a'"),
    ("{a: 1}", "a: 1}"),
    ("{1: 1}", "1: 1}"),
    ('{"a" 1}', "1}"),
    ('{"a": }', "}"),
    ("[}", "}"),
    ("{]", "]"),
    ("[,]", ",]"),
    ("{,}", ",}"),
    ("{[", "["),
    (":", ":"),
    ("]", "]"),
    ('"a" x', "x"),
    ('"a": 1', ": 1"),
    ('{"a": 1}, {', ", {"),
    ("[US_SSN] is", "[US_SSN] is"),
    ("[[PIN]]", "[PIN]]"),
    ("[N]", "[N]"),
    ("[Nan", "Nan"),
    ("\ufeff{}", "\ufeff{}"),
    ("\xa0{}", "\xa0{}"),
    ("[1\xa0]", "1\xa0]"),
    ("[１]", "１]"),  # noqa: RUF001 — a digit that JSON does not have
    ("[" * (MOST_DEPTH + 1), "["),
    ("1" * (LONGEST_SCALAR + 1), "1" * (LONGEST_SCALAR + 1)),
]

READ = [
    DOCUMENT,
    "",
    " \n",
    "[",
    '{"a": "cut o',
    '{"a": "cut \\',
    '{"a": "cut \\u00',
    '{"a": "cut \\ud83d\\ud',
    "[1,2,]",
    '{"a": 1,}',
    "[NaN, Infinity, -Infinity]",
    "[Infinity",
    "{}{}\n[]",
    '"raw \n\t\x00 control"',
    '"\\x \\u12 \\u12"',
    "12",
    " true ",
    "[" * MOST_DEPTH,
    "1" * LONGEST_SCALAR,
]


def read(*pieces: str) -> tuple[list[Token], JsonLexer]:
    lexer = JsonLexer()
    tokens = [token for piece in pieces for token in lexer.feed(piece)]
    return tokens + lexer.finish(), lexer


def joined(tokens: list[Token]) -> list[Token]:
    """With the parts of each text, and those of white space, together."""
    whole: list[Token] = []
    for token in tokens:
        if token.kind in (Kind.TEXT, Kind.SPACE) and whole and whole[-1].kind is token.kind:
            before = whole[-1]
            moved = tuple((place + len(before.text), spelled) for place, spelled in token.escapes)
            whole[-1] = Token(token.kind, before.text + token.text, before.escapes + moved)
        else:
            whole.append(token)
    return whole


def test_tokens_of_a_document() -> None:
    tokens, lexer = read('{"k": ["\\u0041\\"", 1]}')
    assert [(token.kind.name, token.text) for token in tokens] == [
        ("STRUCTURE", "{"),
        ("KEY", '"'),
        ("TEXT", "k"),
        ("END", '"'),
        ("STRUCTURE", ":"),
        ("SPACE", " "),
        ("STRUCTURE", "["),
        ("STRING", '"'),
        ("TEXT", 'A"'),
        ("END", '"'),
        ("STRUCTURE", ","),
        ("SPACE", " "),
        ("SCALAR", "1"),
        ("STRUCTURE", "]"),
        ("STRUCTURE", "}"),
    ]
    assert tokens[8].escapes == ((0, "\\u0041"), (1, '\\"'))
    assert lexer.complete


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("\\u00e9\\/\\b\\f\\n\\r\\t\\\\", "é/\b\f\n\r\t\\"),
        ("\\ud83d\\ude00", "😀"),
        ("\\uD83D\\uDE00", "😀"),
        ("\\ud83d\\ud83d\\ude00", "\ud83d😀"),
        ("\\ude00\\ud83d", "\ude00\ud83d"),
        ("\\ud83d\\u0041", "\ud83dA"),
        ("\\ud83d\\n", "\ud83d\n"),
        ("\\ud83d\ude00", "\ud83d\ude00"),
    ],
)
def test_strings_mean_what_they_mean_to_the_standard_library(source: str, text: str) -> None:
    (_, inside, _), _ = read(f'"{source}"')
    assert inside.text == text == json.loads(f'"{source}"')
    assert inside.source == source


@pytest.mark.parametrize("source", ["\\x41", "\\", "\\u12", "\\u12g4", "\\'", "\n\t"])
def test_what_is_no_escape_stays_as_it_is(source: str) -> None:
    tokens, lexer = read(f'"a{source}')
    assert joined(tokens)[1:] == [Token(Kind.TEXT, f"a{source}")]
    assert not lexer.broken


@pytest.mark.parametrize(("text", "tail"), BROKEN)
def test_the_tail_begins_where_it_stops_being_json(text: str, tail: str) -> None:
    tokens, lexer = read(text)
    assert lexer.broken
    assert not lexer.complete
    at = next(index for index, token in enumerate(tokens) if token.kind is Kind.TAIL)
    assert "".join(token.source for token in tokens[at:]) == tail
    assert {token.kind for token in tokens[at + 1 :]} <= {Kind.TEXT}


@pytest.mark.parametrize("text", READ)
def test_what_is_cut_off_or_only_sloppy_has_no_tail(text: str) -> None:
    tokens, lexer = read(text)
    assert not lexer.broken
    assert "".join(token.source for token in tokens) == text


def test_the_tail_is_decoded_and_never_closed() -> None:
    tokens, _ = read('{a: "\\u0041"} \\')
    assert [token.text for token in joined(tokens)[1:]] == ["", 'a: "A"} \\']


@pytest.mark.parametrize("text", ["", " ", "{", '{"a"', '"a', "[1", "x", '{"a":}'])
def test_what_is_not_over_is_not_complete(text: str) -> None:
    assert not read(text)[1].complete


@pytest.mark.parametrize(
    ("text", "within"), [('{"a": x', True), ("[x", False), ('[{"a":1}, x', False), ("{} x", False)]
)
def test_it_is_known_whether_an_object_broke(text: str, within: bool) -> None:
    assert read(text)[1].in_object is within


@pytest.mark.parametrize("text", [*READ, *(text for text, _ in BROKEN)])
def test_every_cut_gives_the_same_tokens(text: str) -> None:
    whole = joined(read(text)[0])
    text = text[:1200]
    assert "".join(token.source for token in whole).startswith(text)
    for cut in range(len(text) + 1) if len(text) < 100 else (1, 2, 63, 64, 1024, 1025):
        assert joined(read(text[:cut], text[cut:])[0]) == whole
    assert joined(read(*text)[0]) == whole


def test_a_part_of_a_string_is_there_at_once() -> None:
    lexer = JsonLexer()
    sizes = [sum(len(token.source) for token in lexer.feed(piece)) for piece in pairwise_pieces('{"a":"xy\\u0041z')]
    assert sizes == [2, 2, 2, 2, 0, 0, 6, 1]


def pairwise_pieces(text: str) -> list[str]:
    """Two characters each."""
    cuts = range(0, len(text) + 2, 2)
    return [text[left:right] for left, right in pairwise(cuts) if text[left:right]]


def test_an_endless_number_or_space_is_not_held() -> None:
    lexer = JsonLexer()
    lexer.feed("[")
    for _ in range(100):
        lexer.feed("1" * 100)
    assert lexer.broken
    assert lexer._held == ""
    lexer = JsonLexer()
    lexer.feed("[1")
    for _ in range(100):
        lexer.feed(" " * 100)
    assert not lexer.broken
    assert lexer._held == ""
