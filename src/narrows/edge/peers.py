"""Who is at the other end of a connection, before it has said anything: its address, and what it proved in TLS."""

import asyncio
import hashlib
from collections.abc import Sequence

from narrows.edge.forwarded import Network, is_trusted
from narrows.edge.head import Origin


def origin_of(transport: asyncio.BaseTransport, trusted: Sequence[Network]) -> Origin:
    """What a connection says about all its requests. `trusted` are the listed proxies."""
    name = transport.get_extra_info("peername")
    peer = str(name[0]) if isinstance(name, tuple) and name else ""
    tls = transport.get_extra_info("ssl_object")
    # Only a certificate that was verified is given here.
    shown = None if tls is None else tls.getpeercert(binary_form=True)
    return Origin(
        peer=peer,
        tls=tls is not None,
        certificate=None if shown is None else hashlib.sha256(shown).hexdigest(),
        listed=bool(trusted) and is_trusted(peer, trusted),
        trusted=tuple(trusted),
    )
