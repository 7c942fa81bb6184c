"""The names that policies may use for what masking finds: entities and groups, shipped ones and an organisation's.

Importing it imports every file of the table, which takes a fifth of a second: only what masks does.
"""

from typing import Final

from narrows.config.entities import Vocabulary
from narrows.config.schema import Detectors
from narrows.masking.detectors import groups
from narrows.masking.table import DETECTORS, SECRETS
from narrows.wiring.wordlists import content

CUSTOM: Final = "CUSTOM"
"""The group of an organisation's own entities. Those of analyzers are none of them: who asks for them waits for them,
so they are named."""


def shipped_groups() -> dict[str, frozenset[str]]:
    """The entities of each shipped group."""
    return groups.groups(SECRETS)


def vocabulary(settings: Detectors) -> Vocabulary:
    """The names that masks may use: shipped ones, and those of an organisation's detectors. Reads the files of word
    lists, to name what stands in them."""
    own = frozenset((*(row.entity for row in settings.patterns), *(row.entity for row in settings.words)))
    analyzed = frozenset(entity for row in settings.analyzers for entity in row.entities)
    entities = frozenset(detector.entity for detector in DETECTORS) | own | analyzed
    named = {**shipped_groups(), CUSTOM: own}
    groups = {name: members & entities for name, members in named.items() if members & entities}
    return Vocabulary(entities, groups, content(settings))
