"""One exchange on its way to a call, and what the engine needs of the world to serve it."""

import msgspec

from narrows.engine.bindings import Bindings
from narrows.engine.judging import NOTHING, Caller
from narrows.engine.live import LiveCalls
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Connected, Snapshot
from narrows.engine.strangers import StrangerCounts
from narrows.model.call import Asked
from narrows.ports.clock import Clock, Ids
from narrows.ports.http import Exchange
from narrows.ports.inspector import TokenCounter
from narrows.ports.journal import Journal
from narrows.ports.telemetry import Telemetry


class Services(msgspec.Struct, frozen=True):
    """What the engine needs of the world. Without `bindings` no credential is taken that is bound."""

    journal: Journal
    clock: Clock
    ids: Ids
    telemetry: Telemetry
    tokens: TokenCounter
    strangers: StrangerCounts
    sessions: SessionIds
    live: LiveCalls
    bindings: Bindings | None = None


class Visit(msgspec.Struct):
    """One exchange on its way to a call. `started` is monotonic, in microseconds."""

    exchange: Exchange
    snapshot: Snapshot
    caller: Caller
    started: int
    connected: Connected | None = None
    asked: Asked = NOTHING
