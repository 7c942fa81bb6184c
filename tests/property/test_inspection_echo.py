"""An echo is found where the plain definition finds it, however the reply is cut."""

from hypothesis import given
from hypothesis import strategies as st

from narrows.inspection.echo import Echo, Origin

LEAST = 16
WORDS = st.sampled_from(["ab", "Ab", "abc ", " ", "\n", "x", "\u00df", "\u0130", "ss", "aaaa", "\u2003", "\u01c5"])
TEXT = st.lists(WORDS, max_size=40).map("".join)


def normalised(text: str) -> str:
    out: list[str] = []
    for character in text:
        if character.isspace():
            if not out or out[-1] != " ":
                out.append(" ")
        else:
            out.extend(character.casefold())
    return "".join(out)


def plainly(system: str, reply: str) -> int | None:
    """The definition, character by character."""
    source = normalised(system)
    for end in range(1, len(reply) + 1):
        text = normalised(reply[:end])
        before = normalised(reply[: end - 1])
        for stop in range(len(before) + 1, len(text) + 1):
            if stop >= LEAST and text[stop - LEAST : stop] in source:
                return end
    return None


@given(system=TEXT, data=st.data())
def test_every_split_gives_what_the_definition_gives(system: str, data: st.DataObject) -> None:
    piece = data.draw(st.integers(0, max(0, len(system) - 1)))
    reply = data.draw(TEXT) + system[piece : piece + data.draw(st.integers(0, 60))] + data.draw(TEXT)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=12)))
    echo = Echo(Origin([system], LEAST))
    found, at = None, 0
    for cut in [*cuts, len(reply)]:
        place = echo.feed(reply[at:cut])
        if place is not None and found is None:
            found = at + place
        at = cut
    assert found == plainly(system, reply)
