from narrows.model.usage import Usage


def test_later_figures_replace_earlier_ones_and_absent_ones_do_not() -> None:
    merged = Usage(prompt=10, completion=1, cached=4).merge(Usage(completion=7, reasoning=0))
    assert merged == Usage(prompt=10, completion=7, cached=4, reasoning=0)


def test_every_figure_that_is_reported_again_replaces_its_own() -> None:
    names = Usage.__struct_fields__
    whole = Usage(*range(len(names)))
    assert Usage().merge(whole) == whole.merge(Usage()) == whole
    for name in names:
        merged = whole.merge(Usage(**{name: 99}))
        assert {other for other in names if getattr(merged, other) != getattr(whole, other)} == {name}
