"""The work of masking is linear in the text, whatever the text: near-matches of every class of detector.

Work is counted in questions to the matchers and the validators, not in seconds. Ten megabytes are for `.ci/soak`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.matcher import Matcher
from narrows.masking.section import Section
from narrows.masking.wordlist import WordList
from unit.masking import samples

R = TypeVar("R")
KB = 1000
NEAR = {
    "digits": "41111111111111112",
    "cards": "4111 1111 1111 1112 ",
    "mail": "a@b.c@",
    "long mail": "x" * 60 + "@ ",
    "leads": "password: ",
    "leads and values": "pwd=example ",
    "tokens": "ghp_a1B2a1B2a1B2 ",
    "numbers with a keyword": "account 1234567 ",
    "keywords on the right": "AB1234 codes ",
    "keys that never end": "-----BEGIN RSA PRIVATE KEY---- ",
    "keys that begin again": f"-----BEGIN RSA PRIVATE {samples.KEY} ",
    "dull hexadecimal": "00000000000000000000000000 ",
    "phrases": "seed: able baker cargo ",
    "list entries": "falcon heavy falcon heavy ",
    "stand-ins": "[US_SSN]********123[PASS",
    "dropped characters": "4\u200b1\u200b",
}


class Work:
    """Counts what the engine asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        for name in ("search", "longest"):
            monkeypatch.setattr(Matcher, name, self._counting(getattr(Matcher, name)))
        validated = [
            replace(row, validate=self._counting(row.validate)) if row.validate else row for row in samples.DETECTORS
        ]
        self.masker = Masker(Engine([Section(validated)], [WordList("names", "PROJECT", samples.NAMES)]))

    def _counting(self, inner: Callable[..., R]) -> Callable[..., R]:
        def counted(*arguments: object) -> R:
            self.asked += 1
            return inner(*arguments)

        return counted

    def of(self, text: str) -> int:
        self.asked = 0
        self.masker.mask(text)
        return self.asked


def check(work: Work, piece: str, size: int) -> None:
    small, large = (work.of((piece * (length // len(piece) + 1))[:length]) for length in (size // 10, size))
    assert large <= 10.5 * small + 100
    assert large <= 12 * size


@pytest.mark.parametrize("near", NEAR)
def test_a_tenth_of_a_megabyte_of_near_matches(monkeypatch: pytest.MonkeyPatch, near: str) -> None:
    check(Work(monkeypatch), NEAR[near], 100 * KB)


@pytest.mark.parametrize("near", ["digits", "mail", "keys that begin again", "stand-ins"])
def test_a_megabyte_of_near_matches(monkeypatch: pytest.MonkeyPatch, near: str) -> None:
    check(Work(monkeypatch), NEAR[near], 1000 * KB)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("near", NEAR)
def test_ten_megabytes_of_near_matches(monkeypatch: pytest.MonkeyPatch, near: str) -> None:
    check(Work(monkeypatch), NEAR[near], 10_000 * KB)


def test_a_stream_of_near_matches_looks_at_each_character_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = Work(monkeypatch)

    def asked(size: int) -> int:
        work.asked, stream = 0, work.masker.stream()
        text = "".join(piece * 40 for piece in NEAR.values())
        text = (text * (size // len(text) + 1))[:size]
        for at in range(0, size, 50):
            stream.feed(text[at : at + 50])
        stream.finish()
        return work.asked

    small, large = asked(30 * KB), asked(120 * KB)
    assert large <= 5 * small
