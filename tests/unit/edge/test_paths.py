"""Canonical paths: one spelling passes, every other is refused."""

import pytest

from narrows.edge.paths import MAX_TARGET, split_target
from narrows.model.refusal import Code
from narrows.model.verdict import Deny


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/a", "/a", ""),
        (b"/a/", "/a/", ""),
        (b"/openai/v1/chat/completions", "/openai/v1/chat/completions", ""),
        (b"/v1/models/llama3:8b@x.y_z~1", "/v1/models/llama3:8b@x.y_z~1", ""),
        (b"/a/...", "/a/...", ""),
        (b"/.hidden/..b/c..", "/.hidden/..b/c..", ""),
        (b"/a%20b/%C3%A9", "/a%20b/%C3%A9", ""),
        (b"/a?", "/a", ""),
        (b"/a?b=c&d[]=%2F..//;?", "/a", "b=c&d[]=%2F..//;?"),
    ],
)
def test_canonical_targets_pass_unchanged(target: bytes, path: str, query: str) -> None:
    assert split_target(target) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"a",
        b"*",
        b"?",
        b"gate:443",
        b"http://gate/",
        b"//",
        b"/a//",
        b"//a",
        b"/a//b",
        b"/.",
        b"/..",
        b"/./a",
        b"/a/.",
        b"/a/../b",
        b"/a;b",
        b"/a\\b",
        b"/a b",
        b"/a#b",
        b"/a\x00",
        b"/a\x7f",
        b"/\xc3\xa9",
        b'/"',
        b"/<",
        b"/{a}",
        b"/%",
        b"/%4",
        b"/%4g",
        b"/%2e",
        b"/%2E%2E",
        b"/a%2fb",
        b"/a%5Cb",
        b"/a%3B",
        b"/a%25",
        b"/a%252e",
        b"/%00",
        b"/%0d",
        b"/%1f",
        b"/%7F",
        b"/%61",
        b"/%5A",
        b"/%30",
        b"/%7e",
        b"/%2d",
        b"/%5f",
        b"/a?%",
        b"/a?%0",
        b"/a?%00",
        b"/a?\\",
        b"/a?b#c",
        b"/a?\xff",
        b"/" + b"a" * MAX_TARGET,
    ],
)
def test_every_other_spelling_is_refused(target: bytes) -> None:
    outcome = split_target(target)
    assert isinstance(outcome, Deny)
    assert outcome.code is Code.REQUEST_MALFORMED


def test_an_encoded_slash_needs_a_declaration() -> None:
    asked: list[str] = []

    def allows(path: str) -> bool:
        asked.append(path)
        return True

    assert isinstance(split_target(b"/models/org%2Fname"), Deny)
    assert split_target(b"/models/org%2Fname", allows) == ("/models/org%2Fname", "")
    assert asked == ["/models/org%2Fname"]


@pytest.mark.parametrize("target", [b"/m/%2fa", b"/m/a%2f%2Fb", b"/m/..%2fa", b"/m/a%2F.%2fb", b"/m/a%2f/b"])
def test_a_declared_encoded_slash_makes_no_unsound_segment(target: bytes) -> None:
    assert isinstance(split_target(target, lambda path: True), Deny)
