import importlib
import pkgutil

from narrows.masking import detectors
from narrows.masking.rows import compile_row
from narrows.masking.table import DETECTORS


def test_every_table_of_a_domain_is_in_it_once() -> None:
    names = [module.name for module in pkgutil.iter_modules(detectors.__path__)]
    domains = [importlib.import_module(f"narrows.masking.detectors.{name}") for name in names]
    rows = [row for domain in domains for row in getattr(domain, "DETECTORS", ())]
    assert {row.name for row in rows} == {row.name for row in DETECTORS}
    assert len({row.name for row in DETECTORS}) == len(DETECTORS)


def test_every_row_can_be_matched_exactly() -> None:
    for row in DETECTORS:
        compile_row(row)
