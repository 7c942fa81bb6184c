"""How calls and connections end: timeouts, clients that go, handlers that fail, caps, drains."""

import asyncio
import logging
import time

import pytest

from e2e.edge.conftest import Serve
from e2e.edge.wire import GOOD, Witness, read_answer, read_answers, talk
from narrows.model.verdict import Deny
from narrows.ports.http import Exchange

GET = b"GET /x HTTP/1.1\r\nHost: gate\r\n\r\n"


class Held:
    """A handler that waits until it is released, and notes how it ended."""

    def __init__(self, *, begins: bool = False) -> None:
        self.begins = begins
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.over = asyncio.Event()
        self.calls = 0
        self.reasons: list[tuple[object, ...]] = []

    async def __call__(self, exchange: Exchange) -> None:
        self.calls += 1
        self.entered.set()
        try:
            if self.begins:
                exchange.start(200, [])
                exchange.send(b"begun")
            await self.release.wait()
            if self.begins:
                exchange.finish()
            else:
                exchange.respond(200, [], b"held")
        except asyncio.CancelledError as cancelled:
            self.reasons.append(cancelled.args)
            raise
        finally:
            self.over.set()


async def opened(port: int, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    return reader, writer


def failing_renderer(deny: Deny, path: str) -> tuple[bytes, bytes]:
    raise ZeroDivisionError


class TestTimeouts:
    """Every wait for the client ends."""

    async def test_headers_that_do_not_arrive(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, header_timeout=0.15)
        (answer,) = read_answers(await talk(server.port, b"GET /x HTTP/1.1\r\nHost: g"))
        assert (answer.status, answer.headers["connection"]) == (408, "close")

    async def test_headers_that_trickle(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, header_timeout=0.2)
        reader, writer = await opened(server.port, b"GET /x HTTP/1.1\r\nX: ")
        begun = time.monotonic()
        trickle = asyncio.create_task(self._trickle(writer))
        answer = await read_answer(reader)
        assert answer.status == 408
        assert time.monotonic() - begun < 2
        trickle.cancel()
        writer.close()

    @staticmethod
    async def _trickle(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.02)

    async def test_a_body_that_does_not_arrive(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, body_timeout=0.15)
        (answer,) = read_answers(await talk(server.port, GOOD[:-1]))
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert witness.refused == ["request_timeout"]

    async def test_a_connection_that_says_nothing(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, header_timeout=0.15)
        assert await talk(server.port) == b""

    async def test_an_idle_connection(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, idle_timeout=0.15, header_timeout=30)
        (answer,) = read_answers(await talk(server.port, GOOD))
        assert answer.status == 200

    async def test_a_busy_connection_is_not_idle(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, idle_timeout=0.2, header_timeout=0.2)
        reader, writer = await opened(server.port, b"")
        for _ in range(8):
            await asyncio.sleep(0.05)
            writer.write(GOOD)
            assert (await read_answer(reader)).status == 200
        writer.close()

    async def test_a_long_call_is_nobodys_timeout(self, serve: Serve) -> None:
        held = Held()
        server = await serve(held, idle_timeout=0.1, header_timeout=0.1, body_timeout=0.1, write_timeout=0.1)
        reader, writer = await opened(server.port, GET)
        await asyncio.sleep(0.4)
        held.release.set()
        assert (await read_answer(reader)).body == b"held"
        writer.close()


class TestClientGone:
    """The handler's task is cancelled at once, and knows why."""

    @pytest.mark.parametrize("how", ["close", "reset", "half-close"])
    @pytest.mark.parametrize("begins", [False, True])
    async def test_during_a_call(self, serve: Serve, how: str, begins: bool) -> None:
        held = Held(begins=begins)
        server = await serve(held)
        _, writer = await opened(server.port, GET)
        await held.entered.wait()
        if how == "close":
            writer.close()
        elif how == "reset":
            writer.transport.abort()
        else:
            writer.write_eof()
        await asyncio.wait_for(held.over.wait(), 5)
        assert held.reasons == [("client gone",)]
        writer.close()

    async def test_during_the_body(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness)
        _, writer = await opened(server.port, GOOD[:-1])
        async with asyncio.timeout(5):
            while not server.in_flight:
                await asyncio.sleep(0.01)
            writer.close()
            while server.in_flight or server.connections:
                await asyncio.sleep(0.01)
        assert witness.heads == []
        assert witness.refused == []

    async def test_before_the_handler_began(self, serve: Serve) -> None:
        held = Held()
        server = await serve(held)
        reader, writer = await opened(server.port, GET)
        writer.write_eof()
        assert await reader.read() == b""
        async with asyncio.timeout(5):
            while server.in_flight or server.connections:
                await asyncio.sleep(0.01)
        assert held.reasons in ([], [("client gone",)])
        writer.close()

    async def test_after_the_reply_the_handler_finishes_its_work(self, serve: Serve) -> None:
        done = asyncio.Event()

        async def handler(exchange: Exchange) -> None:
            exchange.respond(200, [], b"")
            await asyncio.sleep(0.1)
            done.set()

        server = await serve(handler)
        reader, writer = await opened(server.port, GET)
        await read_answer(reader)
        writer.transport.abort()
        await asyncio.wait_for(done.wait(), 5)


class TestHandlers:
    """Whatever a handler does, the client gets one answer or a cut, and never what went wrong."""

    async def test_that_raises(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        async def handler(exchange: Exchange) -> None:
            raise KeyError("canary")

        server = await serve(handler)
        with caplog.at_level(logging.DEBUG):
            first, second, third = read_answers(
                await talk(server.port, GOOD + GOOD + GET[:-2] + b"Connection: close\r\n\r\n")
            )
        assert first.status == second.status == third.status == 503
        assert b"control_failed" in first.body
        assert first.headers["x-request-id"] == "req_1"
        assert b"canary" not in first.body
        assert "canary" not in caplog.text
        assert "KeyError" in caplog.text

    async def test_that_raises_in_mid_stream(self, serve: Serve) -> None:
        async def handler(exchange: Exchange) -> None:
            exchange.start(200, [])
            exchange.send(b"half")
            raise KeyError("canary")

        server = await serve(handler)
        raw = await talk(server.port, GET)
        assert raw.endswith(b"4\r\nhalf\r\n")

    async def test_that_says_nothing(self, serve: Serve) -> None:
        async def handler(exchange: Exchange) -> None:
            pass

        server = await serve(handler)
        reader, writer = await opened(server.port, GET)
        assert (await read_answer(reader)).status == 503
        writer.close()

    async def test_that_aborts_without_a_reply(self, serve: Serve) -> None:
        async def handler(exchange: Exchange) -> None:
            exchange.abort()

        server = await serve(handler)
        assert await talk(server.port, GET) == b""

    async def test_a_failing_renderer_costs_the_body_not_the_refusal(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness)
        service = server._service
        assert service is not None
        service.refusal = failing_renderer
        (answer,) = read_answers(await talk(server.port, b"BAD\r\n\r\n"))
        assert (answer.status, answer.body) == (400, b"")


class TestCaps:
    """What is too much is shed with 503 before any work, and the client hears it."""

    async def test_calls_in_flight(self, serve: Serve) -> None:
        held = Held()
        server = await serve(held, max_calls=1)
        reader, writer = await opened(server.port, GET)
        await held.entered.wait()

        other_reader, other_writer = await opened(server.port, GOOD)
        shed = await read_answer(other_reader)
        assert (shed.status, shed.headers["retry-after"]) == (503, "1")
        assert b"overloaded" in shed.body
        assert "connection" not in shed.headers
        assert held.calls == 1

        held.release.set()
        assert (await read_answer(reader)).status == 200
        other_writer.write(GOOD)
        assert (await read_answer(other_reader)).status == 200
        writer.close()
        other_writer.close()

    async def test_connections(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, max_connections=1)
        reader, writer = await opened(server.port, GOOD)
        assert (await read_answer(reader)).status == 200

        (shed,) = read_answers(await talk(server.port, GOOD))
        assert (shed.status, shed.headers["retry-after"], shed.headers["connection"]) == (503, "1", "close")

        writer.write(GOOD)
        assert (await read_answer(reader)).status == 200
        writer.close()

    async def test_connections_far_over_the_cap_are_closed(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, max_connections=1)
        held = [await opened(server.port, b"") for _ in range(80)]
        await asyncio.sleep(0.1)
        assert server.connections <= 65
        for _, writer in held:
            writer.close()

    async def test_pipelined_requests_are_shed_one_by_one(self, serve: Serve) -> None:
        held = Held()
        server = await serve(held, max_calls=1)
        _, writer = await opened(server.port, GET)
        await held.entered.wait()
        answers = read_answers(await talk(server.port, GOOD * 2_000 + GET[:-2] + b"Connection: close\r\n\r\n"))
        assert {answer.status for answer in answers} == {503}
        assert len(answers) == 2_001
        held.release.set()
        writer.close()


class TestDrain:
    """In-flight calls finish, new ones hear 503, the rest is cut."""

    async def test_calls_in_flight_finish(self, serve: Serve) -> None:
        held = Held()
        server = await serve(held, drain=5)
        reader, writer = await opened(server.port, GET)
        idle_reader, idle_writer = await opened(server.port, b"")
        await held.entered.wait()
        draining = asyncio.create_task(server.drain())
        await asyncio.sleep(0.05)

        with pytest.raises(OSError, match=r".*"):
            await opened(server.port, GET)
        idle_writer.write(GET)
        refused = await read_answer(idle_reader)
        assert (refused.status, refused.headers["connection"]) == (503, "close")
        assert b"draining" in refused.body
        assert not draining.done()

        held.release.set()
        answer = await read_answer(reader)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await reader.read() == b""
        await asyncio.wait_for(draining, 5)
        writer.close()
        idle_writer.close()

    async def test_idle_connections_do_not_hold_it_up(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness, drain=30)
        reader, writer = await opened(server.port, GOOD)
        await read_answer(reader)
        await asyncio.wait_for(server.drain(), 3)
        assert await reader.read() == b""
        writer.close()

    @pytest.mark.parametrize("begins", [False, True])
    async def test_the_rest_is_cut_and_knows_why(self, serve: Serve, begins: bool) -> None:
        held = Held(begins=begins)
        server = await serve(held, drain=0.1)
        reader, writer = await opened(server.port, GET)
        await held.entered.wait()
        await asyncio.wait_for(server.drain(), 5)
        assert held.reasons == [("drain",)]
        raw = await reader.read()
        if begins:
            assert raw.endswith(b"5\r\nbegun\r\n")
        else:
            assert read_answers(raw)[0].status == 503
        writer.close()

    async def test_a_handler_that_will_not_end_is_left_behind(self, serve: Serve) -> None:
        release = asyncio.Event()

        async def stubborn(exchange: Exchange) -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        server = await serve(stubborn, drain=0.05, grace=0.1)
        reader, writer = await opened(server.port, GET)
        while not server.in_flight:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(server.drain(), 3)
        release.set()
        await asyncio.sleep(0.05)
        assert server.in_flight == 0
        writer.close()
        del reader
