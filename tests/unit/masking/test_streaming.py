import pytest

from narrows.masking.findings import HOLD
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.streaming import LONGEST_WORD, STEP, MaskStream
from narrows.model.plan import Transform
from unit.masking.samples import KEY, engine

ENGINE = engine()
MASKER = Masker(ENGINE)


def feed(stream: MaskStream, text: str, size: int = 1) -> list[str]:
    return [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]


def test_words_go_out_as_soon_as_they_are_over() -> None:
    stream = MASKER.stream()
    assert feed(stream, "plain words go on", 6) == ["plain ", "words ", "go "]
    assert stream.finish() == "on"


def test_a_secret_is_held_back_from_its_first_character() -> None:
    stream = MASKER.stream()
    assert "".join(feed(stream, "ssn: 078-05-1120")) == "ssn: "
    assert stream.feed(" and so") == "[US_SSN] and "
    assert stream.finish() == "so"


def test_what_could_go_on_behind_a_space_is_held_back() -> None:
    stream = MASKER.stream()
    assert "".join(feed(stream, "pay 4111 1111 ")) == "pay "
    assert stream.feed("apples ") == "4111 1111 apples "


def test_a_stream_that_is_dropped_puts_nothing_more_out() -> None:
    stream = MASKER.stream()
    assert "".join(feed(stream, "card 4111 1111 1111 11")) == "card "
    assert stream.findings == []


def test_chinese_does_not_wait_for_a_space() -> None:
    stream = MASKER.stream()
    assert feed(stream, "中文字符", 1) == ["中", "文", "字", "符"]


def test_a_long_word_is_not_held_whole() -> None:
    stream = MASKER.stream()
    sent = "".join(feed(stream, "x" * 5000, 7))
    assert 5000 - len(sent) <= LONGEST_WORD + STEP + 7
    assert sent + stream.finish() == "x" * 5000


def test_a_finding_beyond_the_hold_is_swallowed_as_it_comes() -> None:
    text = f"see -----BEGIN RSA PRIVATE {KEY}\n" + "MIIabcdefgh\n" * 2000 + f"-----END RSA PRIVATE {KEY} bye"
    stream = MASKER.stream()
    sent = feed(stream, text, 11)
    assert "".join(sent).startswith("see [PRIVATE_KEY]")
    assert sum(len(part) > 0 for part in sent) == 2
    assert len(stream._folded.source) < HOLD
    assert "".join(sent) + stream.finish() == "see [PRIVATE_KEY] bye"
    assert [(one.start, one.end, one.entity) for one in stream.findings] == [(4, len(text) - 4, "PRIVATE_KEY")]
    assert MASKER.mask(text).findings == tuple(stream.findings)


def test_a_finding_beyond_the_hold_is_redacted_whatever_the_transform() -> None:
    masker = Masker(ENGINE, Plan((Rule(None, Transform.PARTIAL),)))
    token = "eyJhbGciOiJIUzI1NiIs.eyJ" + "a" * HOLD
    assert masker.mask(token).text == "[JWT]"
    stream = masker.stream()
    assert "".join(feed(stream, token, 50)) + stream.finish() == "[JWT]"


def test_what_is_released_stays_in_sight_as_context() -> None:
    stream = MASKER.stream()
    out = "".join(feed(stream, "account number is "))
    assert out == "account number is "
    assert stream.feed("12345678, ") == "[US_BANK_NUMBER], "


def test_findings_count_from_the_beginning_of_the_field() -> None:
    stream = MASKER.stream()
    feed(stream, "one two three 078-05-1120 four ", 3)
    stream.finish()
    assert [(one.start, one.end) for one in stream.findings] == [(14, 25)]


@pytest.mark.parametrize("transform", [Transform.BLOCK, Transform.REDACT])
def test_a_blocked_finding_is_told_while_the_stream_runs(transform: Transform) -> None:
    stream = Masker(ENGINE, Plan((Rule(None, transform),))).stream()
    stream.feed("078-05-1120, ")
    assert stream.blocked == (transform is Transform.BLOCK)


def test_a_stream_keeps_little() -> None:
    stream = MASKER.stream()
    feed(stream, "plain words and more of them " * 400, 5)
    assert len(stream._folded.text) < 2 * ENGINE.context
    assert len(stream._folded.source) < 64
