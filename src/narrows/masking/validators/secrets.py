"""What tells a random value from a word, a name in code, or a placeholder. Pure, and linear in the value's length."""

import re
from typing import Final

COMMON_PAIRS: Final = frozenset(
    re.findall(
        r"\S+",
        "ab ac ad ag ai al am an ap ar as at ba be bi bl bo bu ca ce ch ci ck cl co cr ct cu da de di do ds du ea ec "
        "ed ee ef eg el em en ep er es et ev ex fa fe ff fi fo fr ge gi gr ha he hi ho ia ib ic id ie if ig il im in "
        "io ip ir is it iv iz ke la ld le li ll lo ls lt lu ly ma me mi mo mp na nc nd ne nf ng ni no ns nt nu oc od "
        "ol om on oo op or os ot ou ow pa pe pi pl po pp pr pt qu ra rc rd re rg ri rm rn ro rr rs rt ry sa sc se sh "
        "si so sp ss st su ta tc te th ti tl to tp tr ts tt tu ty ub ue ul um un up ur us ut va ve vi wa wi xt yp ze ",
    )
)
"""The 180 pairs of letters that make up 85 % of the words in source code, and a quarter of random letters."""

WORDY: Final = 0.6
"""The share of common pairs from which letters are taken for words: 94 % of the names in Python's library reach it and
2 % of random values of twenty characters."""

FEWEST_PAIRS: Final = 4
FEWEST_CHARACTERS: Final = 6
MOST_LOOKED_AT: Final = 200
"""Characters of a value that are looked at: what is said of a value is settled by then."""

TEMPLATES: Final = re.compile(r"[$%#@&]?[{(<\[]|\*{3}|\.{3}|%[sdv]|\$[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
"""What is filled in later: a variable, a template, stars."""

REFERENCES: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+[;,)]?\Z"
    r"|process\.env|os\.environ|getenv|secrets\.|vars\.|env\.|https?:|file:|/[a-z]+/|[.~]{1,2}/|[A-Za-z]:\\",
    re.ASCII,
)
"""What stands where a secret would and says where it is: an attribute, the environment, a path, an address."""

NAME: Final = re.compile(r"[a-z]+(?:[_.-][a-z0-9]+)*|[A-Z]+(?:[_.-][A-Z0-9]+)*|[A-Za-z]+[.:][A-Za-z.:_]+", re.ASCII)
"""A name in code, a setting's name, an attribute."""

PLACEHOLDER_WORDS: Final = frozenset(
    re.findall(
        r"\S+",
        "password passwd passw0rd pass pwd pw secret token key user username admin root guest tiger test none null "
        "true false changeme change_me changeit example foo bar foobar baz abc abcdef value string xxx xxxx "
        "mypassword my_password mysecret my-secret your_password yourpassword your-password dummy placeholder "
        "redacted hidden default unknown undefined required optional text prompt input field label login hash ",
    )
)
"""What documentation writes where a password would stand."""


def is_wordy(text: str) -> bool:
    """Whether the letters of a text are those of words, in any case and however they are joined."""
    text = text[:MOST_LOOKED_AT].lower()
    letters = sum("a" <= char <= "z" for char in text)
    if letters * 5 < len(text) * 3:
        return False
    pairs = [text[at : at + 2] for at in range(len(text) - 1) if text[at].isalpha() and text[at + 1].isalpha()]
    common = sum(pair in COMMON_PAIRS for pair in pairs)
    return len(pairs) >= FEWEST_PAIRS and common >= WORDY * len(pairs)


def is_mixed(text: str) -> bool:
    """Letters and digits that make no words: what a generator of keys writes."""
    head = text[:MOST_LOOKED_AT]
    return (
        any("0" <= char <= "9" for char in head)
        and any("a" <= char.lower() <= "z" for char in head)
        and not is_wordy(head)
    )


def is_secret_value(text: str) -> bool:
    """What is assigned to a `token` or a `secret` and is neither a word, a placeholder, nor a way to the value."""
    return is_mixed(text) and not _is_elsewhere(text) and len(set(text)) >= FEWEST_CHARACTERS


def is_password_value(text: str) -> bool:
    """What is assigned to a `password` and was chosen by somebody: letters with a digit or a sign, no placeholder."""
    letters = sum(char.isalpha() for char in text)
    digits = sum("0" <= char <= "9" for char in text)
    signs = len(text) - letters - digits - sum(char in "_-. :/#," for char in text)
    if not letters or not (digits or signs) or _is_elsewhere(text):
        return False
    return text.lower().rstrip("0123456789!.:?") not in PLACEHOLDER_WORDS and not NAME.fullmatch(text)


def is_credential(text: str) -> bool:
    """The password part of an address: anything but a placeholder or a way to the value.

    An `@` may be part of it, unless what follows the last one looks like the host.
    """
    rest, at, host = text.rpartition("@")
    if at and (not rest or host == "localhost" or "." in host or ":" in host):
        return False
    return text.lower() not in PLACEHOLDER_WORDS and TEMPLATES.match(text) is None and len(set(text)) > 1


def _is_elsewhere(text: str) -> bool:
    return TEMPLATES.match(text) is not None or REFERENCES.match(text) is not None
