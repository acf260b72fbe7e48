"""A private authority for a broker on this machine: its certificate, and the server's that it has signed.

The authority's key is never written: it signs once, and is forgotten. So the certificate that a vendor's integrator trusts
vouches for no other server, whoever reads this folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from connector.clock import utc_now
from connector.files import write_private

LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
VALID_DAYS: Final = 397
"""What browsers and systems accept of a server's certificate at the most."""
_RENEWED_BEFORE: Final = timedelta(days=7)
_CLOCKS_DIFFER: Final = timedelta(days=1)
_NAME: Final = "Bac à sable du connecteur CCAS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """Where a server's certificate is, its key (0600), and the certificate of the authority that clients trust."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def within(cls, folder: Path) -> "ServerFiles":
        """Return the files' paths in a folder, whether they are there or not."""
        return cls(authority=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key")

    def serve(self, now: datetime) -> bool:
        """Tell whether all three are there, belong together, and hold for another week."""
        try:
            authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
            certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
            certificate.verify_directly_issued_by(authority)
        except Exception:  # noqa: BLE001 - whatever is wrong with them, they are made anew
            return False
        ends = min(authority.not_valid_after_utc, certificate.not_valid_after_utc)
        return key.public_key() == certificate.public_key() and now + _RENEWED_BEFORE < ends


def make_server_files(
    folder: Path, names: Sequence[str] = LOCAL_NAMES, now: datetime | None = None
) -> ServerFiles:
    """Make an authority, have it sign a certificate for ``names``, and write the three files to an existing folder.

    Raises ``PrivateFileError``. Names are hosts' or IP addresses'.
    """
    made_at = now or utc_now()
    files = ServerFiles.within(folder)
    authority_key, key = _new_key(), _new_key()
    authority = _authority(authority_key, made_at)
    certificate = _server(key, authority, authority_key, names, made_at)
    write_private(files.key, _text(key))
    write_private(files.certificate, certificate.public_bytes(serialization.Encoding.PEM).decode())
    write_private(files.authority, authority.public_bytes(serialization.Encoding.PEM).decode())
    # Whoever runs the vendor's program may be another user.
    files.authority.chmod(0o644)
    return files


def _new_key() -> rsa.RSAPrivateKey:
    # RSA, since Mono reads no certificate of an elliptic curve, and vendors' products are not all of this year.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _authority(key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    name = _named(f"{_NAME}, autorité")
    return (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: rsa.RSAPrivateKey,
    authority: x509.Certificate,
    authority_key: rsa.RSAPrivateKey,
    names: Sequence[str],
    now: datetime,
) -> x509.Certificate:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    # Python 3.13 refuses a certificate without the identifiers of its key and of its authority's (RFC 5280, 4.2.1).
    return (
        _builder(_named(f"{_NAME}, {names[0]}"), authority.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now - _CLOCKS_DIFFER + timedelta(days=VALID_DAYS))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _text(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
