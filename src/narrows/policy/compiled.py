"""Policies in the form decisions are made from: names qualified, globs and patterns compiled. Immutable."""

import msgspec

from narrows.model.plan import Limit, Rule
from narrows.policy.globs import GlobSet


class Compiled(msgspec.Struct, frozen=True, eq=False):
    """One policy. `clause` numbers its `who`; two policies about the same people share one.

    `connections` are names, already resolved. `models` None means the policy names no models. `generates`: it permits
    an operation that runs a model, not only listing or counting.
    """

    name: str
    observe: bool
    clause: int
    connections: frozenset[str]
    operations: GlobSet
    models: GlobSet | None
    generates: bool
    parameters: frozenset[str]
    prompt_tokens: Limit | None
    output_tokens: Limit | None
    rules: tuple[Rule, ...]
    media: bool
