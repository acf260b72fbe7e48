"""A TCP proxy on loopback that cuts, holds and refuses what goes through it."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

_LOOPBACK: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 64 * 1024
"""Read at once; a direction holds a few of these at most, then its sender waits."""
_ACT_TIMEOUT_SECONDS: Final = 30.0
_CLOSED: Final = -1
_RESET: Final = struct.pack("ii", 1, 0)
"""``SO_LINGER`` on, for no time: closing sends RST, and what was not sent is dropped."""


ResultT = TypeVar("ResultT")


class TcpProxy:
    """Listens on ``port``, and connects each client to ``target_port``; both on loopback.

    Its methods may be called from any thread, and have taken effect when they return.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tcp-proxy", daemon=True)
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._listening: socket.socket | None = None
        self._is_used = asyncio.Event()
        self._up, self._down = asyncio.Event(), asyncio.Event()
        """Whether what clients send, and what the target sends, is forwarded."""
        self._up.set()
        self._down.set()
        # Bound and never listening: the port stays this proxy's while it refuses connections.
        self._reservation = _bound_to(0)
        self.port: Final[int] = self._reservation.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._act(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.close()

    def in_front_of(self, url: str) -> str:
        """Return ``url``, of the target, as it is through this proxy."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}{at}{_LOOPBACK}:{self.port}"))

    def lead_to(self, target_port: int) -> None:
        """Connect clients to another target from now on; those that are connected stay where they are."""
        self._target_port = target_port

    def cut(self) -> int:
        """Reset (RST) every open connection, on both sides, and return how many there were."""
        return self._act(self._cut())

    def cut_in_use(self) -> int:
        """Wait until there is an open connection, then ``cut``."""
        return self._act(self._cut_in_use())

    def pause(self) -> None:
        """Forward nothing more, either way, and keep connections open: a network that has gone silent."""
        self._act(self._set_flowing(up=False, down=False))

    def hold_back(self) -> None:
        """Forward nothing more of what clients send; what the target sends goes on."""
        self._act(self._set_flowing(up=False, down=True))

    def hold_back_answers(self) -> None:
        """Forward nothing more of what the target sends; what clients send goes on."""
        self._act(self._set_flowing(up=True, down=False))

    def resume(self) -> None:
        """Forward again, what was held first."""
        self._act(self._set_flowing(up=True, down=True))

    def refuse(self) -> None:
        """Refuse new connections (ECONNREFUSED); those open go on."""
        self._act(self._refuse())

    def accept(self) -> None:
        """Take new connections again."""
        self._act(self._accept())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _act(self, act: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(act, self._loop).result(_ACT_TIMEOUT_SECONDS)

    async def _cut(self) -> int:
        cut = dict(self._connections)
        for task, connection in cut.items():
            connection.reset()
            task.cancel()
        if cut:
            await asyncio.wait(cut)
        return len(cut)

    async def _cut_in_use(self) -> int:
        await self._is_used.wait()
        return await self._cut()

    async def _set_flowing(self, *, up: bool, down: bool) -> None:
        for way, is_open in ((self._up, up), (self._down, down)):
            if is_open:
                way.set()
            else:
                way.clear()

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
            self._listening = None

    async def _accept(self) -> None:
        if self._listening is None:
            self._listening = _bound_to(self.port)
            self._listening.settimeout(0)
            self._listening.listen()
            # Not ``asyncio.start_server``: closed while it accepts a client, it leaves that one open, and unserved.
            self._loop.add_reader(self._listening, self._on_client, self._listening)

    async def _close(self) -> None:
        await self._refuse()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._cut()
            await asyncio.wait(others)

    def _on_client(self, listening: socket.socket) -> None:
        try:
            client, _ = listening.accept()
        except OSError:
            return  # It has gone again.
        client.settimeout(0)
        connection = _Connection(client, self._up, self._down)
        task = self._loop.create_task(connection.serve(self._target_port))
        self._connections[task] = connection
        self._is_used.set()
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task).close()
        if not self._connections:
            self._is_used.clear()


class _Connection:
    """One client, and its connection to the target."""

    def __init__(self, client: socket.socket, up: asyncio.Event, down: asyncio.Event) -> None:
        self._client = client
        self._writers: list[asyncio.StreamWriter] = []
        self._up = up
        self._down = down

    async def serve(self, target_port: int) -> None:
        """Forward both ways until both sides have ended; a side that fails resets the other."""
        try:
            from_client, to_client = await asyncio.open_connection(sock=self._client, limit=_CHUNK_BYTES)
            self._writers.append(to_client)
            from_target, to_target = await asyncio.open_connection(_LOOPBACK, target_port, limit=_CHUNK_BYTES)
            self._writers.append(to_target)
            # One that fails ends the other, which would wait for what no longer comes.
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(from_client, to_target, self._up))
                both.create_task(self._forward(from_target, to_client, self._down))
        except* OSError:
            self.reset()
        finally:
            for writer in self._writers:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    @staticmethod
    async def _forward(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        while chunk := await source.read(_CHUNK_BYTES):
            await flowing.wait()
            sink.write(chunk)
            await sink.drain()
        await flowing.wait()
        sink.write_eof()

    def reset(self) -> None:
        """End both sides at once, with RST; a client that is not served yet, once it is closed."""
        for side in (self._client, *(writer.get_extra_info("socket") for writer in self._writers)):
            if side.fileno() != _CLOSED:
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """Close the client, whose service may have been cancelled before it began."""
        self._client.close()


def _bound_to(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((_LOOPBACK, port))
    return bound
