"""The settings of a policy: whom it is about, what it permits, and what holds for the calls that it permits."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from narrows.config.approvals import ConditionSetting, Reason
from narrows.config.limits import Limits
from narrows.config.probing import Probing
from narrows.config.rules import PromptRule, ReplyRule
from narrows.config.setting import Globs, Name, Setting
from narrows.config.who import Who

Parameter = Literal[
    "store",
    "server_tools",
    "remote_urls",
    "stored_files",
    "token_ids",
    "echo",
    "n",
    "stored_prompt",
    "models",
    "audio_output",
]


class May(Setting, frozen=True, kw_only=True):
    """What is permitted; all keys must match. Absent `models` or `operations` permit none, `["*"]` permits all."""

    connections: Annotated[Globs, Meta(description="Connections, as globs.")]
    models: Annotated[Globs | None, Meta(description="Models, as globs; needed for operations that name one.")] = None
    operations: Annotated[Globs, Meta(description="Operations, as globs.")]
    parameters: Annotated[
        tuple[Parameter, ...], Meta(description="Parameters that widen a call; each is refused unless listed here.")
    ] = ()
    justification: Reason = "optional"


class Mask(Setting, frozen=True, kw_only=True):
    """What is masked, where and how. It names `entities`, `fields`, or both."""

    name: Annotated[str | None, Meta(description="The mask's name in messages and records.")] = None
    entities: Annotated[
        Globs | None, Meta(description="Entities, groups of them (`PII`, `SECRETS`, `US`) and globs (`US_*`).")
    ] = None
    fields: Annotated[
        Globs | None,
        Meta(description="JSON paths (`$.customer.ssn`) and names of members whose values are masked whole."),
    ] = None
    where: Annotated[
        Annotated[tuple[Literal["prompt", "response"], ...], Meta(min_length=1)],
        Meta(description="Which way: in what is sent, in what comes back, or both."),
    ] = ("prompt", "response")
    transform: Annotated[
        Literal["redact", "partial", "hash", "token", "block"],
        Meta(
            description="redact: `[US_SSN]`; partial: the last four; hash: a keyed hash; token: a stand-in that the "
            "caller never sees; block: refuse the call."
        ),
    ] = msgspec.field(default="redact", name="with")
    threshold: Annotated[float, Meta(ge=0, le=1, description="How sure a finding must be, 0 to 1.")] = 0.5
    allow: Annotated[
        tuple[str, ...], Meta(description="Values that are no findings, in whatever case they are written.")
    ] = ()
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: record only.")] = "enforce"


class Policy(Setting, frozen=True, kw_only=True):
    """A named rule set. A call needs one that matches; the restrictions of every matching one apply."""

    name: Annotated[Name, Meta(description="Its name in messages and records.")]
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: decide and record, let pass.")] = (
        "enforce"
    )
    who: Annotated[Who, Meta(description="Whom it is about.")]
    may: Annotated[May, Meta(description="What it permits.")]
    limits: Annotated[Limits, Meta(description="Limits on one call, and on what many come to.")] = Limits()
    prompts: Annotated[tuple[PromptRule, ...], Meta(description="Rules on prompts.")] = ()
    responses: Annotated[tuple[ReplyRule, ...], Meta(description="Rules on replies.")] = ()
    approvals: Annotated[
        tuple[ConditionSetting, ...], Meta(description="Calls that people must approve, whatever they say.")
    ] = ()
    probing: Annotated[Probing | None, Meta(description="What is noticed of probing; nothing without it.")] = None
    mask: Annotated[tuple[Mask, ...], Meta(description="What is masked in prompts and replies.")] = ()
    media: Annotated[
        Literal["refuse", "allow"], Meta(description="Images, audio and files where prompts are inspected or masked.")
    ] = "refuse"

    @property
    def names_entities(self) -> bool:
        """Whether something here looks for entities, so that detectors are needed."""
        prompts = any(rule.entities for entry in self.prompts for rule in entry.rules)
        responses = any(rule.entities for entry in self.responses for rule in entry.rules)
        return bool(self.mask) or prompts or responses
