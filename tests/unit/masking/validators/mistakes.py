"""Slips of the pen: what a checksum that promises to catch one wrong digit must refuse."""

from collections.abc import Callable, Iterator


def wrong_digits(number: str) -> Iterator[str]:
    """The number with one of its digits changed into another, in all ways."""
    for place, char in enumerate(number):
        if char.isdigit():
            for other in "0123456789":
                if other != char:
                    yield number[:place] + other + number[place + 1 :]


def neighbours_swapped(number: str) -> Iterator[str]:
    """The number with two different neighbouring digits swapped, in all ways."""
    for place in range(len(number) - 1):
        first, second = number[place], number[place + 1]
        if first.isdigit() and second.isdigit() and first != second:
            yield number[:place] + second + first + number[place + 2 :]


def overlooked(check: Callable[[str], bool], number: str) -> list[str]:
    """The wrong digits that a check accepts; a number it refuses to begin with is an error of the test."""
    assert check(number), number
    return [wrong for wrong in wrong_digits(number) if check(wrong)]
