"""Entries of policies become one masker that changes and one that looks, for each direction."""

import pytest

from narrows.masking.applied import apply, clean_path
from narrows.masking.masker import Masked, Masker
from narrows.masking.tokens import Tokens
from narrows.model.plan import Mask, Transform
from unit.masking.samples import engine

ENGINE = engine()
KEY = b"k" * 32
SSN = "ssn 078-05-1120"


def mask(*entities: str, **more: object) -> Mask:
    make: type[Mask] = Mask
    settings: dict[str, object] = {"transform": Transform.REDACT} | more
    return make("m", "p", frozenset(entities), **settings)  # type: ignore[arg-type]


def test_without_masks_neither_direction_is_masked() -> None:
    applied = apply(ENGINE, (), KEY)
    assert (applied.prompt, applied.response) == (None, None)


def test_each_direction_has_its_own() -> None:
    applied = apply(ENGINE, (mask("US_SSN", response=False), mask("CREDIT_CARD", prompt=False)), KEY)
    assert applied.prompt is not None
    assert applied.response is not None
    assert applied.prompt.masker is not None
    assert applied.response.masker is not None
    assert applied.prompt.masker.mask(SSN).text == "ssn [US_SSN]"
    assert applied.response.masker.mask(SSN).text == SSN


def test_what_observes_only_looks() -> None:
    side = apply(ENGINE, (mask("US_SSN", observe=True),), KEY).prompt
    assert side is not None
    assert side.masker is None
    assert side.watcher is not None
    assert len(side.watcher.mask(SSN).findings) == 1


def test_masks_add_up_with_the_strictest_transform() -> None:
    side = apply(ENGINE, (mask("US_SSN", transform=Transform.PARTIAL), mask("US_SSN", transform=Transform.HASH)), KEY)
    assert side.prompt is not None
    assert side.prompt.masker is not None
    assert side.prompt.masker.mask(SSN).text.startswith("ssn [US_SSN:")


def test_numbers_are_masked_one_by_one_behind_their_name() -> None:
    side = apply(ENGINE, (mask("CREDIT_CARD", "US_BANK_NUMBER"),), KEY).prompt
    assert side is not None
    card = "4111111111111111"
    for value, name, masked in (
        (card, "", "[CREDIT_CARD]"),
        ("12345678", "", "12345678"),
        ("12345678", "account", "[US_BANK_NUMBER]"),
        (f"0.{card}", "", f"0.{card}"),
        (f"[[1,{card}],-2.5]", "", '[[1,"[CREDIT_CARD]"],-2.5]'),
        ("[1,12345678]", "account", '[1,"[US_BANK_NUMBER]"]'),
    ):
        assert side.numbers(value, name).text == masked
    assert [one.entity for one in side.numbers(f"[{card},{card}]").findings] == ["CREDIT_CARD"] * 2


def test_a_clean_text_is_known_with_its_context() -> None:
    side = apply(ENGINE, (mask("US_BANK_NUMBER"),), KEY).prompt
    assert side is not None
    assert side.mask("12345678").text == "12345678"
    assert side.mask("12345678", "account: ").text == "[US_BANK_NUMBER]"


def test_fields_alone_have_a_masker_that_finds_nothing() -> None:
    side = apply(ENGINE, (mask(fields=("password",)),), KEY).prompt
    assert side is not None
    assert side.fields is not None
    assert side.fields.matches("$.a.password")
    assert side.masker is not None
    assert side.masker.mask(SSN).text == SSN


def test_an_unknown_entity_is_an_error() -> None:
    with pytest.raises(ValueError, match="NOBODYS"):
        apply(ENGINE, (mask("NOBODYS"),), KEY)


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("$.messages[0].content", "$.messages[0].content"),
        ("$.items[*]['078-05-1120'].a", "$.items[*]['[US_SSN]'].a"),
        ("$['078-05-1120']~", "$['[US_SSN]']~"),
        # Quotes of a key are escaped in a path.
        (r"$.a['it\'s 078-05-1120'][1]", r"$.a['it\'s [US_SSN]'][1]"),
        ("$.no path 078-05-1120", "$.no path [US_SSN]"),
    ],
)
def test_a_path_does_not_tell_what_its_keys_hold(path: str, clean: str) -> None:
    assert clean_path(Masker(ENGINE), path) == clean


def test_clean_texts_are_known_and_others_are_masked_each_time() -> None:
    side = apply(ENGINE, (mask("US_SSN"),), KEY).prompt
    assert side is not None
    for _ in range(2):
        assert side.mask("nothing").text == "nothing"
        assert side.mask(SSN).text == "ssn [US_SSN]"
        assert len(side.mask(SSN).findings) == 1
    assert side.knows("nothing")
    assert not side.knows(SSN)


def test_a_long_clean_text_is_masked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    side = apply(ENGINE, (mask("US_SSN"),), KEY).prompt
    assert side is not None
    long = "nothing in it " * 100
    asked: list[str] = []
    once = Masker.mask

    def counted(self: Masker, text: str, before: str = "") -> Masked:
        asked.append(text)
        return once(self, text, before)

    monkeypatch.setattr(Masker, "mask", counted)
    for call in (side, side, side.keyed(Tokens(KEY, "ann"))):
        assert call.mask(long).text == long
    assert asked == [long]
    assert side.mask(f"{long}{SSN}").findings
    assert side.mask(f"{long}{SSN}").findings
    assert len(asked) == 3
