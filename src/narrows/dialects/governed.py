"""The fields that decide what a call may do, checked for type and range before anything trusts them."""

from typing import Any, Final

from narrows.dialects.reading import Invalid
from narrows.model.call import Json

MAX_MODEL: Final = 256
LARGEST: Final = (1 << 53) - 1
"""The largest integer that every JSON reader takes for the same number (RFC 7493)."""

CAP_ALIASES: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict")
"""Every name an OpenAI-compatible server takes for the output cap. Any of them is governed wherever it stands, or a
caller could state its cap twice and have the server take the larger."""

LONGEST_USER: Final = 512
"""Characters of the name of an end user. A longer one names nobody."""

LONGEST_TIER: Final = 64

_CAPS: Final = frozenset(CAP_ALIASES)
_USUAL_TIERS: Final = frozenset({"auto", "default", "standard", "standard_only"})


def model(body: Json) -> str:
    """The model asked for. Raises Invalid."""
    name = body.get("model")
    if type(name) is str and 0 < len(name) <= MAX_MODEL and name.isprintable():
        return name
    return check_model(name, "$.model")


def check_model(name: Any, param: str) -> str:
    """The name, if it can be one. Raises Invalid."""
    if type(name) is not str or not name:
        raise Invalid(param, "must be a non-empty string")
    if len(name) > MAX_MODEL or not name.isprintable():
        raise Invalid(param, f"must be at most {MAX_MODEL} printable characters")
    return name


def flag(body: Json, name: str) -> bool:
    """A boolean, false when absent or null. Raises Invalid."""
    value = body.get(name)
    if value is None or value is False:
        return False
    if value is True:
        return True
    raise Invalid(f"$.{name}", "must be true or false")


def count(body: Json, name: str, least: int = 1) -> int | None:
    """An integer of at least `least`, None when absent or null. Raises Invalid."""
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= LARGEST:
        raise Invalid(f"$.{name}", f"must be an integer from {least} to {LARGEST}")
    return value


def output_cap(body: Json, least: int = 1) -> int | None:
    """The smallest of the caps that the body states under any name. Raises Invalid."""
    stated = _CAPS.intersection(body)
    if len(stated) == 1:
        (name,) = stated
        value = body[name]
        return value if type(value) is int and least <= value <= LARGEST else count(body, name, least)
    smallest: int | None = None
    for name in sorted(stated):
        cap = count(body, name, least)
        if cap is not None and (smallest is None or cap < smallest):
            smallest = cap
    return smallest


def end_user(section: Json, *names: str) -> str | None:
    """The person whom the caller names as the one it asks for, by the first of these members that names one."""
    for name in names:
        value = section.get(name)
        if type(value) is str and 0 < len(value) <= LONGEST_USER:
            return value
    return None


def tier(body: Json, *names: str) -> str | None:
    """The service tier or speed that the body asks for, by the first of these members that asks for another than the
    usual one. What can be none is called `other`: nobody can say what it costs, should an upstream take it."""
    for name in names:
        value = body.get(name)
        if value is not None and (type(value) is not str or value not in _USUAL_TIERS):
            return value if type(value) is str and 0 < len(value) <= LONGEST_TIER else "other"
    return None


def members(body: Json, name: str) -> list[Any]:
    """A list, which must be there. Raises Invalid."""
    value = body.get(name)
    if type(value) is not list:
        raise Invalid(f"$.{name}", "must be a list")
    return value


def optional_members(body: Json, name: str) -> list[Any]:
    """A list, empty when absent or null. Raises Invalid."""
    return [] if body.get(name) is None else members(body, name)


def section(body: Json, name: str) -> Json:
    """An object, empty when absent or null. Raises Invalid."""
    value = body.get(name)
    if value is None:
        return {}
    if type(value) is not dict:
        raise Invalid(f"$.{name}", "must be an object")
    return value
