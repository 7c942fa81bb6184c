"""All shipped packs."""

from collections.abc import Iterator
from typing import Final

from narrows.config.globs import Glob
from narrows.policy.packs import (
    enumeration_phrases,
    extraction_phrases,
    invisible_text,
    override_phrases,
    reply_links,
    template_tokens,
)
from narrows.policy.packs.rule import Pack, PackRule, Side

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


def selected(names: str, side: Side) -> Iterator[tuple[Pack, PackRule]]:
    """The rules of that side that a policy means by a pack's name, by `pack/rule`, or by a glob of either."""
    glob = Glob(names)
    for pack in PACKS:
        whole = glob.matches(pack.name)
        for rule in pack.rules:
            if rule.side is side and (whole or glob.matches(f"{pack.name}/{rule.id}")):
                yield pack, rule


def label(pack: Pack, rule: PackRule) -> str:
    """How findings name a rule: with the version, so that a record says what was looked for."""
    return f"{pack.name}/{rule.id}@{rule.version}"
