"""Why a server cannot be reached, in one sentence: the network's and TLS's causes, which all servers have in common.

No sentence repeats a part of an address, but the path of a file that it names.
"""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final

_CERTIFICATES: Final = {
    9: "its certificate is not valid yet: look at this machine's clock",
    10: "its certificate has expired",
    18: "its certificate is self-signed: no authority known here vouches for it",
    19: "its certificate is signed by an authority that is not known here; name that authority's file",
    20: "its certificate is signed by an authority that is not known here; name that authority's file",
    23: "its certificate was revoked",
    62: "its certificate is for another host name than the one in the address",
    64: "its certificate is for another host than the IP address in the address",
}
"""By OpenSSL's code of a verification that failed (``X509_verify_cert_error_string``)."""
_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": "it asks for a client certificate, and none was given",
    "UNKNOWN_CA": "it does not know the authority of the client certificate",
    "CERTIFICATE_EXPIRED": "it says that the client certificate has expired",
    "BAD_CERTIFICATE": "it refuses the client certificate",
    "HANDSHAKE_FAILURE": "it and this machine have no TLS version, cipher or certificate in common",
    "PROTOCOL_VERSION": "it and this machine have no TLS version in common",
    "WRONG_VERSION_NUMBER": "its port does not speak TLS",
    "RECORD_LAYER_FAILURE": "its port does not speak TLS",
    "KEY_VALUES_MISMATCH": "the client's key is not the one of its certificate",
    "NO_CERTIFICATE_OR_CRL_FOUND": "a certificate file holds no certificate",
    "PEM": "a certificate's or a key's file is not in the PEM format",
    "NO_START_LINE": "a certificate's or a key's file is not in the PEM format",
}
"""By a part of OpenSSL's reason, the first that fits."""
_NUMBERS: Final = {
    errno.ECONNREFUSED: "nothing listens at its address: is it started, and is the port right?",
    errno.ECONNRESET: "it closed the connection: does the port speak this protocol, with or without TLS?",
    errno.EPIPE: "it closed the connection: does the port speak this protocol, with or without TLS?",
    errno.ETIMEDOUT: "it does not answer: a firewall may be in between",
    errno.EHOSTUNREACH: "there is no way to its host",
    errno.ENETUNREACH: "there is no way to its network",
    errno.EHOSTDOWN: "its host is down",
    errno.EACCES: "this machine does not allow it",
    errno.EPERM: "this machine does not allow it",
}


def network_cause(error: BaseException) -> str:
    """Return the sentence that an error, or one that it came from, stands for; else the name of its type."""
    for one in _chain(error):
        if found := _cause(one):
            return found
    return type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it came from; an ``os_error`` attribute is aiohttp's."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        found = (one.__cause__, one.__context__, getattr(one, "os_error", None), *one.args)
        waiting += [each for each in found if isinstance(each, BaseException)]


def _cause(error: BaseException) -> str | None:
    match error:
        case ssl.SSLError():
            return _of_tls(error)
        case socket.gaierror():
            return "its host name does not resolve"
        case OSError() if _is_of_a_file(error):
            return _of_file(error)
        case TimeoutError():
            return _NUMBERS[errno.ETIMEDOUT]
        case OSError():
            return _NUMBERS.get(error.errno or 0)
        case _:
            return None


def _is_of_a_file(error: OSError) -> bool:
    # A connection may be forbidden too, which names none.
    return isinstance(error, FileNotFoundError | IsADirectoryError) or (
        isinstance(error, PermissionError) and bool(error.filename)
    )


def _of_file(error: OSError) -> str:
    # OpenSSL names none.
    which = f"the file {error.filename}" if error.filename else "a file that the address names"
    return f"{which} cannot be read: {(error.strerror or 'it is not there').lower()}"


def _of_tls(error: ssl.SSLError) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        # aiohttp's has none, and came from one that has.
        code = getattr(error, "verify_code", None)
        return (
            None
            if code is None
            else _CERTIFICATES.get(code, f"its certificate is not accepted (OpenSSL's code {code})")
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "it closed the connection while TLS began: does its port speak TLS, and does it want a client certificate?"
    reason = getattr(error, "reason", None) or ""
    told = next((sentence for part, sentence in _ALERTS.items() if part in reason), None)
    return told or (f"TLS failed ({reason.lower()})" if reason else None)
