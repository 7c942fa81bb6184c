from narrows.model.limits import MICRO, Unit


def test_money_and_compute_are_counted_in_millionths_and_the_rest_one_by_one() -> None:
    assert {unit: unit.scale for unit in Unit} == {
        Unit.USD: MICRO,
        Unit.COMPUTE: MICRO,
        Unit.TOKENS: 1,
        Unit.PROMPT_TOKENS: 1,
        Unit.OUTPUT_TOKENS: 1,
        Unit.CALLS: 1,
    }
