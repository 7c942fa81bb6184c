from datetime import UTC

import pytest

from narrows.cli.usage_page import cells, charged, charges, cost, dollars, json_row, notes, ordered
from narrows.model.limits import Per
from narrows.stores.sqlite.usage_sums import By, Sums


@pytest.mark.parametrize(
    ("micro", "text"), [(0, "0.00"), (1, "0.000001"), (1_500_000, "1.50"), (1_234_500, "1.2345"), (-10_000, "-0.01")]
)
def test_dollars(micro: int, text: str) -> None:
    assert dollars(micro) == text


@pytest.mark.parametrize(
    ("sums", "text"),
    [
        (Sums(), "0.00"),
        (Sums(cost=5_000_000), "5.00"),
        (Sums(cost=5_000_000, estimated=1), "~5.00"),
        (Sums(cost=5_000_000, unpriced=1), "5.00?"),
        (Sums(cost=5_000_000, estimated=1, unpriced=1), "~5.00?"),
        (Sums(unpriced=1), "?"),
    ],
)
def test_a_cost_says_how_sure_it_is(sums: Sums, text: str) -> None:
    assert cost(sums) == text


def test_rows_are_in_the_order_of_time_or_of_size() -> None:
    rows = [(("a",), Sums(calls=9)), (("b",), Sums(cost=1)), (("c",), Sums(prompt=5)), (("d",), Sums(cost=2))]
    assert [key for (key,), _ in ordered(rows, [By.USER])] == ["d", "b", "c", "a"]
    assert [key for (key,), _ in ordered(rows[::-1], [By.DAY])] == ["a", "b", "c", "d"]


def test_cells_and_rows_tell_the_same() -> None:
    sums = Sums(calls=7, refused=2, limited=1, errors=3, prompt=10, cached=4, output=6, reasoning=5, cost=1_000_000)
    assert cells(("a", "b"), sums) == ("a", "b", "7", "2", "1", "3", "10", "4", "6", "5", "1.00")
    row = json_row([By.USER, By.MODEL], ("a", "b"), sums)
    assert (row["id"], row["by"], row["cost"], row["cost_usd"]) == ("a/b", {"user": "a", "model": "b"}, 1_000_000, 1.0)


def test_notes_say_what_the_table_can_not() -> None:
    assert not list(notes(Sums(calls=1), [By.USER]))
    said = list(notes(Sums(estimated=10_000, unpriced=1, counted=1, unreported=2, running=3), [By.USER]))
    assert [line.split(":")[0] for line in said] == [
        "~ 0.01 of the cost is reckoned now, with the present prices",
        "? 1 call used tokens that have no price; the cost is without them.",
        "1 call ended without a full report of tokens, which are the gate's own count there.",
        "2 calls ended without a word about tokens from the upstream, and no limit counted.",
        "3 calls still running, of unknown usage.",
    ]


def test_charges_are_by_period_and_what_is_charged_whatever_is_asked() -> None:
    assert charged([]) == [By.DAY, By.CONNECTION, By.MODEL, By.USER]
    assert charged([By.GROUP, By.MODEL, By.DAY, By.HOUR]) == [By.HOUR, By.CONNECTION, By.MODEL, By.USER, By.GROUP]
    assert charged([By.MONTH])[0] is By.MONTH


def test_calls_that_were_refused_charge_nothing() -> None:
    by = charged([By.GROUP])
    rows = [
        (("2026-01-31", "c", "m", "corp:a", "-"), Sums(calls=3, refused=2, prompt=5, cost=9)),
        (("2026-01-31", "c", "m", "corp:b", "g"), Sums(calls=2, refused=2)),
        (("2026-02-01", "c", "m", "corp:b", "g"), Sums(calls=1, running=1)),
    ]
    (charge,) = charges(rows, by, UTC, {"c": "Provider"})
    assert (charge.user, charge.calls, charge.cost, charge.per, charge.provider) == (
        "corp:a",
        1,
        9,
        Per.DAY,
        "Provider",
    )
    assert charge.tags == {}
