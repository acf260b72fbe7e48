"""A local Sentry: an HTTP server that takes what the SDK sends, and keeps it as it came."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

WAIT_SECONDS: Final = 60.0
Item = Mapping[str, Any]


class LocalSentry:
    """Keeps every envelope; its items are ``event``, ``transaction``, ``check_in`` or ``client_report``."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        """Each request's line, headers and envelope, unpacked."""
        self._items: list[tuple[str, Item]] = []
        self._has_come = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return self._server.server_port

    @property
    def dsn(self) -> str:
        """Its address, as a setting."""
        return f"http://key@127.0.0.1:{self.port}/7"

    def items(self, kind: str) -> list[Item]:
        """Return what came of a kind."""
        with self._has_come:
            return [item for each, item in self._items if each == kind]

    def events(self, name: str) -> list[Item]:
        """Return the incidents that came of a log event."""
        return [event for event in self.items("event") if event["tags"]["event"] == name]

    def wait(self, found: Callable[[], list[Item]], count: int = 1) -> list[Item]:
        """Return what is found once it is so many."""
        with self._has_come:
            if not self._has_come.wait_for(lambda: len(found()) >= count, WAIT_SECONDS):
                raise AssertionError(f"{len(found())} of {count} came; others: {[k for k, _ in self._items]}")
            return found()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sentry = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                sentry._take(f"{self.requestline}\n{self.headers}".encode(), body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler

    def _take(self, head: bytes, envelope: bytes) -> None:
        with self._has_come:
            self.raw.append(head + envelope)
            self._items += _items_of(envelope)
            self._has_come.notify_all()


def _items_of(envelope: bytes) -> Iterator[tuple[str, Item]]:
    """Yield the items of an envelope: a line of its own headers, then of each its headers and its payload."""
    _, _, rest = envelope.partition(b"\n")
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        header = json.loads(line)
        length = header.get("length", len(rest.partition(b"\n")[0]))
        yield header["type"], json.loads(rest[:length])
        rest = rest[length:].removeprefix(b"\n")
