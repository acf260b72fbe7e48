"""What asks about tokens."""

import httpx

from connector.settings.settings import Settings
from connector.sources.introspection import Introspector


def build_introspector(settings: Settings, transport: httpx.AsyncBaseTransport) -> Introspector:
    """Build what asks API Particulier about tokens."""
    return Introspector(transport, settings.api_particulier_url.get_secret_value())
