from narrows.masking.detectors import levels


def test_the_levels_are_in_order_and_never_is_no_finding() -> None:
    ranked = (levels.NEVER, levels.PLAUSIBLE, levels.PROBABLE, levels.LIKELY, levels.CERTAIN)
    assert list(ranked) == sorted(set(ranked))
    assert ranked[0] == 0
    assert ranked[-1] <= 1
