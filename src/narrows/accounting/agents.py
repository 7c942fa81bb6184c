"""Who an agent is: the programs of one identity are told apart by what stays the same while each of them runs.

A declared agent (`Narrows-Agent`) is its name with its credential. One that declares nothing is its credential with the
address and the user agent it comes with, so fifty containers behind one token are fifty agents.

What stands for the credential outlives renewals. Of a service account it is the id of its key. Of a user it is the
client that the tokens were issued to, where the issuer's `attributes` keep a claim that says so (`azp`, RFC 9068's
`client_id`, or `appid`); elsewhere there is nothing to tell two tokens of one user apart but their renewal, so it is
the user. An agent is always counted within its identity, so the user need not be part of it.

An agent is written as one text, of which the last part alone may hold anything. Pure.
"""

from typing import Final

from narrows.model.call import Source
from narrows.model.principal import Credential, Principal

LONGEST: Final = 80
"""Characters of one agent that a message shows."""

SHOWN: Final = 10
"""Agents that a message names."""

_CLIENT_CLAIMS: Final = ("azp", "client_id", "appid")
_BETWEEN: Final = "\x1f"
"""Ends a part: neither an address nor a verified id holds it."""

_DECLARED: Final = "d"
_SEEN: Final = "s"


def agent(principal: Principal, credential: Credential, source: Source) -> str:
    """Who asks, as an agent of its identity."""
    held = _credential(principal, credential)
    if source.declared_agent is not None:
        return f"{_DECLARED}{_BETWEEN}{held}{_BETWEEN}{source.declared_agent}"
    return f"{_SEEN}{_BETWEEN}{held}{_BETWEEN}{source.address}{_BETWEEN}{source.agent}"


def _credential(principal: Principal, credential: Credential) -> str:
    if credential.kind == "service_account":
        return credential.id
    for claim in _CLIENT_CLAIMS:
        values = principal.attributes.get(claim)
        if values:
            return " ".join(values).replace(_BETWEEN, " ")
    return ""


def label(written: str) -> str:
    """An agent as messages name it: its name, or its user agent and where it comes from."""
    kind, _, rest = written.partition(_BETWEEN)
    _, _, rest = rest.partition(_BETWEEN)
    if kind == _DECLARED:
        return _shown(rest)
    address, _, named = rest.partition(_BETWEEN)
    return f"{_shown(named) or 'an agent without a name'} from {address}"


def labels(written: tuple[str, ...]) -> str:
    """Several of them, in a list for a message; those that look alike are counted."""
    counts: dict[str, int] = {}
    for one in written:
        name = label(one)
        counts[name] = counts.get(name, 0) + 1
    names = [name if count == 1 else f"{name} ({count} times)" for name, count in counts.items()]
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _shown(text: str) -> str:
    """A caller's own words, on one line and of bounded length."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text[: LONGEST + 1])
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + "…"
