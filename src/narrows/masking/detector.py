"""One row of the detector table: what is looked for, and what makes a candidate a finding.

A detector's decision is a pure function of a bounded window: the candidate, `left` characters before it and `right`
characters after it. That is what makes masking a stream exact: nothing outside the window can change the decision.
All of it is matched on the folded text (see `folding`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CONTEXT: Final = 48
"""Characters before a candidate in which its keywords are looked for, unless a row says otherwise."""

MOST_CONTEXT: Final = 128
"""Characters a row may look at on one side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One way to recognise an entity; several rows may share an entity.

    A candidate is accepted if `lead` matches directly before it, none of `not_before` stands before and none of
    `not_after` behind it, `validate` accepts it, its entropy is high enough, and it holds none of the `stop_words`.
    Its score is then `keyword_score` if one of `keywords` stands in the window, else `score`; a score of 0 is no
    finding.
    """

    name: str
    """Unique, lower case, dotted: `credit_card`, `github_token.classic`."""

    entity: str
    """What is found, in Presidio's names where it has one: `CREDIT_CARD`, `AWS_ACCESS_KEY`."""

    pattern: str
    """The part that is masked, in the common subset of `re` and RE2: literals, classes, groups, alternation, bounded
    repeats, `(?i:…)`. No look-around, anchors, captures or `\\b`; repeats have an upper bound. ASCII only; a negated
    class also matches what is not ASCII."""

    body: str = ""
    """The inside of a character class. If set, the finding goes on behind `pattern` over every such character, however
    many: for what has no upper bound, such as a private key or a long token. `validate`, `min_entropy` and `stop_words`
    then look only at what `pattern` matched, and `not_after` and `right` stay empty."""

    until: str = ""
    """Ends a `body` early: the finding goes no further than behind the first match of it in the body (which stays part
    of the finding). Bounded, in the same syntax, made of characters of the body: `-----END [A-Z ]{0,24}KEY-----`."""

    lead: str = ""
    """What must stand directly before it and stays visible, in the same syntax: `password\\s{0,3}[:=]\\s{0,3}`."""

    not_before: str = ""
    """The inside of a character class, none of which may stand directly before the candidate: `0-9`."""

    not_after: str = ""
    """The inside of a character class, none of which may stand directly behind the candidate."""

    ignore_case: bool = False
    """Whether `lead` and `pattern` match letters of either case."""

    validate: Callable[[str], bool] | None = None
    """Says whether a candidate is one: a checksum, a plausible range. Pure, and linear in the candidate's length."""

    keywords: tuple[str, ...] = ()
    """Words, lower case; one of them as a whole word in the window makes `keyword_score` the score."""

    left: int = CONTEXT
    """Characters before the candidate in which keywords are looked for, at most MOST_CONTEXT."""

    right: int = 0
    """The same behind it. A stream holds back so much, so it is 0 unless a format needs it."""

    min_entropy: float = 0.0
    """Least Shannon entropy of the candidate, in bits a character."""

    stop_words: tuple[str, ...] = ()
    """Lower-case strings that make a candidate a placeholder wherever they occur in it: `example`, `xxxx`."""

    score: float = 1.0
    """How sure a finding without a keyword is, 0 to 1; 0: only with a keyword."""

    keyword_score: float = 1.0
    """How sure a finding with a keyword is, 0 to 1."""

    examples: tuple[str, ...] = ()
    """Texts in which this detector finds at least one span. The tests run them."""

    counterexamples: tuple[str, ...] = ()
    """Texts in which it finds none."""
