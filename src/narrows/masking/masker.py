"""The way into masking: a plan applied to an engine, for whole texts and for streams."""

from dataclasses import dataclass

from narrows.masking.engine import Engine
from narrows.masking.findings import Finding, blocks
from narrows.masking.plan import EVERYTHING, Chosen, Plan
from narrows.masking.streaming import MaskStream
from narrows.masking.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with stand-ins, and what they stand for."""

    text: str
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """Whether something was found that the plan blocks: the caller refuses the call."""
        return blocks(self.findings)


class Masker:
    """Immutable; any thread may use it. A stream belongs to one field of one call."""

    __slots__ = ("_chosen", "_engine")

    def __init__(self, engine: Engine, plan: Plan = EVERYTHING) -> None:
        """Raises ValueError for an entity that the engine does not know."""
        self._engine = engine
        self._chosen = Chosen(engine, plan)

    @property
    def tokenizes(self) -> bool:
        """Whether some of its stand-ins are a call's own."""
        return self._chosen.tokenizes

    def keyed(self, tokens: Tokens) -> "Masker":
        """The same for one call, which makes tokens of its own. Else what would be a token is redacted."""
        keyed = Masker.__new__(Masker)
        keyed._engine, keyed._chosen = self._engine, self._chosen.keyed(tokens)
        return keyed

    def mask(self, text: str, before: str = "") -> Masked:
        """A whole text. `before` is what stands before it: context of decisions, never masked and never put out."""
        chosen = self._chosen
        if chosen.empty:
            return Masked(text, ())
        if before:
            if self._engine.is_clean(before + text, chosen.selection):
                return Masked(text, ())
            stream = MaskStream(self._engine, chosen, before)
            return Masked(stream.finish(text), tuple(stream.findings))
        found = self._engine.look(text, chosen.selection)
        if found is None:
            return Masked(text, ())
        stream = MaskStream(self._engine, chosen)
        return Masked(stream.whole(found), tuple(stream.findings))

    def stream(self, before: str = "") -> MaskStream:
        """One field, whose text comes in pieces; the same `before` gives the same as `mask`."""
        return MaskStream(self._engine, self._chosen, before)
