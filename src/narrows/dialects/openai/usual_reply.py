"""The whole chat completion that nearly every server sends, read in a straight line.

It takes only replies in which each member is what the API says, and of which `read_completion` would make the same
event; everything else is left to that. One choice of one text, with the members that OpenAI adds to it empty.
"""

from typing import Final

from narrows.dialects.envelope import collect_word
from narrows.dialects.reading import ROLES
from narrows.dialects.texts import FIGURES, LARGEST_FIGURE, collect, holds_figures, openai_usage
from narrows.model.call import Json
from narrows.model.reply import Delta, Event

FINISHED: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
"""Reasons for which a choice ends."""

_PLAIN: Final = frozenset({"id", "object", "created", "model", "choices", "usage"})
_NAMED: Final = ("id", "object", "model")
_ADDED: Final = ("system_fingerprint", "service_tier")
_MEMBERS: Final = _PLAIN.union(_ADDED)


def read_usual(tree: Json, event: Event, *, words: bool) -> bool:
    """Fills in `event`, without the words of the envelope if nobody looks at `words`; False, and nothing is done, where
    the reply is any other."""
    if not _MEMBERS.issuperset(tree):
        return False
    choices, created, usage = tree.get("choices"), tree.get("created"), tree.get("usage")
    if type(choices) is not list or len(choices) != 1 or type(usage) is not dict:
        return False
    choice, name, kind, model = choices[0], tree.get("id"), tree.get("object"), tree.get("model")
    if type(created) is not int or created >= LARGEST_FIGURE or type(choice) is not dict or not _is_plain(choice):
        return False
    if type(name) is not str or type(kind) is not str or type(model) is not str:
        return False
    added = len(tree) > len(_PLAIN)
    if added and not all(type(tree.get(key, "")) is str or tree[key] is None for key in _ADDED):
        return False
    deltas = event.deltas
    event.model = model
    if words:
        for key in (*_NAMED, *_ADDED) if added else _NAMED:
            if tree.get(key):
                collect_word(deltas, 0, tree, key)
    message = choice["message"]
    deltas.append(Delta(0, "content", message["content"], message, "content"))
    event.finish = choice["finish_reason"]
    event.usage = openai_usage(usage)
    if not holds_figures(usage):
        collect(deltas, 0, "other", tree, "usage", FIGURES)
    return True


def _is_plain(choice: Json) -> bool:
    """Whether a choice is the first, and a finished text and nothing else."""
    message, finish, index = choice.get("message"), choice.get("finish_reason"), choice.get("index")
    if type(message) is not dict or type(finish) is not str or type(index) is not int:
        return False
    role, content = message.get("role"), message.get("content")
    if type(content) is not str or not content or type(role) is not str or role not in ROLES:
        return False
    if len(choice) != 3 and (len(choice) != 4 or choice.get("logprobs", "") is not None):
        return False
    if len(message) != 2:
        if message.get("refusal", "") is not None or message.get("annotations", None) not in (None, []):
            return False
        if len(message) != (4 if "annotations" in message else 3):
            return False
    return index == 0 and finish in FINISHED
