"""TLS to the client: the context, and a new certificate without a restart.

Each handshake begins in one context that stays and moves to the newest pair. A pair is loaded into a fresh context and
takes the place of the old one only if certificate and key fit: a broken new pair leaves the old one in force.
"""

import logging
import ssl
from pathlib import Path
from typing import Final

from narrows.config.tls import GateTls, Tls

log = logging.getLogger("narrows.edge")

MINIMUM: Final = ssl.TLSVersion.TLSv1_2


def load_pair(settings: Tls) -> ssl.SSLContext:
    """A server context for a certificate and its key. Raises OSError (ssl.SSLError is one) if they can't be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = MINIMUM
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    # Without a callback an encrypted key would ask for its password on the terminal.
    context.load_cert_chain(settings.certificate, settings.key, password=lambda: "")
    client_ca = _client_ca(settings)
    if client_ca is not None:
        context.load_verify_locations(cafile=client_ca)
        # Most clients have none; a credential that is bound to one is good for nothing without it.
        context.verify_mode = ssl.CERT_OPTIONAL
        # A session that goes on would be taken at the word of an old handshake.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


class Certificates:
    """The certificate in force, and the files that it came from."""

    def __init__(self, settings: Tls) -> None:
        self._settings = settings
        self._seen = self._look()
        self._newest = load_pair(settings)
        self.context = load_pair(settings)
        self.context.sni_callback = self._pick

    def poll(self) -> None:
        """Reloads if a file changed since it was last looked at."""
        if self._look() != self._seen:
            self.reload()

    def reload(self) -> bool:
        """Loads the pair again for new connections; False, and a log line, if it can't be used."""
        self._seen = self._look()
        try:
            self._newest = load_pair(self._settings)
        except OSError as error:
            log.error("the new TLS certificate is not usable, the old one stays: %s", error)  # noqa: TRY400 -- no traceback
            return False
        log.info("a new TLS certificate is in force")
        return True

    def _pick(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called in every handshake, also for clients that name no server."""
        connection.context = self._newest

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        files = (self._settings.certificate, self._settings.key, _client_ca(self._settings))
        return tuple(_stamp(Path(name)) for name in files if name is not None)


def _client_ca(settings: Tls) -> str | None:
    return settings.client_ca if isinstance(settings, GateTls) else None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
