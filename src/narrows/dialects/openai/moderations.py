"""`POST /v1/moderations`: texts that are to be judged, and what an endpoint says of them.

A reply's categories and scores are the API's own words and figures, not texts that a model wrote.
"""

from typing import Any, Final

from narrows.dialects import governed
from narrows.dialects.openai.chat import WORDS
from narrows.dialects.openai.listed_reply import read_listed
from narrows.dialects.pieces import assemble
from narrows.dialects.reading import Invalid, Reading
from narrows.model.call import Asked, Json
from narrows.model.reply import Event
from narrows.model.text import Role
from narrows.ports.dialect import Forward

OPERATION: Final = "moderations"
SPLIT: Final = ("input",)

_READ: Final = frozenset({"model", "input"})
_TYPES: Final = ("text", "image")
_LONGEST: Final = 64
"""Characters of a category's name."""


def read(body: Json) -> Asked:
    """What is to be judged: a text, a list of them, or of parts. Raises Refused."""
    reading = Reading()
    model = governed.model(body)
    given = body.get("input")
    if type(given) is str:
        reading.content(Role.USER, "$.input", given)
    elif type(given) is list and given:
        if all(type(inner) is str for inner in given):
            for index, inner in enumerate(given):
                reading.content(Role.USER, f"$.input[{index}]", inner)
        else:
            reading.content(Role.USER, "$.input", given)
    else:
        raise Invalid("$.input", "must be a string or a list")
    reading.unread(body, _READ, WORDS)
    return reading.asked(OPERATION, model, body)


def forward(asked: Asked, model: str | None) -> Forward:
    """The body to send."""
    body = dict(asked.body)
    if model is not None:
        body["model"] = model
    return assemble(body, SPLIT)


def read_reply(tree: Json, event: Event) -> None:
    """Fills in `event`."""
    read_listed(tree, event, "results", _is_figures)


def _is_figures(key: str, value: Any) -> bool:
    """Whether it is what the API says of categories, and nothing that could be a text."""
    if key == "flagged":
        return type(value) is bool
    if type(value) is not dict or not all(_is_category(name) for name in value):
        return False
    given = value.values()
    if key == "categories":
        return all(type(each) in (bool, type(None)) for each in given)
    if key == "category_scores":
        return all(_is_score(each) for each in given)
    if key == "category_applied_input_types":
        return all(type(each) is list and all(inner in _TYPES for inner in each) for each in given)
    return False


def _is_category(name: str) -> bool:
    return len(name) <= _LONGEST and name.replace("/", "").replace("-", "").replace("_", "").isalpha()


def _is_score(value: Any) -> bool:
    """Figures keep their literal, so a number may be one of several types."""
    try:
        return type(value) is not str and 0 <= float(value) <= 1
    except (TypeError, ValueError):
        return value is None
