"""What policies may name under `mask`: entities, groups of them, and globs over their names.

Pure. It knows names, not what finds them: the tables of detectors and the organisation's settings fill a vocabulary.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from narrows.config.globs import Glob
from narrows.config.scalars import nearest


class Vocabulary(msgspec.Struct, frozen=True):
    """The names there are. An empty one knows none, so every mask is refused. `content` names what stands in files
    that detectors read; it is part of a policy set's revision."""

    entities: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = {}
    content: str = ""

    def resolve(self, name: str) -> frozenset[str]:
        """The entities that an entity's name, a group's or a glob stands for; none if it is unknown."""
        if "*" in name:
            glob = Glob(name)
            return frozenset(entity for entity in self.entities if glob.matches(entity))
        if name in self.groups:
            return self.groups[name]
        return frozenset((name,)) if name in self.entities else frozenset()

    def hint(self, name: str) -> str:
        """What was probably meant by an unknown name."""
        near = nearest(name, [*self.entities, *self.groups])
        return near or "`narrows detectors list` shows them"

    def summary(self, entities: Collection[str]) -> tuple[str, ...]:
        """The same entities in as few names as the groups allow: the largest group first, what is left by name."""
        left, names = set(entities), []
        for group, members in sorted(self.groups.items(), key=lambda item: (-len(item[1]), item[0])):
            if len(members) > 1 and members <= left:
                names.append(group)
                left -= members
        return (*names, *sorted(left))


NOTHING: Final = Vocabulary()
"""The vocabulary of who has no detectors."""
