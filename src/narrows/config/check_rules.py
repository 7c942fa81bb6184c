"""The cross-checks of rules on prompts and replies: that each says one thing, and looks for something.

Whether an entity exists and a pattern can be used is told where policies are compiled.
"""

from typing import Final

from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.config.rules import Matching, PromptRule, ReplyRule

KINDS: Final = ("pattern", "words", "entities", "labels", "packs")
TAKEN: Final = "unread"
"""How records name what could not be read as rules demand."""


class RuleChecks:
    """One run over rules; `problems` are filled on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def rules(self, key: str, policy: Policy) -> None:
        """The rules of one policy. Names are shared by its rules on prompts, on replies and on calls."""
        names: set[str] = set()
        for section in ("prompts", "responses"):
            for index, entry in enumerate(getattr(policy, section)):
                self._entry(f"{key}.{section}[{index}]", f"{section}[{index}]", entry, names)
        for index, condition in enumerate(policy.approvals):
            place = f"approvals[{index}]"
            self._name(f"{key}.{place}", condition.name or place, names)

    def _entry(self, key: str, place: str, entry: PromptRule | ReplyRule, names: set[str]) -> None:
        kinds = entry.__struct_fields__
        given = [kind for kind in kinds if getattr(entry, kind) is not None]
        if len(given) != 1:
            said = f"says {' and '.join(given)}" if given else "says nothing"
            self._problem(key, said, f"write one of {', '.join(f'`{kind}:`' for kind in kinds)}")
            return
        match: Matching = getattr(entry, given[0])
        here = f"{key}.{given[0]}"
        self._name(here, match.name or place, names)
        if all(getattr(match, kind) is None for kind in KINDS):
            self._problem(here, "looks for nothing", f"name one of {', '.join(f'`{kind}`' for kind in KINDS)}")
        if match.packs is not None and given[0] == "allow":
            self._problem(f"{here}.packs", "packs are of what is not wanted", "use them with another kind")
        for index, word in enumerate(match.words or ()):
            if not word.strip():
                self._problem(f"{here}.words[{index}]", "is empty")

    def _name(self, key: str, name: str, names: set[str]) -> None:
        if name == TAKEN:
            self._problem(f"{key}.name", f"`{TAKEN}` is how records name what rules could not read", "take another")
        if name in names:
            self._problem(f"{key}.name", f"another rule of this policy is already called {name}")
        names.add(name)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))
