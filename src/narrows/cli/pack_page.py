"""The reference page of the shipped rule packs, generated from the packs. Pure."""

from collections.abc import Iterator
from typing import Final

from narrows.policy.packs.rule import Pack, Side
from narrows.policy.packs.shipped import PACKS, label

_HEAD: Final = """\
# Rule packs

Rules that come with Narrows. Policies name a pack, `pack/rule`, or a glob of either under `packs`; how that is done:
[Notice probing](../how-to/probing.md). `narrows packs show PACK` says the same with less.

They look for phrases and characters. A phrase is evidence, not proof: somebody who writes about such texts uses the
same words, and most attacks can be said in others. So each rule says what it misses, and what harmless text it matches.
"""


def render() -> str:
    """The page, in Markdown."""
    rows = [f"| [`{pack.name}`](#{pack.name}) | {pack.version} | {pack.summary} |" for pack in PACKS]
    index = "\n".join(["| pack | version | what it looks for |", "|---|---|---|", *rows])
    return "\n".join([_HEAD, index, "", *(line for pack in PACKS for line in _section(pack))])


def _section(pack: Pack) -> Iterator[str]:
    yield f"## {pack.name}\n"
    yield f"{pack.summary}.\n"
    for rule in pack.rules:
        where = "replies" if rule.side is Side.RESPONSE else f"prompts: {', '.join(sorted(rule.roles))}"
        yield f"### `{label(pack, rule)}`\n"
        yield f"In {where}.\n"
        yield f"- For: {rule.purpose}"
        yield f"- Misses: {rule.misses}"
        yield f"- Matches, too: {rule.also_matches}\n"
