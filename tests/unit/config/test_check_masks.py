"""What is wrong with masks and with detectors of one's own, as far as the settings alone tell."""

import pytest

from narrows.config.load import read_text
from narrows.config.problem import ConfigError

BASE = """\
connections: {one: {url: "https://x", dialect: openai, credential: {none: true}}}
policies:
  - name: all
    who: {service_accounts: ["*"]}
    may: {connections: [one], models: ["*"], operations: [chat]}
"""


def problems(more: str) -> list[tuple[str, str]]:
    try:
        read_text((BASE + more).encode(), "narrows.yaml", {})
    except ConfigError as error:
        return [
            (problem.key.removeprefix("policies[0]."), problem.message) for problem in error.problems if problem.line
        ]
    return []


@pytest.mark.parametrize(
    "mask",
    [
        "{entities: [PII]}",
        "{fields: [password, $.customer.ssn, \"$.items[*]['the iban']\"]}",
        "{entities: [US_SSN], where: [response], with: partial, threshold: 0.85, allow: [a@b.c], name: n}",
        "{entities: [US_SSN]}, {entities: [US_SSN]}",
    ],
)
def test_good_masks(mask: str) -> None:
    assert problems(f"    mask: [{mask}]") == []


@pytest.mark.parametrize(
    ("mask", "key", "said"),
    [
        ("{where: [prompt]}", "mask[0]", "masks nothing"),
        ("{entities: []}", "mask[0].entities", "at least one"),
        ("{entities: [A], where: []}", "mask[0].where", "at least one"),
        ("{entities: [A], where: [reply]}", "mask[0].where[0]", "expected one of prompt, response"),
        ("{entities: [A], with: star}", "mask[0].with", "expected one of block, hash, partial, redact"),
        ("{entities: [A], threshold: 1.5}", "mask[0].threshold", "at most 1"),
        ("{fields: [$.a..b]}", "mask[0].fields[0]", "no JSON path"),
        ("{fields: [$]}", "mask[0].fields[0]", "no JSON path"),
        ('{fields: [" a"]}', "mask[0].fields[0]", "no name of a member"),
        ('{entities: [A], allow: ["  "]}', "mask[0].allow[0]", "is empty"),
        ("{name: x, entities: [A]}, {name: x, entities: [A]}", "mask[1].name", "already called x"),
        ('{name: "mask[1]", entities: [A]}, {entities: [A]}', "mask[1].name", "already called"),
    ],
)
def test_bad_masks(mask: str, key: str, said: str) -> None:
    ((where, message),) = problems(f"    mask: [{mask}]")
    assert where == key
    assert said in message


def test_good_detectors() -> None:
    assert (
        problems("""\
detectors:
  patterns:
    - {name: customer, entity: CUSTOMER_NUMBER, pattern: "C-[0-9]{8}"}
    - {name: account, entity: ACCOUNT, pattern: "[0-9]{8}", keywords: [account], score: 0.2, keyword_score: 0.9}
  words:
    - {name: projects, entity: PROJECT_NAME, words: [Bluebird, "Red Fox"]}
    - {name: staff, entity: PERSON, file: staff.txt, score: 0.7}
""")
        == []
    )


@pytest.mark.parametrize(
    ("detectors", "key", "said"),
    [
        ("patterns: [{name: a, entity: Customer, pattern: a}]", "patterns[0].entity", "CUSTOMER_NUMBER"),
        ("patterns: [{name: A, entity: A, pattern: a}]", "patterns[0].name", "lower-case"),
        ("patterns: [{name: a, entity: A}]", "patterns[0].pattern", "is missing"),
        ('patterns: [{name: a, entity: A, pattern: a, keywords: [""]}]', "patterns[0].keywords[0]", "1 to 64"),
        (f"patterns: [{{name: a, entity: A, pattern: a, keywords: [{'k' * 65}]}}]", "patterns[0].keywords[0]", "64"),
        ('patterns: [{name: a, entity: A, pattern: a, stop_words: [""]}]', "patterns[0].stop_words[0]", "is empty"),
        ("patterns: [{name: a, entity: A, pattern: a, score: 0}]", "patterns[0].score", "never be found"),
        (
            "patterns: [{name: a, entity: A, pattern: a, keywords: [k], score: 0.9, keyword_score: 0.5}]",
            "patterns[0].score",
            "less sure",
        ),
        ("patterns: [{name: a, entity: A, pattern: a, before: 200}]", "patterns[0].before", "at most 128"),
        ("words: [{name: a, entity: A}]", "words[0]", "gives no entries"),
        ("words: [{name: a, entity: A, words: [x], file: y}]", "words[0]", "as well as"),
        ("words: [{name: a, entity: a, words: [x]}]", "words[0].entity", "no name of an entity"),
        (
            "patterns: [{name: a, entity: A, pattern: a}]\n  words: [{name: a, entity: A, words: [x]}]",
            "words[0].name",
            "already called a",
        ),
    ],
)
def test_bad_detectors(detectors: str, key: str, said: str) -> None:
    ((where, message),) = problems(f"detectors:\n  {detectors}\n")
    assert where == f"detectors.{key}"
    assert said in message
