"""How calls leave a host: by an authority of its own, past certificates that are wrong, and through its proxy."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.bootstrap.egress import open_transport
from connector.clock import utc_now
from connector.demo.authority import ServerFiles, make_server_files
from connector.settings.settings import Settings, SettingsError, load_settings
from connector.sources.exchange import Answered, Exchange, Unanswered
from connector.sources.http import request, send
from connector.sources.transport import Egress, http_transport
from connector.telemetry.check_ins import Ran
from connector.telemetry.sentry import Sentry
from schemas.codes import CheckCode
from tests.sentry import LocalSentry
from tests.servers.http_proxy_node import PASSWORD, HttpProxyNode
from tests.servers.install import HOW_TO_GET_TINYPROXY, install_tinyproxy

NAMES = ("localhost",)


class _Empty(BaseHTTPRequestHandler):
    """Answers ``{}``, and closes the connection."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: object) -> None:
        pass


class Api:
    """A server over TLS."""

    def __init__(self, server: ThreadingHTTPServer, context: ssl.SSLContext) -> None:
        self._context = context
        self.url = f"https://localhost:{server.server_address[1]}/"

    def show(self, files: ServerFiles) -> None:
        """Show this certificate from the next connection on."""
        self._context.load_cert_chain(files.certificate, files.key)


@contextmanager
def serving(files: ServerFiles, *, needs_client: bool = False) -> Iterator[Api]:
    """Serve over TLS with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    if needs_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Api(server, context)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ServerFiles:
    """A server's certificate, and the authority that has signed it."""
    return make_server_files(tmp_path_factory.mktemp("authority"), NAMES)


async def call(url: str, egress: Egress) -> Exchange:
    """Return how one call ends."""
    transport = http_transport(egress)
    try:
        return await send(transport, request("GET", url), 30)
    finally:
        await transport.aclose()


async def cause(url: str, egress: Egress) -> str:
    """Return why one call does not reach its server."""
    ended = await call(url, egress)
    assert isinstance(ended, Unanswered)
    assert ended.code is CheckCode.NETWORK_ERROR
    assert ended.cause is not None
    return ended.cause


async def test_an_authority_of_the_host_s_own_is_trusted_where_it_is_named(files: ServerFiles) -> None:
    with serving(files) as api:
        assert isinstance(await call(api.url, Egress(ca_file=files.authority)), Answered)
        assert "an authority that is not known here" in await cause(api.url, Egress())


async def test_each_certificate_that_is_wrong_is_refused_with_its_reason(
    files: ServerFiles, tmp_path: Path
) -> None:
    told: list[str] = []
    long_ago = utc_now() - timedelta(days=5000)
    for folder, names, made_at in (("expired", NAMES, long_ago), ("foreign", ("elsewhere.test",), None)):
        (tmp_path / folder).mkdir()
        wrong = make_server_files(tmp_path / folder, names, made_at)
        with serving(wrong) as api:
            told.append(await cause(api.url, Egress(ca_file=wrong.authority)))
    with serving(files, needs_client=True) as api:
        told.append(await cause(api.url, Egress(ca_file=files.authority)))
    assert told[0] == "its certificate has expired"
    assert told[1] == "its certificate is for another host name than the one in the address"
    assert "client certificate" in told[2] or "no TLS version, cipher or certificate in common" in told[2]
    nothing = await cause("https://localhost:1/", Egress())
    assert nothing == "nothing listens at its address: is it started, and is the port right?"


async def test_an_authority_that_is_renewed_on_disk_is_trusted_from_the_next_connection_on(
    files: ServerFiles, tmp_path: Path
) -> None:
    held = tmp_path / "ca.pem"
    held.write_bytes(files.authority.read_bytes())
    (tmp_path / "renewed").mkdir()
    renewed = make_server_files(tmp_path / "renewed", NAMES)
    transport = http_transport(Egress(ca_file=held))
    with serving(files) as api:
        assert isinstance(await send(transport, request("GET", api.url), 30), Answered)
        api.show(renewed)
        assert isinstance(await send(transport, request("GET", api.url), 30), Unanswered)
        held.write_bytes(renewed.authority.read_bytes())
        assert isinstance(await send(transport, request("GET", api.url), 30), Answered)
    await transport.aclose()


