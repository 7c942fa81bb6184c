"""Runs a pack's own examples, for the tests of each pack."""

import re2

from narrows.policy.packs.rule import Pack


def wrong(pack: Pack) -> list[str]:
    """Examples that are not what the rule says they are."""
    found = []
    for rule in pack.rules:
        patterns = [re2.compile(pattern.encode()) for pattern in rule.patterns]
        for text, expected in [*((text, True) for text in rule.matches), *((text, False) for text in rule.spares)]:
            if any(pattern.search(text.encode()) for pattern in patterns) is not expected:
                found.append(f"{rule.id}: {'misses' if expected else 'finds'} {text!r}")
        found += [
            f"{rule.id}: nothing shows what {pattern!r} is for"
            for pattern, compiled in zip(rule.patterns, patterns, strict=True)
            if not any(compiled.search(text.encode()) for text in rule.matches)
        ]
    return found
