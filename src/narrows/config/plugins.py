"""The settings of plug-ins: analyzers, classifiers and controls that are installed, called over HTTP, or asked through
a connection of the gate itself."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from narrows.config.setting import Globs, Name, Seconds, Setting
from narrows.model.secret import Secret

OnFailure = Annotated[
    Literal["deny", "pass"],
    Meta(description="deny: a call it fails on is refused. pass: it goes on without it, and that is noted."),
]
Options = Annotated[dict[str, str], Meta(description="The plug-in's own options, such as a `model`.")]
Environment = Annotated[
    tuple[str, ...],
    Meta(description="Environment variables of the gate that its processes get, beside `PATH`, `HOME` and their like."),
]
Timeout = Annotated[Seconds, Meta(description="The texts of a request, or of an event, may take so long.")]
Processes = Annotated[int, Meta(ge=1, le=64, description="Processes of it, each with its own model.")]


class Webhook(Setting, frozen=True, kw_only=True):
    """A service of yours, asked by a `POST` that is signed as Standard Webhooks says."""

    url: Annotated[str, Meta(description="Where it is asked: https, or http on this machine.")]
    secret: Annotated[Secret, Meta(description="What it is signed with: `whsec_` and 24 to 64 bytes in base64.")]
    concurrency: Annotated[int, Meta(ge=1, le=256, description="Requests to it at a time; others wait.")] = 16
    ca_bundle: Annotated[str | None, Meta(description="PEM file of the CAs that sign its certificate.")] = None


class AnalyzerSettings(Setting, frozen=True, kw_only=True):
    """A plug-in that finds what no pattern can, such as names; give `plugin` or `webhook`. It runs in processes of its
    own, and is only started where a mask names one of its entities."""

    name: Annotated[Name, Meta(description="Its name in records and in `narrows detectors`.")]
    plugin: Annotated[Name | None, Meta(description="Which plug-in: `presidio`, or another that is installed.")] = None
    webhook: Annotated[Webhook | None, Meta(description="A service of yours, in the place of a plug-in.")] = None
    entities: Annotated[
        Annotated[tuple[str, ...], Meta(min_length=1)], Meta(description="What it is asked for, such as `PERSON`.")
    ]
    language: Annotated[str | None, Meta(description="The language of texts, such as `en`; else the plug-in's.")] = None
    options: Options = msgspec.field(default_factory=dict)
    environment: Environment = ()
    timeout: Timeout = 2.0
    processes: Processes = 1
    on_failure: OnFailure = "deny"


class Through(Setting, frozen=True, kw_only=True):
    """A model that is asked through a connection of the gate, so that these calls are governed and recorded as well."""

    connection: Annotated[Name, Meta(description="The connection, of dialect `openai`.")]
    model: Annotated[str, Meta(min_length=1, description="The model that is asked.")]
    account: Annotated[
        Name, Meta(description="The service account in whose name it is asked; a policy must permit it the calls.")
    ] = msgspec.field(name="as")
    concurrency: Annotated[int, Meta(ge=1, le=64, description="Calls at a time; others wait.")] = 4


class Moderation(Through, frozen=True, kw_only=True):
    """An OpenAI-compatible moderation endpoint; its categories are the labels."""


class Judge(Through, frozen=True, kw_only=True):
    """A chat model that is told to say which labels a text deserves."""

    prompt: Annotated[
        str | None,
        Meta(description="What it is told; `{labels}` stands for the labels. The text comes in a message of its own."),
    ] = None
    max_tokens: Annotated[int, Meta(ge=16, le=4096, description="The longest answer.")] = 200


class ClassifierSettings(Setting, frozen=True, kw_only=True):
    """Says what a text is about, or what it is like, by labels that prompt rules name; give one of `plugin`, `webhook`,
    `moderation` and `judge`. It is only started where a rule names one of its labels."""

    name: Annotated[Name, Meta(description="Its name in messages and records.")]
    plugin: Annotated[Name | None, Meta(description="Which installed plug-in, in processes of its own.")] = None
    webhook: Annotated[Webhook | None, Meta(description="A service of yours.")] = None
    moderation: Annotated[Moderation | None, Meta(description="A moderation endpoint behind a connection.")] = None
    judge: Annotated[Judge | None, Meta(description="A chat model behind a connection.")] = None
    labels: Annotated[Globs, Meta(description="What it is asked for, such as `topic:finance`; no globs.")]
    threshold: Annotated[float, Meta(ge=0, le=1, description="How sure it must be of a label, 0 to 1.")] = 0.5
    options: Options = msgspec.field(default_factory=dict)
    environment: Environment = ()
    timeout: Timeout = 2.0
    processes: Processes = 1
    on_failure: OnFailure = "deny"


class ControlSettings(Setting, frozen=True, kw_only=True):
    """A control of yours, for every call: after the rules on prompts and before masking, and in replies before masking.
    Give `plugin` or `webhook`."""

    name: Annotated[Name, Meta(description="Its name in messages and records.")]
    plugin: Annotated[Name | None, Meta(description="Which installed plug-in; it runs in the gate's process.")] = None
    webhook: Annotated[Webhook | None, Meta(description="A service of yours, asked about requests.")] = None
    options: Options = msgspec.field(default_factory=dict)
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: record only.")] = "enforce"
    timeout: Annotated[Seconds, Meta(description="It may take so long where it waits.")] = 2.0
