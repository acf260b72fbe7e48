"""The proxy does to a connection what it says, whatever is under way."""

import selectors
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import TcpProxy

PATIENCE_SECONDS = 30
CHUNK = b"x" * 65536
MORE_THAN_BUFFERS = CHUNK * 1000
"""What no buffer on the way may hold."""


def echo(listening: socket.socket) -> None:
    """Send back what comes, to every client, until the listening socket ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                side = key.fileobj
                assert isinstance(side, socket.socket)
                if side is listening:
                    try:
                        client, _ = listening.accept()
                    except OSError:
                        return
                    selector.register(client, selectors.EVENT_READ)
                elif not send_back(side):
                    selector.unregister(side)
                    side.close()


def send_back(side: socket.socket) -> bool:
    try:
        chunk = side.recv(65536)
        side.sendall(chunk)
    except OSError:
        return False
    return bool(chunk)


@pytest.fixture
def target() -> Iterator[int]:
    """The port of a server that sends back what it is sent."""
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=echo, args=(listening,), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    # Wakes the server, whose next accept fails.
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    listening.close()


@pytest.fixture
def proxy(target: int) -> Iterator[TcpProxy]:
    with TcpProxy(target) as started:
        yield started


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE_SECONDS)


def ask(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return client.recv(len(said), socket.MSG_WAITALL)


def test_what_is_sent_goes_both_ways_and_the_end_too(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        assert ask(client, b"hello") == b"hello"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_a_cut_resets_every_connection_and_the_next_ones_go_on(proxy: TcpProxy) -> None:
    with connect(proxy) as first, connect(proxy) as second:
        assert ask(first, b"one") == b"one"
        assert ask(second, b"two") == b"two"

        assert proxy.cut() == 2

        for client in (first, second):
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    assert proxy.cut() == 0
    with connect(proxy) as third:
        assert ask(third, b"three") == b"three"


def test_nothing_passes_while_paused_and_nothing_is_missing_afterwards(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        assert ask(client, b"before") == b"before"
        proxy.pause()
        client.sendall(b"held")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)

        client.settimeout(PATIENCE_SECONDS)
        proxy.resume()

        assert client.recv(4, socket.MSG_WAITALL) == b"held"


def test_a_paused_connection_makes_its_sender_wait_and_can_be_cut(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        assert ask(client, b"open") == b"open"
        proxy.pause()
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(MORE_THAN_BUFFERS)

        assert proxy.cut() == 1

        with pytest.raises(ConnectionError):
            client.sendall(b"x")


def test_what_clients_send_is_held_back_while_what_the_target_sends_passes() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        TcpProxy(listening.getsockname()[1]) as proxy,
        connect(proxy) as client,
    ):
        target, _ = listening.accept()
        with target:
            proxy.hold_back()
            client.sendall(b"held")
            target.sendall(b"passes")
            assert client.recv(6, socket.MSG_WAITALL) == b"passes"
            target.settimeout(0.2)
            with pytest.raises(TimeoutError):
                target.recv(1)

            target.settimeout(PATIENCE_SECONDS)
            proxy.resume()

            assert target.recv(4, socket.MSG_WAITALL) == b"held"


def test_new_connections_are_refused_and_the_open_ones_go_on(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        assert ask(client, b"open") == b"open"
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        assert ask(client, b"still") == b"still"

    proxy.accept()

    with connect(proxy) as client:
        assert ask(client, b"again") == b"again"


def test_a_target_that_is_away_resets_the_client() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with (
            TcpProxy(nobody.getsockname()[1]) as proxy,
            # The reset may come while the client is still connecting.
            pytest.raises(ConnectionResetError),
            connect(proxy) as client,
        ):
            client.recv(1)


def test_it_can_be_cut_at_any_time_while_clients_come_and_talk(proxy: TcpProxy) -> None:
    ended = threading.Event()
    spoken = threading.Semaphore(0)

    def talk() -> None:
        while not ended.is_set():
            try:
                with connect(proxy) as client:
                    while ask(client, CHUNK) == CHUNK and not ended.is_set():
                        spoken.release()
            except ConnectionError:
                continue

    talkers = [threading.Thread(target=talk) for _ in range(4)]
    for talker in talkers:
        talker.start()
    try:
        for _ in range(100):
            assert spoken.acquire(timeout=PATIENCE_SECONDS)
            proxy.cut()
    finally:
        ended.set()
        proxy.refuse()
        proxy.cut()
        for talker in talkers:
            talker.join()


def test_the_address_through_it_differs_by_the_port_alone(proxy: TcpProxy) -> None:
    through = proxy.in_front_of("amqp://user:a%40b@127.0.0.1:5672//")

    assert through == f"amqp://user:a%40b@127.0.0.1:{proxy.port}//"
