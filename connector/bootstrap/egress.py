"""What every call of a program goes through."""

from urllib.parse import urlsplit

import httpx

from connector.settings.addresses import is_loopback
from connector.settings.settings import Settings
from connector.sources.transport import Egress, http_transport


def open_transport(settings: Settings) -> httpx.AsyncBaseTransport:
    """Return the transport of all calls; nothing is connected yet.

    A proxy is for what leaves this machine: a sandbox here is called without one.
    """
    host = urlsplit(settings.api_particulier_url.get_secret_value()).hostname or ""
    proxy = None if is_loopback(host) else settings.proxy_url
    return http_transport(Egress(ca_file=settings.ca_file, proxy=proxy))
