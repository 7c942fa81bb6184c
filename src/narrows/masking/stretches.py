"""One field of a reply from where it begins to where it ends, and what must be known of it when it goes on after that.

What a caller puts together of a field is one text, whatever stands between two stretches of it: a tool call between two
texts, the next part of an item, the piece of a name in the next event. A caller may show each stretch by itself, too.
So a stretch that goes on is masked twice: as the text it is, and what that leaves behind the end of what was said
before, as if it had gone on at once. Where that would change what has gone out already, the stretch `breaks`: the
beginning of something is with the caller, and the rest must not follow.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from narrows.masking.arguments import ArgumentFinding, ArgumentsStream
from narrows.masking.fields import FieldStream
from narrows.masking.findings import Finding, blocks
from narrows.masking.masker import Masker
from narrows.masking.spotted import alone
from narrows.masking.streaming import MaskStream

CONTEXT: Final = 512
"""Characters that are kept of what had gone out before the end: as many as any detector looks back at. What was held at
the end is kept whole, since only something that was still undecided can go on."""

Stream = MaskStream | FieldStream | ArgumentsStream


class Ended(NamedTuple):
    """A stretch that has ended, as the next one must know it."""

    said: str
    """What went out last."""

    in_object: bool = False
    """It was JSON, and an object was open: nobody can say any more within which member it goes on."""

    complete: bool = False
    """It was JSON to which nothing was missing: what goes on is another text."""


class Stretch:
    """From one beginning to the next end. `feed` and `finish` return text that may go out."""

    __slots__ = ("_blocked", "_counted", "_joined", "_left", "_out", "_raw", "_said", "_stream", "breaks")

    def __init__(self, stream: Stream | None, joined: MaskStream | None = None, said: str = "") -> None:
        """`stream` masks the stretch by itself, None if that is done; `joined` what that leaves, behind what was `said`
        before."""
        self._stream, self._joined = stream, joined
        self._said = self._left = said
        self._counted = [0, 0]
        self._blocked = False
        self._raw: list[str] = []
        self._out: list[str] = []
        self.breaks = False
        if joined is not None:
            self._behind(joined.feed(said))

    def feed(self, text: str) -> str:
        out = text if self._stream is None else self._stream.feed(text)
        if self._joined is not None:
            self._raw.append(text)
            out = self._behind(self._joined.feed(out)) if out else ""
            self._out.append(out)
        if out:
            said = self._said
            self._said = (said if len(said) <= 2 * CONTEXT else said[-CONTEXT:]) + out
        return out

    def finish(self) -> str:
        """The rest of the text."""
        out = "" if self._stream is None else self._stream.finish()
        joined = self._joined
        if joined is not None:
            out = self._behind(joined.finish(out))
            self.breaks = self.breaks or bool(self._left)
            self._out.append(out)
        self._said = self._said[-CONTEXT:] + out
        return out

    def found(self) -> list[Finding]:
        """What was found since this was asked last."""
        stream, joined = self._stream, self._joined
        if (stream is None or not stream.findings) and (joined is None or not joined.findings):
            return []
        new: list[Finding] = []
        for index, stream in enumerate((self._stream, self._joined)):
            findings = () if stream is None else stream.findings
            known, self._counted[index] = self._counted[index], len(findings)
            if known and not self._blocked and (last := plain(findings[known - 1 : known])) and blocks(last):
                # It was put out before it was known that what goes on in it is blocked.
                new += last
            new += plain(findings[known:])
            self._blocked = self._blocked or blocks(new)
        return new

    @property
    def ended(self) -> Ended:
        """After the end."""
        stream = self._stream
        if isinstance(stream, ArgumentsStream):
            return Ended(self._said, stream.in_object, stream.complete)
        return Ended(self._said)

    @property
    def changed(self) -> tuple[str, str] | None:
        """Of a stretch that went on and in which what was before made something more be found: the text as it came,
        and as it went out."""
        if self._joined is None or not self._joined.findings:
            return None
        return "".join(self._raw), "".join(self._out)

    def _behind(self, out: str) -> str:
        """What stands in `out` behind that which was said before."""
        size = min(len(self._left), len(out))
        if self.breaks or out[:size] != self._left[:size]:
            self.breaks = True
            return ""
        self._left = self._left[size:]
        return out[size:]


def gone_on(masker: Masker, said: str, stream: Stream | None) -> Stretch:
    """A stretch that goes on behind `said`, the last that went out. The beginning of that is cut off where alone it
    would not be masked as it was."""
    engine = alone(masker)  # What is put together here, plug-ins have seen in parts.
    while said and (found := engine.mask(said).findings):
        said = said[found[-1].end :]
    return Stretch(stream, engine.stream(), said)


def joined(masker: Masker, texts: Sequence[str]) -> tuple[list[str], Sequence[Finding]]:
    """Texts that are masked each by itself, as what they are of the text that they are together, and what more was
    found in that. If something goes over from one to the next, all of it stands in the place of the first."""
    engine = alone(masker)
    masked = engine.mask("".join(texts))
    if not masked.findings:
        return list(texts), ()
    outs: list[str] = []
    said = ""
    for text in texts:
        stretch = gone_on(engine, said, None)
        outs.append(stretch.feed(text) + stretch.finish())
        if stretch.breaks:
            return [masked.text, *("" for _ in texts[1:])], masked.findings
        said = stretch.ended.said
    return outs, masked.findings


def plain(findings: Iterable[Finding | ArgumentFinding]) -> list[Finding]:
    """Findings without the places in a document at which they were."""
    return [found.finding if isinstance(found, ArgumentFinding) else found for found in findings]
