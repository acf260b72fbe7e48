"""The tax notice's two sources: API Particulier 2, and API Impôt particulier with its token endpoint.

Sources: both OpenAPI files. A client of API Impôt particulier authenticates with any identifier and the secret
``sandbox``.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from aiohttp import web

from connector.sandbox.cases import comparable
from connector.sandbox.failure_answers import as_erreur, as_oauth2, as_v2
from connector.sandbox.failures import DGFIP
from connector.sandbox.route import Refusal, Route
from connector.sandbox.setting import Sandbox
from connector.sandbox.tokens import InvalidTokenError, read_signed, read_token, sign

OPERATION_V2: Final = "api_particulier_v2_dgfip_avis_imposition"
OPERATION_IR: Final = "api_impot_particulier_v1_situation_ir"
OPERATIONS: Final = (OPERATION_V2, OPERATION_IR)
"""The folders of the cases that these routes answer from."""
CLIENT_SECRET: Final = "sandbox"  # noqa: S105 - everybody knows it
_KEY: Final = b"sandbox-dgfip"
_TOKEN_SECONDS: Final = 3600
_SCOPE: Final = "dgfip_avis_imposition"
_ADDRESS_SCOPE: Final = "dgfip_adresse"
_ADDRESS: Final = "foyerFiscal"
_NUMERO: Final = re.compile("[0-9a-zA-Z]{13}")
_REFERENCE: Final = re.compile("[0-9a-zA-Z]{13,14}")
_UUID: Final = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BEAN: Final = "application/prs.dgfip.part.situations.ir.assiettes.v1+json"


def impots_routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of both sources."""
    impots = _Impots(sandbox)
    situation = "/impotparticulier/1.0/spi/{spi}/situations/ir/assiettes/annrev/{annrev}"
    return [
        Route(path="/api/v2/avis-imposition", handler=impots.avis, provider=DGFIP, write=as_v2),
        Route(method="POST", path="/token", handler=impots.token, provider=DGFIP, write=as_oauth2),
        Route(path=situation, handler=impots.situation, provider=DGFIP, write=as_erreur),
    ]


@dataclass(frozen=True, slots=True)
class _Impots:
    sandbox: Sandbox

    async def avis(self, request: web.Request) -> web.Response:
        if self.sandbox.is_v2_withdrawn:
            return _refusal(410, "gone", "Cette API n'est plus disponible.")
        try:
            token = read_token(request.headers.get("X-Api-Key", ""))
        except InvalidTokenError:
            token = None
        if token is None or token.is_revoked or token.has_expired(self.sandbox.clock()):
            return _refusal(401, "access_denied", "Votre jeton d'API n'a pas été trouvé ou n'est pas actif")
        if _SCOPE not in token.scopes:
            return _refusal(401, "access_denied", "Votre jeton n'ouvre pas droit à cette API")
        numero, reference = (request.query.get(name, "") for name in ("numeroFiscal", "referenceAvis"))
        asked = comparable((("numeroFiscal", numero), ("referenceAvis", reference)))
        case = self.sandbox.cases.find(OPERATION_V2, asked)
        if case is None or not _NUMERO.fullmatch(numero) or not _REFERENCE.fullmatch(reference):
            message = "Les paramètres fournis sont incorrects ou ne correspondent pas à un avis"
            return web.json_response(_flat("not_found", message), status=404)
        return web.Response(
            text=_masked(case.payload, token.scopes), status=case.status, content_type="application/json"
        )

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not client_id or secret != CLIENT_SECRET:
            return web.json_response({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        expires_at = int(self.sandbox.clock().timestamp()) + _TOKEN_SECONDS
        return web.json_response(
            {
                "access_token": sign({"sub": client_id, "exp": expires_at}, _KEY),
                "token_type": "Bearer",
                "expires_in": _TOKEN_SECONDS,
            },
        )

    async def situation(self, request: web.Request) -> web.Response:
        if not self._is_issued(request.headers.get("Authorization", "")):
            return web.json_response({"erreur": {"message": "jeton absent ou expiré"}}, status=401)
        if not _UUID.fullmatch(request.headers.get("X-Correlation-ID", "")):
            return web.json_response(
                {"erreur": {"message": "X-Correlation-ID absent ou incorrect"}}, status=400
            )
        spi, annrev = request.match_info["spi"], request.match_info["annrev"]
        if not re.fullmatch("[0-9]{13}", spi):
            return web.json_response({"erreur": {"message": "format SPI incorrect"}}, status=400)
        case = self.sandbox.cases.find(OPERATION_IR, comparable((("spi", spi), ("annrev", annrev))))
        if case is None:
            return web.Response(status=404)
        return web.Response(text=case.payload, status=case.status, content_type=_BEAN)

    def _is_issued(self, authorization: str) -> bool:
        scheme, _, text = authorization.partition(" ")
        try:
            claims = read_signed(text, _KEY)
        except InvalidTokenError:
            return False
        return scheme.lower() == "bearer" and int(claims["exp"]) > self.sandbox.clock().timestamp()


def _basic(request: web.Request) -> tuple[str, str] | None:
    """Return the client of HTTP Basic authentication, as RFC 6749 (2.3.1) encodes it."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(text).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _refusal(status: int, error: str, message: str) -> Refusal:
    return Refusal(text=json.dumps(_flat(error, message)), status=status, content_type="application/json")


def _flat(error: str, message: str) -> dict[str, str]:
    """Return an error as API Particulier 2 writes it."""
    return {"error": error, "reason": message, "message": message}


def _masked(payload: str, scopes: frozenset[str]) -> str:
    """Return a notice without the household's address where no scope opens it, as production masks it."""
    if _ADDRESS_SCOPE in scopes:
        return payload
    return json.dumps({name: member for name, member in json.loads(payload).items() if name != _ADDRESS})
