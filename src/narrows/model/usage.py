"""What a reply says it cost."""

import msgspec


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts as the upstream reported them; None where it did not."""

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None
    reasoning: int | None = None

    def merge(self, later: "Usage") -> "Usage":
        """This usage with every figure that `later` names replaced (streams report it in parts)."""
        return Usage(
            later.prompt if later.prompt is not None else self.prompt,
            later.completion if later.completion is not None else self.completion,
            later.cached if later.cached is not None else self.cached,
            later.reasoning if later.reasoning is not None else self.reasoning,
        )
