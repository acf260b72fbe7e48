"""API Particulier asked for its nomenclature of errors."""

from typing import Final

import httpx

from connector.errors import OperatorError
from connector.sources.exchange import Unanswered
from connector.sources.http import request, send
from connector.sources.nomenclature.drift import Nomenclature, NomenclatureError, read_nomenclature

_WITHIN_SECONDS: Final = 30.0
_OK: Final = 200


class NoNomenclatureError(OperatorError):
    """The API could not be asked, or gave something else; the message, on one line, says what to look at."""


class OtherNomenclatureError(NoNomenclatureError):
    """The API gave its nomenclature in another form than the one that is read."""

    def __init__(self, error: NomenclatureError) -> None:
        """``error`` names the member at fault."""
        super().__init__(f"CONNECTOR_API_PARTICULIER_URL: {error} on /api/errors")
        self.member = error.member


async def fetch_nomenclature(transport: httpx.AsyncBaseTransport, base_url: str) -> Nomenclature:
    """Return what the API at an address says of its errors, without a token.

    Raises ``NoNomenclatureError``, or ``OtherNomenclatureError``.
    """
    asked = request("GET", f"{base_url.rstrip('/')}/api/errors")
    answer = await send(transport, asked, _WITHIN_SECONDS)
    if isinstance(answer, Unanswered):
        raise NoNomenclatureError(
            f"CONNECTOR_API_PARTICULIER_URL: the API does not answer ({answer.code}); see: ccas-connector health"
        )
    if answer.http_status != _OK:
        raise NoNomenclatureError(
            f"CONNECTOR_API_PARTICULIER_URL: the API gives no nomenclature of errors (HTTP {answer.http_status} on "
            "/api/errors); it may not be deployed there yet"
        )
    try:
        return read_nomenclature(answer.body)
    except NomenclatureError as error:
        if error.member:
            raise OtherNomenclatureError(error) from None
        # A proxy's page, most likely.
        raise NoNomenclatureError(f"CONNECTOR_API_PARTICULIER_URL: {error} on /api/errors") from None
