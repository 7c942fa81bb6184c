import json

import pytest

from narrows.masking import standins
from narrows.masking.arguments import mask_arguments
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS
from narrows.masking.tokenizing import TokenMasker
from narrows.masking.tokens import Tokens
from narrows.model.plan import Transform

ENGINE = Engine([Section([row for row in DETECTORS if row.entity in ("US_SSN", "PRIVATE_KEY")])])
SSN = "078-05-1120"
PEM = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 4 + "-----END PRIVATE KEY-----"


def masker(tokens: Tokens, *more: Rule) -> TokenMasker:
    return TokenMasker(Masker(ENGINE, Plan((Rule(None, Transform.TOKEN), *more), b"k" * 32)), tokens)


def made() -> tuple[Tokens, TokenMasker, str]:
    tokens = Tokens(b"k" * 32, "alice")
    return tokens, masker(tokens), tokens.stand_in("PRIVATE_KEY", PEM)


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_value_in_json_has_the_stand_in_of_what_it_says(layers: int) -> None:
    tokens, masks, token = made()
    text = f"x {PEM} {SSN} é"
    expected = f"x {token} {tokens.stand_in('US_SSN', SSN)} é"
    for _ in range(layers):
        text, expected = json.dumps([{"k": text}, "t\n", text]), json.dumps([{"k": expected}, "t\n", expected])
    masked = masks.mask(text)
    assert masked.text == expected
    assert tokens.originals.get(token) == PEM
    arguments = json.dumps({"k": text})
    assert json.loads(mask_arguments(masks, arguments).text) == {"k": expected}


def test_in_prose_it_is_what_is_written() -> None:
    tokens, masks, token = made()
    spelled = json.dumps(PEM)[1:-1]
    for text in (f'key = "{spelled}"', f'{{"a": 1}} key = "{spelled}"', f"[see] {spelled}"):
        (found,) = standins.tokens(masks.mask(text).text)
        assert found.group() != token
        assert tokens.originals.get(found.group()) == spelled


def test_stand_ins_of_other_kinds_stay_where_they_are() -> None:
    tokens = Tokens(b"k" * 32, "alice")
    mixed = masker(tokens, Rule(frozenset({"US_SSN"}), Transform.REDACT))
    text = json.dumps({"a": f"{SSN}\n{PEM}", "b": [SSN, PEM]})
    token = tokens.stand_in("PRIVATE_KEY", PEM)
    assert json.loads(mixed.mask(text).text) == {"a": f"[US_SSN]\n{token}", "b": ["[US_SSN]", token]}


def test_a_stream_gives_the_same_when_it_has_ended() -> None:
    _, masks, _ = made()
    text = json.dumps({"k": PEM})
    stream = masks.stream()
    assert "".join(map(stream.feed, text)) == ""
    assert stream.finish() == masks.mask(text).text
    assert [finding.entity for finding in stream.findings] == ["PRIVATE_KEY"]
