"""From the `responses` entries of a policy to the rules of a plan: names resolved, modes joined.

What finds a rule's pattern and words is the masking engine, in rows of their own, which are made elsewhere of what is
`wanted`. Their names are digests of what they look for, so that two rules that look for the same share a row, and
nothing changes when policies change their order. A shipped rule that denies becomes a rule of its own, with rows for
its patterns; one that flags is looked for by a control of its own (see `probing`), which holds nothing back.
"""

from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from narrows.config.entities import Vocabulary
from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.config.rules import ReplyMatch
from narrows.config.schema import Config
from narrows.model.plan import ROW, Action, ReplyRule
from narrows.policy.packs.rule import LINE, PackRule, Side
from narrows.policy.packs.shipped import label
from narrows.policy.rules import chosen, resolve


class Wanted(msgspec.Struct, frozen=True):
    """What the engine is to find under one name: a rule's pattern, or its words. `key` is the first setting of it.
    `line`: the pattern matches only at the beginning of a line."""

    name: str
    key: str
    pattern: str | None = None
    words: tuple[str, ...] = ()
    line: bool = False


def wanted(config: Config) -> tuple[Wanted, ...]:
    """The rows that the rules on replies of a configuration need, each once."""
    rows: dict[str, Wanted] = {}
    for index, policy in enumerate(config.policies):
        for place, action, match in _matches(policy):
            here = f"policies[{index}].{place}.{action.value}"
            for row in _rows(match, here):
                rows.setdefault(row.name, row)
            for _, shipped in _shipped(action, match):
                for row in _pack_rows(shipped, f"{here}.packs"):
                    rows.setdefault(row.name, row)
    return tuple(rows.values())


def compile_reply_rules(
    policy: Policy, key: str, vocabulary: Vocabulary, problems: list[Problem]
) -> tuple[ReplyRule, ...]:
    """The reply rules of a checked policy, which is written under `key`. What can't be used is added to `problems`."""
    rules: list[ReplyRule] = []
    for place, action, match in _matches(policy):
        here, name = f"{key}.{place}.{action.value}", match.name or place
        entities = resolve(match, here, vocabulary, problems)
        rule = ReplyRule(
            name=name,
            policy=policy.name,
            action=action,
            message=match.message or _message(name, policy.name),
            rows=frozenset(row.name for row in _rows(match, here)),
            entities=entities,
            threshold=match.threshold,
            observe="observe" in (policy.mode, match.mode),
            media=policy.media == "allow",
            labels=match.labels or (),
        )
        if match.looks_itself:
            rules.append(rule)
        taken = {each.name for each in rules}
        for named, shipped in _shipped(action, match):
            name = f"{named} ({place})" if named in taken else named
            rules.append(_of_pack(rule, name, shipped, match))
    return tuple(rules)


def describe_reply_rule(rule: ReplyRule, vocabulary: Vocabulary) -> str:
    """One rule in words: `research: secrets denies replies with US_SSN, or its pattern or words`."""
    what = list(vocabulary.summary(rule.entities))
    if rule.rows:
        what.append("its pattern or words")
    if rule.labels:
        what.append(f"the label{'s' if len(rule.labels) > 1 else ''} {', '.join(rule.labels)}")
    verb = "denies" if rule.action is Action.DENY else "flags"
    found = "that match it" if rule.shipped else f"with {', '.join(what)}"
    return f"{rule.policy}: {rule.name} {verb} replies {found}{' (observed)' if rule.observe else ''}"


def _matches(policy: Policy) -> Iterator[tuple[str, Action, ReplyMatch]]:
    """Every rule, and its place below the policy, but those that flag packs alone, which other controls look for."""
    for index, entry in enumerate(policy.responses):
        for action, match in ((Action.DENY, entry.deny), (Action.FLAG, entry.flag)):
            if match is not None and (match.looks_itself or (match.packs and action is Action.DENY)):
                yield f"responses[{index}]", action, match


def _shipped(action: Action, match: ReplyMatch) -> Iterator[tuple[str, PackRule]]:
    """The shipped rules that a rule denies by, each with its name. What there is not is told by `check_probing`."""
    if action is Action.DENY:
        for pack, rule in chosen(match.packs or (), Side.RESPONSE, "", []):
            yield label(pack, rule), rule


def _of_pack(rule: ReplyRule, name: str, shipped: PackRule, match: ReplyMatch) -> ReplyRule:
    """A shipped rule that is used as an entry says."""
    return msgspec.structs.replace(
        rule,
        name=name,
        message=match.message or _message(name, rule.policy),
        rows=frozenset(row.name for row in _pack_rows(shipped, "")),
        entities=frozenset(),
        labels=(),
        shipped=True,
    )


def _message(name: str, policy: str) -> str:
    return f"The reply is denied by rule {name} of policy {policy}."


def _rows(match: ReplyMatch, key: str) -> Iterator[Wanted]:
    if match.pattern is not None:
        yield Wanted(_name("pattern", match.pattern), f"{key}.pattern", pattern=match.pattern)
    if match.words is not None:
        yield Wanted(_name("words", *match.words), f"{key}.words", words=match.words)


def _pack_rows(rule: PackRule, key: str) -> Iterator[Wanted]:
    for pattern in rule.patterns:
        line, plain = pattern.startswith(LINE), pattern.removeprefix(LINE)
        yield Wanted(_name("line" if line else "pattern", plain), key, pattern=plain, line=line)


def _name(kind: str, *looked_for: str) -> str:
    digest = blake2b(digest_size=10)
    for text in (kind, *looked_for):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big") + data)
    return ROW + digest.hexdigest().upper()
