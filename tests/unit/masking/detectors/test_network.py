import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.network import DETECTORS
from unit.masking.detectors.rows import counterexamples, examples, values
from unit.masking.reference import find


@pytest.mark.parametrize(("row", "text"), examples(DETECTORS))
def test_an_example_is_found(row: Detector, text: str) -> None:
    assert list(find(text, row))


@pytest.mark.parametrize(("row", "text"), counterexamples(DETECTORS))
def test_a_counterexample_is_not(row: Detector, text: str) -> None:
    assert list(find(text, row)) == []


@pytest.mark.parametrize(
    ("text", "entity", "found"),
    [
        ("ip=86.121.97.248|", "IP_ADDRESS", ["86.121.97.248"]),
        ("[2001:db8::1]:443 at 12:34:56", "IP_ADDRESS", ["2001:db8::1"]),
        ("std::map<a::b>, x :: y, 1.2.3.4.", "IP_ADDRESS", ["1.2.3.4"]),
        ("(see https://en.wikipedia.org/wiki/A_(b)).", "URL", ["https://en.wikipedia.org/wiki/A_(b"]),
        ("访问https://example.com/a查看", "URL", ["https://example.com/a"]),
        ("www.example.com, and example.co.uk.", "URL", ["www.example.com", "example.co.uk"]),
        ("mail john@example.com", "URL", []),
        ("00:1A:2B:3C:4D:5E", "MAC_ADDRESS", ["00:1A:2B:3C:4D:5E"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found


def test_a_link_of_any_length_is_masked_to_its_end() -> None:
    link = "https://example.com/?q=" + "abc123%20" * 400
    assert values(DETECTORS, f"see {link} there", "URL") == [link]