@pytest.fixture(scope="module")
def proxy() -> Iterator[HttpProxyNode]:
    """A proxy that asks for a password."""
    if not install_tinyproxy(print):
        pytest.fail(HOW_TO_GET_TINYPROXY, pytrace=False)
    with HttpProxyNode() as started:
        yield started


async def test_every_call_goes_through_the_proxy_with_its_password(
    files: ServerFiles, proxy: HttpProxyNode
) -> None:
    with serving(files) as api:
        through = Egress(ca_file=files.authority, proxy=SecretStr(proxy.url()))
        assert isinstance(await call(api.url, through), Answered)
        where = api.url.removeprefix("https://").rstrip("/")
        assert f"CONNECT {where}" in proxy.log()
        wrong = Egress(ca_file=files.authority, proxy=SecretStr(proxy.url("another")))
        said = await cause(api.url, wrong)
        assert "CONNECTOR_PROXY_URL" in said
        assert PASSWORD not in said
    assert "CONNECTOR_PROXY_URL" in await cause(
        "https://api.test/", Egress(proxy=SecretStr("http://127.0.0.1:1"))
    )


async def test_a_sandbox_on_this_machine_is_called_without_the_proxy(files: ServerFiles) -> None:
    with serving(files) as api:
        settings = Settings(
            api_particulier_url=SecretStr(api.url.rstrip("/")),
            ca_file=files.authority,
            proxy_url=SecretStr("http://127.0.0.1:1"),
        )
        transport = open_transport(settings)
        assert isinstance(await send(transport, request("GET", api.url), 30), Answered)
        await transport.aclose()


def told(proxy_url: str, dsn: str) -> None:
    """Have Sentry told of an incident by a process that is about to end."""
    told_by = Sentry(Settings(proxy_url=SecretStr(proxy_url)), dsn)
    told_by.tell(
        Ran(
            task="beat.test",
            every=timedelta(days=1),
            late_after=timedelta(hours=1),
            took=timedelta(),
            has_failed=False,
        )
    )
    told_by.close()


def test_sentry_is_told_through_the_proxy_with_its_password_unless_no_proxy_names_it(
    proxy: HttpProxyNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalSentry() as sentry, HttpProxyNode({"sentry.test": sentry.port}) as town_hall:
        dsn = "http://key@sentry.test/7"
        told(town_hall.url(), dsn)
        assert len(sentry.items("check_in")) == 1
        told(town_hall.url("another"), dsn)
        assert len(sentry.items("check_in")) == 1
        told("http://127.0.0.1:1", sentry.dsn)
        assert len(sentry.items("check_in")) == 2
        asked = town_hall.log()
        monkeypatch.setenv("NO_PROXY", "sentry.test")
        told(town_hall.url(), dsn)
        assert town_hall.log() == asked


@pytest.mark.parametrize(
    "proxy_url", ["http://u:%E2%82%AC@proxy:3128", "http://:p@proxy:3128", "https://proxy:1"]
)
def test_whatever_the_settings_take_sentry_takes(proxy_url: str) -> None:
    Sentry(Settings(proxy_url=SecretStr(proxy_url)), "https://key@sentry.test/7").close()


@pytest.mark.parametrize(
    ("variable", "value", "part"),
    [
        ("CONNECTOR_CA_FILE", "/nowhere/ca.pem", "cannot be read: no such file or directory"),
        ("CONNECTOR_CA_FILE", __file__, "holds no certificate in the PEM format"),
        ("CONNECTOR_PROXY_URL", "socks5://proxy:1080", "must start with http:// or https://"),
        ("CONNECTOR_PROXY_URL", "http://user:s3same@proxy:3128/path", "must be a host and its port"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start(variable: str, value: str, part: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({variable: value})
    assert str(refused.value).startswith(f"{variable}: ")
    assert part in str(refused.value)
    assert "s3same" not in str(refused.value)
