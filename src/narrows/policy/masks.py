"""From the `mask` entries of a policy to what a plan holds of them: names resolved, modes joined.

It knows names of entities, not what finds them; masking itself is not its business.
"""

from typing import Final

from narrows.config.entities import Vocabulary
from narrows.config.policies import Mask as Settings
from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.model.plan import Mask, Transform

_TRANSFORMS: Final = {transform.name.lower(): transform for transform in Transform}

VERBS: Final = {
    Transform.PARTIAL: "shows the last four of",
    Transform.HASH: "hashes",
    Transform.TOKEN: "tokenizes",
    Transform.REDACT: "redacts",
    Transform.BLOCK: "blocks",
}


def compile_masks(policy: Policy, key: str, vocabulary: Vocabulary, problems: list[Problem]) -> tuple[Mask, ...]:
    """The masks of a policy, which is written under `key`. What names nothing is added to `problems`."""
    return tuple(
        _mask(policy, mask, f"mask[{index}]", f"{key}.mask[{index}]", vocabulary, problems)
        for index, mask in enumerate(policy.mask)
    )


def _mask(
    policy: Policy, mask: Settings, place: str, key: str, vocabulary: Vocabulary, problems: list[Problem]
) -> Mask:
    entities: set[str] = set()
    for index, name in enumerate(mask.entities or ()):
        resolved = vocabulary.resolve(name)
        if not resolved:
            message = f"no entity matches `{name}`" if "*" in name else f"there is no entity or group `{name}`"
            problems.append(Problem(f"{key}.entities[{index}]", message, vocabulary.hint(name)))
        entities |= resolved
    return Mask(
        name=mask.name or place,
        policy=policy.name,
        entities=frozenset(entities),
        transform=_TRANSFORMS[mask.transform],
        prompt="prompt" in mask.where,
        response="response" in mask.where,
        threshold=mask.threshold,
        allow=frozenset(mask.allow),
        fields=mask.fields or (),
        observe="observe" in (policy.mode, mask.mode),
        media=policy.media == "allow",
    )


def describe(mask: Mask, vocabulary: Vocabulary) -> str:
    """One mask in words: `research: mask[0] redacts US_SSN, SECRETS in prompt and response`."""
    what = [*vocabulary.summary(mask.entities), *(f"field {field}" for field in mask.fields)]
    where = " and ".join(name for name, given in (("prompt", mask.prompt), ("response", mask.response)) if given)
    observed = " (observed)" if mask.observe else ""
    return f"{mask.policy}: {mask.name} {VERBS[mask.transform]} {', '.join(what)} in {where}{observed}"
