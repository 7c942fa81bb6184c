"""Written values become what their setting expects, or a message in plain words."""

from typing import Annotated, Any, Literal

import msgspec.inspect as mi
import pytest
from msgspec import Meta

from narrows.config.scalars import Wrong, convert, nearest
from narrows.model.limits import Scope
from narrows.model.secret import Secret


def read(kind: Any, text: str, unit: str | None = None, *, quoted: bool = False) -> Any:
    return convert(mi.type_info(kind), unit, text, text, quoted=quoted)


def wrong(kind: Any, text: str, unit: str | None = None, *, quoted: bool = False) -> Wrong:
    with pytest.raises(Wrong) as caught:
        read(kind, text, unit, quoted=quoted)
    return caught.value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("10m", 600), ("1h", 3600), ("400d", 34_560_000), ("1h30m", 5400), ("1.5h", 5400),
     ("30 s", 30), ("30S", 30)],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert read(float, text, "duration") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["ten", "s", "-5s", "5 parsecs", "5s ago", "1e3s", "", "9" * 13 + "s", "\u0663s"])
def test_no_durations(text: str) -> None:
    assert "expected a duration" in wrong(float, text, "duration").message


@pytest.mark.parametrize("text", ["30", "0.5", "+3"])
def test_a_bare_number_is_no_duration_and_the_hint_names_the_unit(text: str) -> None:
    problem = wrong(float, text, "duration")
    assert "needs its unit" in problem.message
    assert problem.hint is not None
    assert f"{text}s" in problem.hint


def test_a_duration_is_bounded() -> None:
    assert "hundred years" in wrong(float, "999999999d", "duration").message


@pytest.mark.parametrize(
    ("text", "size"),
    [("1b", 1), ("64kb", 65_536), ("10mb", 10 << 20), ("1gb", 1 << 30), ("1.5 KiB", 1536), ("2GB", 2 << 30)],
)
def test_sizes(text: str, size: int) -> None:
    assert read(int, text, "size") == size


@pytest.mark.parametrize("text", ["big", "1tb", "-1kb", "kb", "1 k b"])
def test_no_sizes(text: str) -> None:
    assert "expected a size" in wrong(int, text, "size").message


def test_a_bare_number_is_no_size() -> None:
    assert "needs its unit" in wrong(int, "1024", "size").message


def test_a_size_is_bounded() -> None:
    assert "too large" in wrong(int, "999999999999999gb", "size").message


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), ("-3", -3), ("16_000", 16_000)])
def test_whole_numbers(text: str, number: int) -> None:
    assert read(int, text) == number


@pytest.mark.parametrize("text", ["1.5", "010", "0x10", "1:30", "on", "", "1e3", "½", "\u0661"])
def test_no_whole_numbers(text: str) -> None:
    assert "whole number" in wrong(int, text).message


def test_a_huge_number_is_refused_before_it_is_built() -> None:
    assert "whole number" in wrong(int, "9" * 5000).message
    assert "too large" in wrong(int, "9" * 20).message


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("false", False)])
def test_booleans(text: str, value: bool) -> None:
    assert read(bool, text) is value


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "1", "y", ""])
def test_the_booleans_of_old_yaml_are_none(text: str) -> None:
    assert "expected true or false" in wrong(bool, text).message


def test_a_quoted_boolean_is_a_text() -> None:
    assert wrong(bool, "true", quoted=True).hint == "without quotes"


@pytest.mark.parametrize("text", ["on", "yes", "12:30", "2024-01-01", "0x1f", "1e3", "null?", "010"])
def test_a_text_is_taken_as_it_is_written(text: str) -> None:
    assert read(str, text) == text


def test_a_choice_lists_the_names_and_the_nearest() -> None:
    problem = wrong(Literal["enforce", "observe"], "observ")
    assert "enforce, observe" in problem.message
    assert problem.hint == "did you mean `observe`?"


def test_long_values_are_shown_in_part() -> None:
    assert len(wrong(Literal["a"], "x" * 10_000).message) < 120


def test_bounds_are_told_in_words() -> None:
    assert wrong(Annotated[int, Meta(gt=0)], "0").message == "must be more than 0"
    assert wrong(Annotated[float, Meta(ge=0, le=60)], "90s", "duration").message == "must be at most 60s"
    assert wrong(Annotated[int, Meta(ge=5)], "4").message == "must be at least 5"
    assert wrong(Annotated[int, Meta(lt=5)], "5").message == "must be less than 5"


def test_decimals() -> None:
    assert read(float, "0.25") == 0.25
    assert "expected a number" in wrong(float, "nan").message


def test_a_secret_never_prints_and_a_broken_one_is_not_repeated() -> None:
    assert read(Secret, "canary") == Secret("canary")
    assert "canary" not in repr(read(Secret, "canary"))
    problem = wrong(Secret, "canary\nx")
    assert "canary" not in problem.message
    assert "line break" in problem.message
    assert "empty" in wrong(Secret, "").message


def test_a_name_is_checked() -> None:
    assert "lower-case" in wrong(Annotated[str, Meta(pattern="^[a-z]+$")], "Open AI").message


@pytest.mark.parametrize(
    ("written", "near"),
    [("listn", "listen"), ("Listen", "listen"), ("LISTEN", "listen"), ("drian", "drain"), ("zzz", None)],
)
def test_nearest(written: str, near: str | None) -> None:
    assert nearest(written, ["listen", "drain"]) == (near and f"did you mean `{near}`?")


def test_a_name_of_several_words_may_have_underscores() -> None:
    assert read(Scope, "end user") == read(Scope, "end_user") == "end user"
    problem = wrong(Scope, "ende user")
    assert problem.message.startswith("expected one of user, group, service account, end user")
    assert problem.hint == "did you mean `end user`?"
