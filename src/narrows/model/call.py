"""A call: the immutable facts that controls judge. Controls return a replaced copy."""

from typing import Any

import msgspec

from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal, Scope
from narrows.model.span import Spans
from narrows.model.text import NO_LABELS, Finding, Labels, Masked, Opaque, Text
from narrows.model.verdict import Note

Json = dict[str, Any]
"""A checked JSON object. Values of large members may be `msgspec.Raw`: already checked, already serialised."""


class Asked(msgspec.Struct, frozen=True):
    """What a request body asks, as its dialect read it.

    `model` is None where the operation has none. `parameters` names the widening parameters the request uses
    (`store`, `server_tools`, `remote_urls`, `token_ids`, `echo`, `n`, …). `references` are ids of stored responses
    or conversations. `output_cap` is the caller's own cap, in tokens. `choices` is how many replies one request asks
    for. `wants_usage`: the caller asked for the stream's usage event itself. `end_user` is the person whom the caller
    says it asks for. `tier` is the provider's service tier or speed that the caller asks for, if it is not the usual
    one: such have prices of their own.
    """

    operation: str
    model: str | None
    body: Json
    texts: tuple[Text, ...] = ()
    opaque: tuple[Opaque, ...] = ()
    stream: bool = False
    parameters: frozenset[str] = frozenset()
    references: tuple[str, ...] = ()
    output_cap: int | None = None
    choices: int = 1
    wants_usage: bool = False
    end_user: str | None = None
    tier: str | None = None


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where a call comes from: the client's address, its user agent, and what it declared of itself."""

    address: str
    agent: str = ""
    declared_agent: str | None = None
    declared_session: str | None = None
    justification: str | None = None


class Call(msgspec.Struct, frozen=True):
    """One inference. It pins the snapshot's revision through its plan and carries the scan's findings.

    `at` is Unix time in microseconds. `output_cap` is what the controls decided, in tokens per choice; None where
    nothing caps. `approved_cap` is the least that people who approved the call set for each choice; None where none of
    them did. `model` is the name the upstream knows, after aliases. `masked` says what was masked in the request; None:
    it has not been masked yet. `spans` is what plug-ins found in its texts; None: none was asked. `shown_path` is how
    the path is recorded where it holds what masks hide. `known` are the places among the request's texts of those that
    this session has sent before, `tags` the digests by which all are known; `labels` is what classifiers say. `sketch`
    tells prompts that are alike; empty: nobody asks, or it says nothing new. `system` is the system text, cut to what
    replies are compared with; None: nobody compares. `prompt_bound` is how many tokens the prompt certainly does not
    exceed; None: no limit asks, or nobody knows. `end_user` is the person for whom the caller asks, as far as it is
    believed. `scope` is what the credential is good for at most; None: whatever policies permit. `sealed` is a keyed
    hash of what the caller asked, before anything of it was masked or replaced; empty where its plan asks nobody.
    `headers` are those of the request that go on to the upstream and mean something there, sorted; empty where no
    policy asks people. `keep_alive`: its caller is sent a sign of life so often while people decide, in seconds, and
    waits as long as they may; 0: it is not, and waits as rules say.
    """

    id: str
    request_id: str
    session: str
    at: int
    principal: Principal
    credential: Credential
    source: Source
    connection: str
    dialect: str
    method: str
    path: str
    asked: Asked
    model: str | None
    plan: Plan
    prompt_tokens: int = 0
    output_cap: int | None = None
    end_user: str | None = None
    prompt_bound: int | None = None
    scope: Scope | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    masked: tuple[Masked, ...] | None = None
    spans: Spans | None = None
    shown_path: str | None = None
    known: frozenset[int] = frozenset()
    tags: tuple[bytes, ...] = ()
    labels: Labels = NO_LABELS
    sketch: bytes = b""
    system: str | None = None
    sealed: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    approved_cap: int | None = None
    keep_alive: float = 0.0

    @property
    def operation(self) -> str:
        """The dialect's name of what is asked."""
        return self.asked.operation
