"""A section refuses what it does not know."""

import msgspec
import pytest

from narrows.config.setting import Globs, Name, Setting, Short


class Section(Setting, frozen=True, kw_only=True):
    name: Name = "a"
    globs: Globs = ("*",)


@pytest.mark.parametrize("plain", [{"nmae": "a"}, {"name": "A b"}, {"name": ""}, {"globs": []}, {"globs": [1]}])
def test_what_is_not_known_or_has_no_form_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, Section)


def test_sections_are_frozen() -> None:
    with pytest.raises(AttributeError):
        msgspec.convert({"name": "b"}, Section).name = "c"  # type: ignore[misc]


def test_a_section_that_may_be_a_text_says_what_the_text_stands_for() -> None:
    class Named(Setting, frozen=True, kw_only=True):
        name: Name = "a"

        @classmethod
        def short(cls, text: str) -> dict[str, object]:
            return {"name": text}

    assert issubclass(Named, Short)
    assert not issubclass(Section, Short)
