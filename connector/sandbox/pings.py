"""Pings: whether the provider of an endpoint is up. Names are the API's, one per endpoint or call."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from connector.sandbox.route import Route
from connector.sandbox.setting import Sandbox

PINGS: Final[Mapping[str, tuple[str, str]]] = {
    "ants": ("ants", "ANTS - Extrait d'immatriculation de véhicule"),
    "cnaf_msa_allocation_adulte_handicape": ("dss", "Sécurité sociale - Allocation adulte handicapé"),
    "cnaf_msa_allocation_soutien_familial": ("dss", "Sécurité sociale - Allocation de soutien familial"),
    "cnaf_msa_participation_familiale_eaje": ("dss", "Sécurité sociale - Participation familiale EAJE"),
    "cnaf_msa_prime_activite": ("dss", "Sécurité sociale - Prime d'activité"),
    "cnaf_msa_quotient_familial": ("dss", "Sécurité sociale - Quotient familial"),
    "cnaf_msa_revenu_solidarite_active": ("dss", "Sécurité sociale - Revenu de solidarité active"),
    "cnous_etudiant_boursier_france_connect": ("cnous", "CNOUS - Étudiant boursier, par FranceConnect"),
    "cnous_etudiant_boursier_identite": ("cnous", "CNOUS - Étudiant boursier, par l'identité"),
    "cnous_etudiant_boursier_ine": ("cnous", "CNOUS - Étudiant boursier, par l'INE"),
    "dsnj_service_national": ("dsnj", "DSNJ - Service national"),
    "men_scolarite": ("men", "MEN - Scolarité"),
    "mesri_statut_etudiant_identite": ("mesri", "MESRI - Statut étudiant, par l'identité"),
    "mesri_statut_etudiant_ine": ("mesri", "MESRI - Statut étudiant, par l'INE"),
    "pole_emploi_indemnites": ("france_travail", "France Travail - Indemnités"),
    "pole_emploi_status": ("france_travail", "France Travail - Statut"),
    "sdh_statut_sportif": ("sdh", "SDH - Statut de sportif"),
    "securite_sociale_complementaire_sante_solidaire": (
        "dss",
        "Sécurité sociale - Complémentaire santé solidaire",
    ),
}
"""By name: whose failures it shows, and its title."""


def pings_routes(sandbox: Sandbox) -> list[Route]:
    """Return the pings, and their list; a name that has none is a 404 of the server's."""

    async def ping(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "last_update": sandbox.clock().isoformat()})

    return [
        Route(path="/api/ping", handler=_platform),
        Route(path="/api/pings", handler=_list),
        *(
            Route(path=_path(name), handler=ping, provider=provider, is_ping=True)
            for name, (provider, _title) in PINGS.items()
        ),
    ]


async def _platform(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _list(request: web.Request) -> web.Response:
    root = request.url.origin()
    return web.json_response(
        [{"name": title, "url": f"{root}{_path(name)}"} for name, (_provider, title) in PINGS.items()]
    )


def _path(name: str) -> str:
    return f"/api/{name}/ping"
