"""The settings of `probing`: what is noticed of who tries to find out what there is, or to wear a model down."""

from typing import Annotated, Literal

from msgspec import Meta

from narrows.config.setting import Seconds, Setting

Act = Annotated[
    Literal["flag", "deny"], Meta(description="flag: let pass, record and count; deny: refuse, or stop the reply.")
]


class EchoSettings(Setting, frozen=True, kw_only=True):
    """Replies that repeat the system prompt."""

    least: Annotated[
        int, Meta(ge=16, le=4096, description="Characters in a row, without regard to case and white space.")
    ] = 60
    action: Act = "flag"


class FloodSettings(Setting, frozen=True, kw_only=True):
    """Prompts of one identity that are nearly the same."""

    similar: Annotated[
        float, Meta(ge=0.3, le=1, description="From which share of common runs of three words on, estimated.")
    ] = 0.7
    calls: Annotated[int, Meta(ge=2, le=100, description="How many such calls are a flood.")] = 20
    within: Annotated[Seconds, Meta(description="In how long a time; of the last 128 calls of the identity.")] = 600.0
    action: Act = "flag"


class EnumerationSettings(Setting, frozen=True, kw_only=True):
    """Names that an identity tries and is refused: models, connections, routes, responses of others."""

    names: Annotated[int, Meta(ge=2, le=200, description="How many different ones are an enumeration.")] = 10
    within: Annotated[Seconds, Meta(description="In how long a time.")] = 600.0
    action: Act = "flag"


class Probing(Setting, frozen=True, kw_only=True):
    """What is noticed of probing; `{}` stands for the defaults."""

    echo: Annotated[EchoSettings | None, Meta(description="Replies that repeat the system prompt.")] = None
    floods: Annotated[FloodSettings | None, Meta(description="Prompts that are nearly the same.")] = None
    enumeration: Annotated[EnumerationSettings | None, Meta(description="Names that are tried.")] = None
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: record only.")] = "enforce"
