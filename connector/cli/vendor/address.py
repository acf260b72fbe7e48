"""Where a vendor speaks to, and as whom."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from connector.amqp.topology import reply_queue
from connector.demo.connection_file import read_connection
from connector.errors import OperatorError
from connector.jobs.records import VENDOR_NAME
from connector.settings.addresses import is_loopback
from connector.settings.broker_address import BrokerAddress, broker_address

TRIALS: Final = "essais"
"""The further reply queue that a sandbox has for trials."""


class AddressError(OperatorError):
    """No address, or one that cannot be read; the message, in French, shows no part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorAddress:
    """A vendor's way to the broker."""

    vendor: str
    user: str
    broker: BrokerAddress
    queue: str
    """Where replies come, unless another queue is asked for."""
    is_local: bool
    """The broker is on this machine, as a sandbox's is."""

    @property
    def is_in_clear(self) -> bool:
        """Tell whether the password and the jobs would cross a network in clear."""
        return self.broker.ssl is False and not self.is_local


def chosen_address(
    name: str | None, url: str | None, connection_file: Path | None, sandbox_file: Path
) -> VendorAddress:
    """Return what the connection's file gives, else the address, else the sandbox's file. Raises ``AddressError``."""
    if connection_file is None and url is None:
        if not sandbox_file.exists():
            raise AddressError(
                "à qui parler ? Donner --connection FICHIER (le connection.json de « ccas-connector sandbox up »), ou "
                "l'adresse de l'éditeur dans CONNECTOR_VENDOR_URL"
            )
        connection_file = sandbox_file
    if connection_file is not None:
        return _of_file(name, connection_file)
    return _of_url(name, url or "")


def _of_file(name: str | None, path: Path) -> VendorAddress:
    connection = read_connection(path)
    vendor = _vendor(name or connection.user)
    trials = reply_queue(vendor, TRIALS)
    return VendorAddress(
        vendor=vendor,
        user=connection.user,
        broker=BrokerAddress(
            connection.url.get_secret_value(),
            ssl={"server_hostname": connection.host, "ca_certs": str(connection.ca_file)},
        ),
        queue=trials if trials in connection.reply_queues else reply_queue(vendor),
        is_local=is_loopback(connection.host),
    )


def _of_url(name: str | None, url: str) -> VendorAddress:
    try:
        broker = broker_address(url)
        parts = urlsplit(url)
        user, host, scheme = unquote(parts.username or ""), parts.hostname or "", parts.scheme
    except ValueError as error:
        raise _unreadable(str(error)) from None
    if scheme not in {"amqp", "amqps"}:
        raise _unreadable("is neither amqp:// nor amqps://")
    vendor = _vendor(name or user)
    return VendorAddress(
        vendor=vendor, user=user, broker=broker, queue=reply_queue(vendor), is_local=is_loopback(host)
    )


def _unreadable(why: str) -> AddressError:
    return AddressError(
        f"l'adresse de l'éditeur (CONNECTOR_VENDOR_URL, --url) est illisible : {why} ; attendu : "
        "amqps://utilisateur:mot-de-passe@hôte/%2F?cacertfile=/chemin/ca.pem"
    )


def _vendor(name: str) -> str:
    if not re.fullmatch(VENDOR_NAME, name):
        raise AddressError(
            "le nom d'éditeur est une minuscule, puis au plus 31 signes parmi a-z 0-9 - ; le donner avec --vendor"
        )
    return name
