"""The private authority: what it signs is trusted by who trusts it, under its own names, for its time."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from connector.clock import utc_now
from connector.demo.authority import VALID_DAYS, ServerFiles, make_server_files
from tests.modes import modes


def handshake(files: ServerFiles, client: ssl.SSLContext, name: str) -> None:
    """Let a client of this context meet a server with these files. Raises ``ssl.SSLError``."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(to_client, to_server, server_hostname=name)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (caller, answering, caller):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def trusting(authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_who_trusts_the_authority_meets_this_machine(tmp_path: Path, name: str) -> None:
    files = make_server_files(tmp_path)
    handshake(files, trusting(files.authority), name)


def test_who_does_not_trust_it_refuses(tmp_path: Path) -> None:
    files = make_server_files(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|unable to get local issuer"):
        handshake(files, ssl.create_default_context(), "localhost")


def test_another_name_is_refused(tmp_path: Path) -> None:
    files = make_server_files(tmp_path, ["courtier.exemple.fr"])
    handshake(files, trusting(files.authority), "courtier.exemple.fr")
    with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
        handshake(files, trusting(files.authority), "localhost")


def test_another_authority_of_the_same_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files, other = make_server_files(tmp_path), make_server_files(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, trusting(other.authority), "localhost")


def test_keys_are_the_owner_s_alone_and_the_authority_s_is_nowhere(tmp_path: Path) -> None:
    files = make_server_files(tmp_path)
    assert modes(tmp_path) == {"ca.pem": 0o644, "server.pem": 0o600, "server.key": 0o600}
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    assert "PRIVATE" not in files.authority.read_text("utf-8") + files.certificate.read_text("utf-8")
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_files_serve_until_a_week_before_their_end(tmp_path: Path) -> None:
    now = utc_now()
    files = make_server_files(tmp_path, now=now)
    assert files.serve(now)
    assert files.serve(now + timedelta(days=VALID_DAYS - 9))
    assert not files.serve(now + timedelta(days=VALID_DAYS - 7))


@pytest.mark.parametrize("broken", ["ca.pem", "server.pem", "server.key"])
def test_files_that_do_not_belong_together_do_not_serve(tmp_path: Path, broken: str) -> None:
    (tmp_path / "other").mkdir()
    files, other = make_server_files(tmp_path), make_server_files(tmp_path / "other")
    assert other.serve(utc_now())
    (tmp_path / broken).write_bytes((tmp_path / "other" / broken).read_bytes())
    assert not files.serve(utc_now())
    (tmp_path / broken).write_text("-----BEGIN", "utf-8")
    assert not files.serve(utc_now())
    (tmp_path / broken).unlink()
    assert not files.serve(utc_now())
