"""The one table of all secrets."""

import importlib
import pkgutil

from narrows.masking import detectors
from narrows.masking.detectors import secrets_table

NOT_TABLES = {"secrets_rows", "secrets_table"}


def test_no_table_of_secrets_is_left_out() -> None:
    names = {module.name for module in pkgutil.iter_modules(detectors.__path__) if module.name.startswith("secrets_")}
    tables = [importlib.import_module(f"narrows.masking.detectors.{name}") for name in sorted(names - NOT_TABLES)]
    assert {row.name for table in tables for row in table.DETECTORS} == {row.name for row in secrets_table.DETECTORS}
