"""A small world for the engine: every port kept in memory, so that a test reads as the path of a call."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from narrows.config.policies import Policy
from narrows.config.schema import Config, Connection, ConnectionCredential, IdentitySettings, Issuer
from narrows.dialects.registry import build_dialect
from narrows.engine.gateway import Gateway
from narrows.engine.live import LiveCalls
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Connected, Snapshot, Snapshots
from narrows.engine.strangers import StrangerCounts
from narrows.engine.visits import Services
from narrows.identity.revocations import Revocations, denied
from narrows.inspection.novelty import Sessions
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.record import Closed, Opened, Outcome, Segment, Strangers
from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.policy.compile import compile_policies
from narrows.policy.inspect import RuleInspector
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.http import HeaderList, RequestHead, UpstreamFailed
from narrows.ports.journal import JournalUnavailable
from narrows.wiring.order import controls
from unit.engine.inline import Inline
from unit.engine.meters import CountingLimits
from unit.engine.ticking import Numbered, Ticking
from unit.identity.revoking import MemoryWatch

POLICY: dict[str, Any] = {
    "name": "research",
    "who": {"groups": ["research"]},
    "may": {"connections": ["*"], "models": ["small*"], "operations": ["*"]},
}


class MemoryJournal:
    """Keeps entries in order. `failing`: open raises; `gate`: open waits for it."""

    def __init__(self) -> None:
        self.entries: list[Opened | Segment | Closed] = []
        self.counts: list[Strangers] = []
        self.owned: set[tuple[str, str, str]] = set()
        self.failing = False
        self.gate: asyncio.Event | None = None
        self.healthy = True

    def open(self, entry: Opened) -> Awaitable[None]:
        if self.failing:
            raise JournalUnavailable("the disk is full")
        self.entries.append(entry)
        return self._durable()

    async def _durable(self) -> None:
        if self.gate is not None:
            await self.gate.wait()

    def segment(self, entry: Segment) -> None:
        self.entries.append(entry)

    def close(self, entry: Closed) -> None:
        self.entries.append(entry)

    def strangers(self, counts: list[Strangers]) -> None:
        self.counts += counts

    async def owns(self, principal_key: str, connection: str, reference: str) -> bool:
        return (principal_key, connection, reference) in self.owned

    @property
    def opened(self) -> list[Opened]:
        return [entry for entry in self.entries if isinstance(entry, Opened)]

    @property
    def closed(self) -> list[Closed]:
        return [entry for entry in self.entries if isinstance(entry, Closed)]


class ScriptedReply:
    """A reply that gives its pieces one by one; a piece may be an exception to raise or an event to wait for."""

    def __init__(self, status: int, headers: dict[bytes, bytes], pieces: list[Any]) -> None:
        self.status, self.headers = status, headers
        self.closed = False
        self._pieces = pieces

    async def read(self) -> bytes:
        while self._pieces:
            piece = self._pieces.pop(0)
            if isinstance(piece, bytes):
                return piece
            if not isinstance(piece, asyncio.Event):
                raise piece
            await piece.wait()
        return b""

    async def flow(self, take: Callable[[bytes], bool]) -> bool:
        while (piece := await self.read()) and take(piece):
            pass
        return piece != b""

    async def read_all(self, limit: int) -> bytes:
        data = b""
        while piece := await self.read():
            data += piece
        if len(data) > limit:
            raise UpstreamFailed(Deny(Code.UPSTREAM_INVALID, "too large"), sent=True)
        return data

    def close(self) -> None:
        self.closed = True


class ScriptedUpstream:
    """Answers every request with the next reply of its script and remembers what it was sent."""

    def __init__(self) -> None:
        self.script: list[ScriptedReply | Exception] = []
        self.sent: list[tuple[str, str, dict[bytes, bytes], bytes]] = []
        self.credential = b"upstream-secret"
        self.on_send: Callable[[], None] | None = None

    def reply(self, body: object, status: int = 200, content_type: str = "application/json") -> ScriptedReply:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.pieces([data], status, content_type)

    def pieces(self, pieces: list[Any], status: int = 200, content_type: str = "text/event-stream") -> ScriptedReply:
        reply = ScriptedReply(status, {b"content-type": content_type.encode()}, pieces)
        self.script.append(reply)
        return reply

    async def send(self, method: str, target: str, headers: HeaderList, body: bytes) -> ScriptedReply:
        if self.on_send is not None:
            self.on_send()
        self.sent.append((method, target, dict(headers), body))
        reply = self.script.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def echoes(self, data: bytes) -> bool:
        return self.credential in data

    def leaks(self, data: bytes) -> bool:
        return self.credential in data


class MemoryExchange:
    """A client that sends one request and keeps what it was answered."""

    def __init__(self, head: RequestHead, data: bytes) -> None:
        self.head = head
        self._data = data
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self.body_read = False
        self.here = True
        self.sent: list[bytes] = []
        self.finished = False
        self.aborted = False
        self.slow: asyncio.Event | None = None
        self.task: asyncio.Task[object] | None = None

    def ready(self, limit: int) -> bytes | None:
        self.task = asyncio.current_task()
        if not self.here:
            return None
        self.body_read = True
        return self._data

    async def body(self, limit: int) -> bytes:
        self.body_read = True
        await asyncio.sleep(0)
        return self._data

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        assert self.status is None, "answered twice"
        self.status, self.headers = status, dict(headers)
        self.sent.append(body)
        self.finished = True

    def start(self, status: int, headers: HeaderList) -> None:
        assert self.status is None, "answered twice"
        self.status, self.headers = status, dict(headers)

    def send(self, data: bytes) -> bool:
        assert self.status is not None
        assert not self.finished
        self.sent.append(data)
        return self.slow is None

    async def drained(self) -> None:
        assert self.slow is not None
        await self.slow.wait()

    def finish(self) -> None:
        assert not self.finished
        self.finished = True

    def abort(self) -> None:
        self.aborted = True

    def interrupt(self, word: str) -> None:
        assert self.task is not None
        self.task.cancel(word)

    @property
    def data(self) -> bytes:
        return b"".join(self.sent)

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class People:
    """An authenticator that knows tokens by name: `alice`, `bob`, … are in the groups their entry says."""

    def __init__(self, groups: dict[str, set[str]]) -> None:
        self._groups = groups

    def digest(self, token: str) -> bytes:
        return token.encode()

    def recall(self, digest: bytes) -> Identity | None: ...

    def forget(self, token: str) -> None:
        del self._groups[token]

    async def verify(self, token: str) -> Identity | Deny:
        groups = self._groups.get(token)
        if groups is None:
            return Deny(Code.CREDENTIAL_INVALID, "the token is unknown")
        return Identity(Principal("corp", token, groups=frozenset(groups)), Credential("oidc", f"c-{token}", 2e9))


class Counting(CountingLimits):
    """Telemetry that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.endings: list[tuple[str, str, Outcome, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.open_streams = 0
        self.dead_uses: list[str] = []

    def ended(
        self, connection: str, operation: str, outcome: Outcome, code: str, duration: int, usage: Usage | None
    ) -> None:
        self.endings.append((connection, operation, outcome, code))

    def observed(self, policy: str, code: str) -> None:
        self.notes.append((policy, code))

    def stranger(self, code: str) -> None: ...  # counted by the journal in these tests

    def dead(self, code: str) -> None:
        self.dead_uses.append(code)

    def overhead(self, microseconds: int) -> None:
        assert microseconds >= 0

    def streams(self, change: int) -> None:
        self.open_streams += change


class World:
    """A gateway with two connections (`openai`, `anthropic`) and one policy, unless told otherwise."""

    def __init__(self, policies: Iterable[dict[str, Any]] = (POLICY,), **connections: dict[str, Any]) -> None:
        self.journal, self.telemetry, self.clock, self.apart = MemoryJournal(), Counting(), Ticking(), Inline()
        self.upstream = ScriptedUpstream()
        settings = {
            name: msgspec.convert(
                {"url": "http://model", "dialect": name, "credential": ConnectionCredential(none=True)} | extra,
                Connection,
                from_attributes=True,
            )
            for name, extra in ({"openai": {}, "anthropic": {}} | connections).items()
        }
        config = Config(
            identity=IdentitySettings(issuers=(Issuer(name="corp", issuer="https://idp", audience="narrows"),)),
            connections=settings,
            policies=msgspec.convert(list(policies), type=tuple[Policy, ...]),
        )
        compiled = compile_policies(config)
        defaults = {name: connection.output_default for name, connection in settings.items()}
        request, reply = controls(RuleInspector(), Sessions(b"s" * 32), output_defaults=defaults)
        connected = {
            name: Connected(
                name=name,
                settings=connection,
                dialect=(dialect := build_dialect(connection)),
                upstream=self.upstream,
                headers=dialect.request_headers,
                serves=lambda model: True,
            )
            for name, connection in settings.items()
        }
        self.people = people = People({"alice": {"research"}, "bob": {"support"}})
        hosts = {host: connected[name] for name, c in settings.items() for host in c.hosts}
        snapshot = Snapshot(
            compiled.revision, connected, hosts, compiled, people, request, reply, 1 << 20, apart=self.apart
        )
        self.apart.snapshot = snapshot
        self.snapshots = Snapshots(snapshot)
        self.strangers = StrangerCounts(self.journal)
        self.watch = MemoryWatch()
        self.revocations = Revocations(self.watch, self.clock)
        self.revocations.poll()
        self.live = LiveCalls(self.revocations, denied, self.clock)
        self.gateway = Gateway(
            self.snapshots,
            Services(
                self.journal,
                self.clock,
                Numbered(),
                self.telemetry,
                EstimatingCounter(),
                self.strangers,
                SessionIds(b"key"),
                self.live,
            ),
        )

    def exchange(
        self,
        body: object,
        path: str = "/openai/v1/chat/completions",
        token: str | None = "alice",
        method: str = "POST",
        **headers: str,
    ) -> MemoryExchange:
        """A request; `body` is JSON unless it is bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {b"content-type": b"application/json", b"user-agent": b"test"}
        if token is not None:
            sent[b"authorization"] = f"Bearer {token}".encode()
        sent |= {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return MemoryExchange(RequestHead(method, path, "", sent, "192.0.2.7", "gate"), data)

    async def call(self, body: object, **options: Any) -> MemoryExchange:
        """Serves one request to its end."""
        exchange = self.exchange(body, **options)
        await self.gateway(exchange)
        return exchange


def chat(content: str = "Hi", **extra: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": "small-1", "messages": [{"role": "user", "content": content}]} | extra


def completion(text: str = "Hello", tokens: int = 1) -> dict[str, Any]:
    """A chat reply."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "small-1-0613",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": 3 + tokens},
    }


def chunk(text: str | None = None, finish: str | None = None, **extra: Any) -> bytes:
    """One event of a chat stream."""
    delta = {} if text is None else {"content": text}
    data = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "small-1-0613",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    } | extra
    return b"data: " + json.dumps(data).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
