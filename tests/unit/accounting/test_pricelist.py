"""A published table: its providers by name and address, its models by every name they go by."""

from typing import Any

import msgspec
import pytest

from narrows.accounting.pricelist import Clause, Pricelist, PricelistInvalid, faults

MODELS: list[dict[str, Any]] = [
    {"id": "m-mini", "match": {"or": [{"equals": "M-mini"}, {"starts_with": "m-mini-2026-"}]}, "prices": {}},
    {"id": "m", "match": {"and": [{"starts_with": "m"}, {"ends_with": "-pro"}]}, "prices": {"input_mtok": 1}},
    {"id": "x", "match": {"regex": "^x-[0-9]+$"}, "prices": [{"prices": {"input_mtok": 0.1}}]},
    {
        "id": "y",
        "match": {"contains": "why"},
        "prices": {"input_mtok": {"base": 1, "tiers": [{"start": 5, "price": 2}]}},
    },
    {"id": "own", "match": {"glob": "Own-*-mine"}, "prices": {}},
]
ACME: dict[str, Any] = {
    "id": "acme",
    "name": "what is not read is left out",
    "api_pattern": r"https://api\.acme\.com",
    "provider_match": {"contains": "acme"},
    "models": MODELS,
}
CLOUD: dict[str, Any] = {
    "id": "cloud",
    "api_pattern": r"https://([^.]*\.)?cloud\.com",
    "fallback_model_providers": ["acme", "gone"],
    "models": [{"id": "m-mini", "match": {"equals": "m-mini"}, "prices": {}}],
}


def pricelist(*providers: dict[str, Any]) -> Pricelist:
    return Pricelist(msgspec.json.encode(providers or (ACME, CLOUD)))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("m-mini", "m-mini"), ("M-MINI", "m-mini"), ("m-mini-2026-01-31", "m-mini"), ("m-mini-20260131", "m-mini"),
        ("m-mini-20261331", None), ("m-mini-2", None), ("mega-pro", "m"), ("pro", None), ("x-12", "x"), ("x-12a", None),
        ("no-why-not", "y"), ("own-new-mine", "own"), ("own-mine", None), ("", None),
    ],
)  # fmt: skip
def test_a_model_goes_by_several_names(name: str, model: str | None) -> None:
    found = pricelist().find("acme", name)
    assert (found.model.id if found else None) == model


def test_a_provider_serves_models_of_others() -> None:
    own, lent = pricelist().find("cloud", "m-mini"), pricelist().find("cloud", "mega-pro")
    assert own is not None
    assert lent is not None
    assert (own.provider, own.lent) == ("cloud", False)
    assert (lent.provider, lent.model.id, lent.lent) == ("acme", "m", True)
    assert pricelist().find("cloud", "nothing") is None
    assert pricelist().find("nobody", "m-mini") is None


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.acme.com", "acme"), ("https://API.Acme.com:443/v1", "acme"), ("https://api.acme.com/v1/", "acme"),
        ("https://api.acme.com.evil.example", None), ("https://api.acme.community", None),
        ("https://api.acme.com:8443", "acme"), ("http://api.acme.com", None), ("http://10.0.0.1:8000", None),
        ("https://proxy.example/https://api.acme.com", None),
        ("https://eu.cloud.com/x", "cloud"), ("https://cloud.com", "cloud"), ("https://a.b.cloud.com", None),
    ],
)  # fmt: skip
def test_a_provider_is_known_by_the_address_of_its_api(url: str, provider: str | None) -> None:
    assert pricelist().at(url) == provider


def test_a_provider_goes_by_several_names() -> None:
    assert pricelist().named(" ACME ") == pricelist().named("acme-eu") == "acme"
    assert pricelist().named("cloud") == "cloud"
    assert pricelist().named("cloudy") is None


def test_the_shortest_form_says_the_same() -> None:
    whole = pricelist()
    short = Pricelist(whole.encoded())
    assert [*short.all()] == [*whole.all()]
    assert b"what is not read" not in whole.encoded()
    assert short.encoded() == whole.encoded()
    assert short.at("https://api.acme.com") == "acme"


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"id":1}]', b"\xff", b'[{"id":"a"}]', b"[" * 2000])
def test_what_is_no_table(data: bytes) -> None:
    with pytest.raises(PricelistInvalid):
        Pricelist(data)


def test_what_is_no_model_is_told_where_it_is_first_asked_for() -> None:
    broken = pricelist({**ACME, "models": [{"id": "m"}]}, CLOUD)
    assert broken.models("cloud")
    with pytest.raises(PricelistInvalid, match=r"provider acme: .*match"):
        broken.find("acme", "m")


def test_ids_are_not_taken_twice() -> None:
    with pytest.raises(PricelistInvalid, match="same id"):
        pricelist(ACME, ACME)


@pytest.mark.parametrize(
    ("match", "fault"),
    [
        ({}, "exactly one"), ({"equals": "a", "contains": "b"}, "exactly one"), ({"regex": "("}, "regular expression"),
        ({"or": [{"regex": "["}]}, "regular expression"), ({"and": [{"or": [{}]}]}, "exactly one"),
    ],
)  # fmt: skip
def test_conditions_that_can_not_be(match: dict[str, Any], fault: str) -> None:
    raw = msgspec.json.encode([{**CLOUD, "models": [{"id": "m", "match": match, "prices": {}}]}])
    (found,) = faults(Pricelist(raw), raw)
    assert found.startswith("cloud/m: ")
    assert fault in found


def test_patterns_that_can_not_be() -> None:
    raw = msgspec.json.encode([{**ACME, "api_pattern": "(", "provider_match": {}}])
    assert len([*faults(Pricelist(raw), raw)]) == 2
    fine = msgspec.json.encode([ACME, CLOUD])
    assert not [*faults(Pricelist(fine), fine)]


def test_a_condition_that_says_nothing_matches_nothing() -> None:
    assert not Clause().matches("")
