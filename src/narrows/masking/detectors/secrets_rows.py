"""How rows for secrets are made: what an issuer's own prefix tells, and what only a vendor's name beside it tells.

Owns the common shape of `lead` for assignments and the fake values of examples. It knows no vendor.
Fake values are spelled by a template, so that no text in this repository looks like a key to a scanner of secrets.
"""

from collections.abc import Callable
from typing import Final

from narrows.masking.detector import Detector

ALNUM: Final = "A-Za-z0-9"
WORD: Final = "A-Za-z0-9_"
URL: Final = r"A-Za-z0-9_\-"
UUID: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"

BUT_ESCAPES: Final = "A-Za-mo-qsu-z"
"""Letters but n, r and t: in a text that was escaped, `\\n` stands where a line breaks."""

SAMPLES: Final = {
    "h": "3f8a1c0e9b7d25640d1e",
    "H": "3F8A1C0E9B7D25640D1E",
    "d": "7304918265",
    "a": "qzkwxvbnjrtplmghfdsyc",
    "l": "q7z2kw9xv4bn8jr3tp5lm6",
    "u": "Q7Z2KW9XV4BN8JR3TP5LM6",
    "t": "Q7Z2KWXV4NJR3TP5LM6SD",
    "w": "q7Zk2WxV9bN4jR8tPm3LcY6sH",
    "b": "q7Zk2WxV9bN4-jR8tPm3_LcY6sH",
    "B": "q7Zk2WxV9bN4jR8/tPm3LcY6+sH",
}
"""One run of characters for each kind in a template; a value repeats it as often as it must."""

SEPARATOR: Final = r"[\s:=?+.|>,(\[{\\\"'`\])-]"
"""What stands between a key and its value: assignment in every notation, quotes, escapes, line breaks of YAML."""

LEAD_OF_VALUE: Final = (
    rf"[A-Za-z0-9_.-]{{0,24}}(?:[ ][A-Za-z]{{2,12}}){{0,3}}{SEPARATOR}{{1,10}}"
    rf"(?:[A-Za-z_-]{{2,16}}{SEPARATOR}{{1,10}}){{0,2}}"
)
"""The rest of a key that began with a vendor's name, a separator, and at most two words more: `": {"api_key": "`,
`: str = "`, `" value="`, ` key is `. No word of it has a digit in front, so that the `v1.2.3 h1:` and `sha256:` of lock
files lead nowhere."""

MOST_VENDORS: Final = 50
"""Names in one row. Measured: with 58 vectorscan builds another automaton, and a scan costs fifty times as much."""

PLACEHOLDERS: Final = ("example", "xxxx", "your", "changeme", "placeholder", "dummy", "redacted", "0000000")
"""What people write where a secret would stand."""


def spell(template: str) -> str:
    """A fake value: `<w36>` stands for 36 base-62 characters, `<h8>` for hexadecimal ones; the kinds are SAMPLES'."""
    parts = []
    for piece in template.split("<"):
        code, closed, rest = piece.partition(">")
        if closed and code[:1] in SAMPLES and code[1:].isdigit():
            run, size = SAMPLES[code[0]], int(code[1:])
            parts.append((run * (size // len(run) + 1))[:size] + rest)
        elif closed and code == "uuid":
            parts.append("-".join(spell(f"<h{size}>") for size in (8, 4, 4, 4, 12)) + rest)
        else:
            parts.append(piece if not parts else "<" + piece)
    return "".join(parts)


def issued(
    name: str,
    entity: str,
    pattern: str,
    sample: str,
    *,
    refused: tuple[str, ...] = (),
    before: str = "",
    after: str = ALNUM,
    entropy: float = 2.5,
    score: float = 0.95,
    validate: Callable[[str], bool] | None = None,
    body: str = "",
) -> Detector:
    """A secret that its issuer's format identifies wherever it stands. `sample` and `refused` are templates.

    A distinctive prefix needs no boundary before it; a short one says what must not stand there.
    `body` is for what has no upper bound.
    """
    value = spell(sample)
    return Detector(
        name=name,
        entity=entity,
        pattern=pattern,
        body=body,
        not_before=before.replace("A-Za-z", BUT_ESCAPES),
        not_after="" if body else after,
        validate=validate,
        min_entropy=entropy,
        stop_words=("xxxxxx", "example_", "your_"),
        score=score,
        keyword_score=score,
        examples=(f'key = "{value}"', f"export KEY={value}\n", f"curl -H 'X-Key: {value}' https://api.test/v1"),
        counterexamples=(value[: len(value) // 4], *(spell(text) for text in refused)),
    )


def keyed(
    name: str,
    entity: str,
    vendor: str,
    pattern: str,
    sample: str,
    *,
    key: str = "",
    after: str = URL,
    before: str = ALNUM,
    entropy: float = 3.0,
    score: float = 0.8,
    validate: Callable[[str], bool] | None = None,
    body: str = "",
) -> Detector:
    """A secret whose form says little, so that the vendor's name must stand in the key it is assigned to.

    `vendor` is the expression of that name, in either case; `key` spells a key it matches.
    """
    value = spell(sample)
    key = key or name.replace(".", "_")
    return Detector(
        name=name,
        entity=entity,
        pattern=pattern,
        lead=f"(?i:{vendor}){LEAD_OF_VALUE}",
        body=body,
        not_before=before,
        not_after="" if body else after,
        validate=validate,
        min_entropy=entropy,
        stop_words=PLACEHOLDERS,
        score=score,
        keyword_score=score,
        examples=(f'{key} = "{value}"', f"export {key.upper()}={value}", f"{key}: {value}\n"),
        counterexamples=(f'"integrity": "{value}"', f'{key} = "{value[:5]}"'),
    )


def service(
    name: str,
    entity: str,
    vendors: str,
    pattern: str,
    sample: str,
    *,
    key: str,
    entropy: float = 3.0,
    validate: Callable[[str], bool] | None = None,
) -> Detector:
    """The keys of a whole trade, for vendors whose formats say nothing. `vendors` are expressions with white space
    between them, at most MOST_VENDORS."""
    return keyed(
        name,
        entity,
        f"(?:{'|'.join(vendors.split())})",
        pattern,
        sample,
        key=key,
        entropy=entropy,
        score=0.7,
        validate=validate,
    )
