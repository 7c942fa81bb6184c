"""The reference page names every command and every option. That the page is fresh is checked with the other pages."""

import re

from narrows.cli.main import COMMANDS
from narrows.cli.reference import render


def test_it_names_every_command() -> None:
    page = render()
    headings = [line for line in page.splitlines() if line.startswith("##")]
    for name in COMMANDS:
        assert f"## narrows {name}" in headings
        assert f"(#narrows-{name})" in page
    for name in ("sessions list", "sessions tail", "keys revoke", "policy test"):
        assert f"### narrows {name}" in headings


def test_it_names_options_and_their_environment() -> None:
    page = render()
    assert "| `-c FILE`, `--config FILE` |" in page
    assert "Environment: `NARROWS_CONFIG`." in page
    assert "| `--owner OWNER` | The person who answers for it: issuer:subject. Required. |" in page
    assert "Default: `24h`." in page


def test_it_is_markdown_without_leftovers() -> None:
    page = render()
    assert "[bold]" not in page
    assert "\\[" not in page
    assert "service_accounts: [NAME]" in page
    assert page.count("```") % 2 == 0
    assert "completion" not in page


def test_a_block_says_what_it_is() -> None:
    found = set(re.findall(r"^```([a-z]+)\n(\S+)", render(), re.MULTILINE))
    assert ("console", "narrows") in found
    assert ("text", "token") in found, "a table of words is no YAML"
    assert all(first.endswith(":") or first == "-" for language, first in found if language == "yaml")
