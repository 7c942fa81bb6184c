from narrows.model.usage import Usage


def test_later_figures_replace_earlier_ones_and_absent_ones_do_not() -> None:
    merged = Usage(prompt=10, completion=1, cached=4).merge(Usage(completion=7, reasoning=0))
    assert merged == Usage(prompt=10, completion=7, cached=4, reasoning=0)
