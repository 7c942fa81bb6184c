"""The upstream for open streams (`python streams.py PORT`): one delta, then the stream stays open until it is closed.

Also the client that holds many of them open at once.
"""

import asyncio
import sys

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DELTA = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"bench-model",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":"tide "},"finish_reason":null}]}\n\n'
)
CHUNK = b"%x\r\n%s\r\n" % (len(DELTA), DELTA)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET "):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            writer.write(HEAD + CHUNK)
            await reader.read()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def serve(port: int) -> None:
    """Serves until it is ended."""
    server = await asyncio.start_server(_answer, "127.0.0.1", port, backlog=4096, limit=1 << 20)
    await server.serve_forever()


class Held:
    """Streams held open against one URL, each past its first delta."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self, count: int, host: str, port: int, path: str, token: str, body: bytes) -> None:
        """Opens `count` streams, eight at a time."""
        gate = asyncio.Semaphore(8)

        async def one() -> None:
            async with gate:
                reader, writer = await asyncio.open_connection(host, port)
                head = (
                    f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                writer.write(head.encode() + body)
                got = await asyncio.wait_for(reader.readuntil(b"tide "), 30)
                if not got.startswith(b"HTTP/1.1 200"):
                    raise AssertionError(f"a stream was not opened: {got[:200]!r}")
                self._writers.append(writer)

        await asyncio.gather(*(one() for _ in range(count)))

    async def close(self) -> None:
        """Closes all of them."""
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
