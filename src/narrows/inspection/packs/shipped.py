"""All shipped packs."""

from typing import Final

from narrows.inspection.packs import (
    enumeration_phrases,
    extraction_phrases,
    invisible_text,
    override_phrases,
    reply_links,
    template_tokens,
)
from narrows.inspection.packs.rule import Pack

PACKS: Final[tuple[Pack, ...]] = (
    override_phrases.PACK,
    extraction_phrases.PACK,
    template_tokens.PACK,
    invisible_text.PACK,
    reply_links.PACK,
    enumeration_phrases.PACK,
)


def named(name: str) -> Pack | None:
    """The pack of that name."""
    return next((pack for pack in PACKS if pack.name == name), None)
