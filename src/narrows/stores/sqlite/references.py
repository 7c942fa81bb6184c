"""Who received which response: looked up over all journal files, off the loop. Reads only what the writer indexed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from narrows.evidence.sealing import MasterKey
from narrows.stores.sqlite import runs, schema
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load


class References:
    """Lookups in one thread. Each opens its files anew and leaves them: a reader that stays would hold them back."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="narrows-references")
        self._master: MasterKey | None = None

    async def find(self, principal: str, connection: str, reference: str) -> bool:
        """Whether the ending of one of this principal's calls on this connection named the reference."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._find, principal, connection, reference
        )

    def close(self) -> None:
        """Ends the thread."""
        self._threads.shutdown()

    def _find(self, principal: str, connection: str, reference: str) -> bool:
        if self._master is None:
            self._master = load(self._directory)
        tag = self._master.reference(principal, connection, reference)
        for _, path in reversed(self._directory.journals()):
            database = schema.connect(path, readonly=True)
            try:
                if runs.received(database, tag):
                    return True
            finally:
                database.close()
        return False
