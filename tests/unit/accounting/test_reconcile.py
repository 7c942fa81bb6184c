from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.invoices import PICO, Billed, Invoice, family
from narrows.accounting.reconcile import Compared, Measure, Passed, compare, passed

DAY = "2026-01-31"
ONE = Fraction(1, 100)


def invoice(*billed: Billed, day: str = DAY) -> Invoice:
    return Invoice("test", {(day, family(one.model)): one for one in billed})


def only(billed: Invoice, *ours: Passed, tolerance: Fraction = ONE) -> Compared:
    (compared,) = compare(billed, passed((DAY, one) for one in ours), tolerance)
    return compared


def test_what_agrees_is_not_flagged() -> None:
    compared = only(invoice(Billed("gpt-4o", 1000, 50)), Passed("gpt-4o-2024-08-06", 3, 1000, 50))
    assert compared.measures == (Measure("prompt", 1000, 1000), Measure("output", 50, 50))
    assert (compared.beyond, compared.bypassed, compared.model) == ((), False, "gpt-4o")


def test_the_tolerance_is_what_may_be_and_no_more() -> None:
    for more, beyond in [(10, False), (11, True), (-10, False), (-11, True)]:
        billed = invoice(Billed("m", 1000, 0))
        assert bool(only(billed, Passed("m", 1, 1000 - more, 0)).beyond) is beyond
    assert not only(invoice(Billed("m", 0, 0)), Passed("m"), tolerance=Fraction(0)).beyond
    assert only(invoice(Billed("m", 1, 0)), Passed("m"), tolerance=Fraction(0)).bypassed


def test_what_the_provider_alone_has_bypassed_the_gateway() -> None:
    (compared,) = compare(invoice(Billed("gpt-4o", 10, 5)), {}, ONE)
    assert compared.bypassed
    assert compared.measures == (Measure("prompt", 10, 0), Measure("output", 5, 0))


def test_what_the_gateway_alone_has_is_beyond_and_no_bypass() -> None:
    here, there = compare(
        invoice(Billed("a", 10, 5)), passed([(DAY, Passed("a", 1, 10, 5)), (DAY, Passed("b", 1, 7, 0))]), ONE
    )
    assert (here.beyond, there.model, there.bypassed) == ((), "b", False)
    assert there.beyond == (Measure("prompt", 0, 7),)


def test_money_is_compared_in_millionths_of_a_dollar() -> None:
    compared = only(invoice(Billed("m", cost=PICO + 499_999)), Passed("m", 1, 9, 9, 1_000_000), tolerance=Fraction(0))
    assert compared.measures == (Measure("cost", 1_000_000, 1_000_000),)
    assert not compared.beyond


def test_what_has_no_price_can_not_be_said_to_agree() -> None:
    compared = only(invoice(Billed("m", cost=PICO)), Passed("m", 1, 9, 9, 0, priced=False))
    assert compared.beyond == (Measure("cost", 1_000_000, None),)
    assert not compared.bypassed


def test_an_export_without_models_is_compared_by_day() -> None:
    billed = invoice(Billed("", 30, 3, cost=3 * PICO))
    compared = only(billed, Passed("a", 1, 10, 1, 1_000_000), Passed("b", 2, 20, 2, 2_000_000))
    assert (compared.model, compared.beyond, len(compared.measures)) == ("", (), 3)


def test_totals_are_compared_where_there_are_no_parts() -> None:
    assert only(invoice(Billed("m", tokens=15)), Passed("m", 1, 10, 5)).measures == (Measure("tokens", 15, 15),)


names = st.sampled_from(["gpt-4o", "gpt-4o-2024-08-06", "claude-3-5-haiku", "Claude Haiku 3.5", "m"])
counts = st.integers(0, 10**12)


@given(
    st.lists(st.tuples(st.sampled_from(["2026-01-01", "2026-01-02"]), names, counts, counts)),
    st.lists(st.tuples(st.sampled_from(["2026-01-01", "2026-01-03"]), names, counts, counts)),
)
def test_every_token_of_either_is_in_one_row(
    billed: list[tuple[str, str, int, int]], ours: list[tuple[str, str, int, int]]
) -> None:
    export = Invoice("test", {})
    for day, model, prompt, output in billed:
        export.days.setdefault((day, family(model)), Billed(model)).add(Billed(model, prompt, output))
    rows = compare(export, passed((day, Passed(model, 1, a, b)) for day, model, a, b in ours), Fraction(0))
    provider = sum(measure.provider for row in rows for measure in row.measures)
    gateway = sum(measure.gateway or 0 for row in rows for measure in row.measures)
    assert provider == sum(prompt + output for _, _, prompt, output in billed)
    assert gateway == sum(prompt + output for _, _, prompt, output in ours) or not billed
