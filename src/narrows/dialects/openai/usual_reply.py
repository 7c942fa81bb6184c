"""The whole chat completion that nearly every server sends, read in a straight line.

It takes only replies in which each member is what the API says, and of which `read_completion` would make the same
event; everything else is left to that. One choice of one text, with the members that OpenAI adds to it empty.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from narrows.dialects.envelope import collect_word
from narrows.dialects.texts import FIGURES, LARGEST_FIGURE, collect, holds_figures, openai_usage
from narrows.model.call import Json
from narrows.model.reply import Delta, Event
from narrows.model.usage import Usage

FINISHED: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
"""Reasons for which a choice ends."""

_NAMED: Final = ("id", "object", "model")
_ADDED: Final = ("system_fingerprint", "service_tier")
_USUAL: Final = 6
"""Members of a reply without those that OpenAI adds."""

_COUNTS: Final = 3


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["assistant", "developer", "function", "system", "tool", "user"]
    content: Annotated[str, Meta(min_length=1)]
    refusal: None = None
    annotations: Annotated[list[Any], Meta(max_length=0)] | None = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    message: _Message
    finish_reason: Literal["content_filter", "function_call", "length", "stop", "tool_calls"]
    index: Literal[0]
    logprobs: None = None


class _Reply(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What is taken here: the first choice, a finished text and nothing else. msgspec compares a tree with it in a
    fraction of the time that it takes here."""

    id: str
    object: str
    created: Annotated[int, Meta(lt=LARGEST_FIGURE)]
    model: str
    choices: tuple[_Choice]
    usage: Any
    system_fingerprint: str | None = None
    service_tier: str | None = None


_convert: Final = msgspec.convert


def read_usual(tree: Json, event: Event, *, words: bool) -> bool:
    """Fills in `event`, without the words of the envelope if nobody looks at `words`; False, and nothing is done, where
    the reply is any other."""
    try:
        reply = _convert(tree, _Reply)
    except msgspec.ValidationError:
        return False
    usage = reply.usage
    if type(usage) is not dict:
        return False
    deltas = event.deltas
    event.model = reply.model
    if words:
        for key in (*_NAMED, *_ADDED) if len(tree) > _USUAL else _NAMED:
            if tree.get(key):
                collect_word(deltas, 0, tree, key)
    choice = tree["choices"][0]
    message = choice["message"]
    deltas.append(Delta(0, "content", message["content"], message, "content"))
    event.finish = choice["finish_reason"]
    if len(usage) == _COUNTS:
        # Most replies have these figures alone, which are no texts.
        event.usage = counted = _counted(usage)
        if counted is not None:
            return True
    event.usage = openai_usage(usage)
    if not holds_figures(usage):
        collect(deltas, 0, "other", tree, "usage", FIGURES)
    return True


def _counted(usage: Json) -> Usage | None:
    """The usage of a reply that is a prompt, a completion and their sum; None for any other."""
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(prompt) is int and type(completion) is int and prompt >= 0 and completion >= 0:
        total = usage.get("total_tokens")
        if type(total) is int and prompt + completion == total < LARGEST_FIGURE:
            return Usage(prompt, completion)
    return None
