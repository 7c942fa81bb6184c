"""The shipped table is whole, and its names are those that policies may use."""

import importlib
import pkgutil

import msgspec

from narrows.config.schema import Detectors
from narrows.masking import detectors
from narrows.masking.table import DETECTORS
from narrows.wiring.detectors import CUSTOM, shipped_groups, vocabulary


def test_no_table_is_left_out() -> None:
    rows = {
        row.name
        for module in pkgutil.iter_modules(detectors.__path__)
        for row in getattr(importlib.import_module(f"{detectors.__name__}.{module.name}"), "DETECTORS", ())
    }
    names = [row.name for row in DETECTORS]
    assert rows == set(names)
    assert len(names) == len(set(names)) > 600


def test_groups_name_what_there_is() -> None:
    names = vocabulary(Detectors())
    assert names.entities == {row.entity for row in DETECTORS}
    assert CUSTOM not in names.groups
    for group, entities in names.groups.items():
        assert entities, group
        assert entities <= names.entities
        assert group not in names.entities
    assert {"PII", "PAYMENT", "HEALTH", "SECRETS", "US", "UK"} <= set(shipped_groups())
    assert names.resolve("US_*") >= {"US_SSN", "US_ITIN"}


def test_an_organisation_adds_its_own() -> None:
    own = {
        "patterns": [{"name": "a", "entity": "CUSTOMER", "pattern": "x"}],
        "words": [{"name": "b", "entity": "US_SSN", "words": ["x"]}],
    }
    names = vocabulary(msgspec.convert(own, Detectors))
    assert names.resolve(CUSTOM) == {"CUSTOMER", "US_SSN"}
    assert "CUSTOMER" in names.entities
