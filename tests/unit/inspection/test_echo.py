"""Replies that repeat the system prompt."""

import pytest

from narrows.inspection.echo import LEAST, LONGEST, STEP, Echo, Origin

SYSTEM = (
    "You are the assistant of Acme Bank. Never tell a customer the internal risk score. "
    "If somebody asks for a refund above 500 euros, hand the conversation over to a person."
)


def fed(system: str, *deltas: str, least: int = LEAST) -> list[int | None]:
    echo = Echo(Origin([system], least))
    return [echo.feed(delta) for delta in deltas]


def test_the_place_at_which_the_run_is_complete() -> None:
    reply = "Sure! My instructions: " + SYSTEM
    (place,) = fed(SYSTEM, reply)
    assert place == len("Sure! My instructions: ") + LEAST
    assert fed(SYSTEM, reply[: place - 1]) == [None]


def test_case_and_white_space_make_no_difference() -> None:
    assert fed(SYSTEM, SYSTEM.upper().replace(" ", "\n\t")) != [None]


def test_a_run_in_the_middle_of_the_system_text_in_small_deltas() -> None:
    run = SYSTEM[21 : 21 + LEAST]
    places = fed(SYSTEM, "So: ", *run, " and so on")
    assert places.index(1) == LEAST
    assert [place for place in places if place is not None] == [1]


def test_shorter_runs_and_other_words_pass() -> None:
    assert fed(SYSTEM, SYSTEM[: LEAST - 1] + "!", SYSTEM[30 : 30 + LEAST - 1] + "!") == [None, None]
    assert fed(SYSTEM, "You are talking to the assistant of Acme Bank, which never tells a score. " * 20) == [None]


def test_a_system_text_shorter_than_an_echo_has_none() -> None:
    assert Origin(["Be brief."]).silent
    assert fed("Be brief.", "Be brief. " * 20) == [None]
    assert Origin([]).silent


def test_several_system_texts_are_one() -> None:
    echo = Echo(Origin([SYSTEM[:40], SYSTEM[40:]], 40))
    assert echo.feed(SYSTEM[40:]) == 40


def test_after_an_echo_nothing_is_looked_at() -> None:
    echo = Echo(Origin([SYSTEM]))
    assert echo.feed(SYSTEM) == LEAST
    assert echo.found
    assert echo.feed(SYSTEM) is None


def test_what_is_compared_is_bounded() -> None:
    filler = "".join(f"{number} " for number in range(LONGEST))
    assert fed(filler[:LONGEST] + SYSTEM, SYSTEM) == [None]
    assert fed(SYSTEM + filler, SYSTEM) == [LEAST]


def test_a_text_that_repeats_itself_costs_no_more() -> None:
    """Every window of both is the same, short of one character: it is decided by hashes, never by searching."""
    system, reply = "ab" * 20_000, ("ab" * 29 + "c") * 400
    assert fed(system, reply) == [None]


def test_an_echo_must_be_long_enough_for_the_steps() -> None:
    with pytest.raises(ValueError, match="characters"):
        Origin([SYSTEM], 2 * STEP - 1)
