"""The reference of entities names every entity and detector, on pages that are Markdown, without secrets."""

import re

from narrows.cli.entity_pages import TABLES, pages
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS, SECRETS
from narrows.wiring.detectors import shipped_groups

PAGES = pages()


def test_every_table_has_its_page_and_every_row_its_place() -> None:
    rows = [row for _, table in TABLES.values() for row in table]
    assert {row.name for row in rows} == {row.name for row in DETECTORS}
    whole = "\n".join(PAGES.values())
    assert [row.name for row in DETECTORS if f"| `{row.name}` |" not in whole] == []


def test_every_entity_has_one_section_and_a_link_to_it() -> None:
    index = PAGES["entities.md"]
    sections = [
        (entity, path)
        for path, page in PAGES.items()
        for entity in re.findall(r"^## ([A-Z0-9_]+)$", page, re.MULTILINE)
    ]
    assert sorted(entity for entity, _ in sections) == sorted({row.entity for row in DETECTORS})
    for entity, path in sections:
        assert f"[`{entity}`]({path}#{entity.lower()})" in index


def test_every_group_is_told() -> None:
    for group in (*shipped_groups(), "CUSTOM"):
        assert f"`{group}`" in PAGES["entities.md"]


def test_tables_are_well_formed() -> None:
    for page in PAGES.values():
        for line in page.splitlines():
            if line.startswith("| `"):
                cells = re.split(r"(?<!\\)\|", line)
                assert len(cells) in (4, 7), line


def test_people_s_examples_are_told() -> None:
    page = PAGES["entities/identity-us.md"]
    assert "Found: `Here's my SSN: 054-28-6917`" in page
    assert "Passed over: `000-12-3456`" in page
    assert "Keywords: `soc sec`" in page


def test_no_page_holds_what_looks_like_a_secret() -> None:
    issued = [row for row in SECRETS if not row.lead and row.score > 0.9]
    assert len(issued) > 100
    masker = Masker(Engine([Section(issued)]))
    found = {finding.detector for page in PAGES.values() for finding in masker.mask(page).findings}
    assert found == set()
