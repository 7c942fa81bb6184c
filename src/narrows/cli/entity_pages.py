"""The reference pages of the entities, generated from the tables of detectors: an index, and a page for each table.

Examples of secrets are not printed, so that no page looks like a leak to a scanner of secrets.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import (
    addresses,
    contact,
    devices,
    health,
    identity_americas,
    identity_asia_pacific,
    identity_germanic,
    identity_latin,
    identity_nordic,
    identity_uk,
    identity_us,
    network,
    payment,
    personal,
    secrets_ai,
    secrets_cloud,
    secrets_credentials,
    secrets_data,
    secrets_delivery,
    secrets_generic,
    secrets_hosting,
    secrets_identity,
    secrets_messaging,
    secrets_observability,
    secrets_payment,
    secrets_saas,
    secrets_source,
    telephones,
)
from narrows.masking.table import DETECTORS
from narrows.wiring.detectors import shipped_groups

Tables = Mapping[str, tuple[str, tuple[Detector, ...]]]

TABLES: Final[Tables] = {
    "payment": ("Cards, accounts and payment", payment.DETECTORS),
    "contact": ("Mail addresses, postal codes and links", contact.DETECTORS),
    "telephones": ("Telephone numbers", telephones.DETECTORS),
    "addresses": ("Postal addresses", addresses.DETECTORS),
    "network": ("Network addresses", network.DETECTORS),
    "personal": ("Birth dates, ages, passwords and PINs", personal.DETECTORS),
    "health": ("Health", health.DETECTORS),
    "devices": ("Devices and vehicles", devices.DETECTORS),
    "identity-us": ("Identity numbers: United States", identity_us.DETECTORS),
    "identity-uk": ("Identity numbers: United Kingdom", identity_uk.DETECTORS),
    "identity-germanic": ("Identity numbers: German and Dutch speaking countries", identity_germanic.DETECTORS),
    "identity-latin": ("Identity numbers: southern Europe", identity_latin.DETECTORS),
    "identity-nordic": ("Identity numbers: northern and eastern Europe", identity_nordic.DETECTORS),
    "identity-americas": ("Identity numbers: the Americas", identity_americas.DETECTORS),
    "identity-asia-pacific": ("Identity numbers: Asia, Africa and the Pacific", identity_asia_pacific.DETECTORS),
    "secrets-cloud": ("Secrets: clouds", secrets_cloud.DETECTORS),
    "secrets-source": ("Secrets: source hosting", secrets_source.DETECTORS),
    "secrets-hosting": ("Secrets: hosting", secrets_hosting.DETECTORS),
    "secrets-payment": ("Secrets: payment and crypto-currencies", secrets_payment.DETECTORS),
    "secrets-messaging": ("Secrets: messaging and mail", secrets_messaging.DETECTORS),
    "secrets-ai": ("Secrets: AI vendors", secrets_ai.DETECTORS),
    "secrets-data": ("Secrets: databases and data platforms", secrets_data.DETECTORS),
    "secrets-delivery": ("Secrets: registries, CI and infrastructure", secrets_delivery.DETECTORS),
    "secrets-identity": ("Secrets: identity and social networks", secrets_identity.DETECTORS),
    "secrets-observability": ("Secrets: monitoring and analytics", secrets_observability.DETECTORS),
    "secrets-saas": ("Secrets: services for work and commerce", secrets_saas.DETECTORS),
    "secrets-credentials": ("Secrets: addresses and connection strings with a password", secrets_credentials.DETECTORS),
    "secrets-generic": ("Secrets: keys, tokens and whatever is named a secret", secrets_generic.DETECTORS),
}
"""Title and rows of each page."""

_INDEX: Final = """\
# Entities

What masking finds. A policy names entities, groups or globs under `mask.entities` ([Mask sensitive
data](../how-to/masking.md)); `narrows detectors list` prints the same list, and `narrows detectors show ENTITY` one
entity with all its examples.

A score says how sure a finding is, from 0 to 1; a mask's `threshold` (by default 0.5) is the least that counts. All
shipped detectors score at least 0.5, those that need a keyword near them only with one.
"""


def pages() -> dict[str, str]:
    """The text of each page by its path below docs/reference."""
    homes = _homes()
    made = {"entities.md": _index(homes)}
    for name, (title, _) in TABLES.items():
        entities = [entity for entity, home in homes.items() if home == name]
        if entities:
            made[f"entities/{name}.md"] = "\n".join(_page(name, title, entities))
    return made


def _homes() -> dict[str, str]:
    """The page of each entity: that of the first table which finds it."""
    homes: dict[str, str] = {}
    for name, (_, rows) in TABLES.items():
        for row in rows:
            homes.setdefault(row.entity, name)
    return homes


def _index(homes: Mapping[str, str]) -> str:
    lines = [_INDEX, "## Groups\n", "| group | entities |", "|---|---|"]
    for group, members in sorted(shipped_groups().items()):
        few = sorted(members)[:8]
        more = f" and {len(members) - len(few)} more" if len(members) > len(few) else ""
        lines.append(f"| `{group}` | {', '.join(f'`{entity}`' for entity in few)}{more} |")
    lines.append("\n`CUSTOM` is the group of the entities that the configuration's own `detectors` find.")
    for name, (title, _) in TABLES.items():
        entities = sorted(entity for entity, home in homes.items() if home == name)
        links = " · ".join(f"[`{entity}`](entities/{name}.md#{entity.lower()})" for entity in entities)
        if links:
            lines += [f"\n## {title}\n", links]
    return "\n".join(lines)


def _page(name: str, title: str, entities: Iterable[str]) -> Iterator[str]:
    yield f"# {title}\n"
    yield "[All entities](../entities.md)"
    named = shipped_groups()
    for entity in entities:
        yield f"\n## {entity}\n"
        groups = sorted(group for group, members in named.items() if entity in members)
        if groups:
            yield f"Groups: {', '.join(f'`{group}`' for group in groups)}.\n"
        yield "| detector | score | with a keyword | validator | form |"
        yield "|---|---|---|---|---|"
        found_by = [row for row in DETECTORS if row.entity == entity]
        for row in found_by:
            yield _row(row)
        yield from _words(found_by)
        if not name.startswith("secrets-"):
            yield from _examples(found_by)


def _row(row: Detector) -> str:
    alone = f"{row.score:.2f}" if row.score else "—"
    with_keyword = f"{row.keyword_score:.2f}" if row.keywords else "—"
    validator = f"`{row.validate.__name__}`" if row.validate is not None else "—"
    return f"| `{row.name}` | {alone} | {with_keyword} | {validator} | {_code(row.pattern)} |"


def _words(rows: Iterable[Detector]) -> Iterator[str]:
    keywords = sorted({keyword for row in rows for keyword in row.keywords})
    if keywords:
        yield f"\nKeywords: {', '.join(map(_code, keywords))}."


def _examples(rows: Iterable[Detector]) -> Iterator[str]:
    for label, texts in (
        ("Found", [text for row in rows for text in row.examples]),
        ("Passed over", [text for row in rows for text in row.counterexamples]),
    ):
        distinct = list(dict.fromkeys(texts))
        if distinct:
            yield f"\n{label}: {' · '.join(map(_code, distinct))}."


def _code(text: str) -> str:
    """A text as code on one line of a table, whatever is in it."""
    flat = text.replace("\r", "").replace("\n", "⏎").replace("|", "\\|")
    longest, run = 0, 0
    for character in flat:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * (longest + 1)
    padding = " " if flat.startswith("`") or flat.endswith("`") or flat != flat.strip() else ""
    return f"{fence}{padding}{flat}{padding}{fence}"
