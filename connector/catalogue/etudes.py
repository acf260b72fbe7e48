"""Students and pupils: CNOUS, the ministry of higher education, the ministry of education."""

from datetime import date
from typing import Final

from connector.catalogue.definition import CheckDefinition, Endpoint, particulier_endpoint
from connector.defects import Defect, invalid, missing
from connector.identity import CNOUS, MEN, MESRI
from schemas.base import DataModel, RequestModel
from schemas.checks.etudiant_boursier import (
    EtudiantBoursierData,
    EtudiantBoursierIneParams,
    EtudiantBoursierParams,
    EtudiantBoursierV3Data,
)
from schemas.checks.parametres import IneParams, NoParams
from schemas.checks.scolarite import ScolariteData, ScolariteParams, ScolariteV3Data
from schemas.checks.statut_etudiant import StatutEtudiantData
from schemas.codes import Call

_WITHOUT_IDENTITY: Final = frozenset({"identite"})
"""A FranceConnect call does not return the identity, which its caller has."""


def _boursier(
    version: int, data: type[DataModel], params: type[RequestModel], ine: type[RequestModel]
) -> tuple[Endpoint, ...]:
    path = f"/v{version}/cnous/etudiant_boursier"
    operation = f"api_particulier_v{version}_cnous_etudiant_boursier"
    return (
        particulier_endpoint(Call.IDENTITE, path, operation, data, params, identity=CNOUS),
        particulier_endpoint(
            Call.FRANCE_CONNECT, path, operation, data, params, never_returns=_WITHOUT_IDENTITY
        ),
        particulier_endpoint(Call.INE, path, operation, data, ine),
    )


def _statut_etudiant() -> tuple[Endpoint, ...]:
    path, operation = "/v3/mesri/statut_etudiant", "api_particulier_v3_mesri_statut_etudiant"
    data = StatutEtudiantData
    return (
        particulier_endpoint(Call.IDENTITE, path, operation, data, NoParams, identity=MESRI),
        particulier_endpoint(
            Call.FRANCE_CONNECT, path, operation, data, NoParams, never_returns=_WITHOUT_IDENTITY
        ),
        particulier_endpoint(Call.INE, path, operation, data, IneParams),
    )


def _scolarite(version: int, data: type[DataModel]) -> Endpoint:
    return particulier_endpoint(
        Call.IDENTITE,
        f"/v{version}/men/scolarites",
        f"api_particulier_v{version}_men_scolarites",
        data,
        ScolariteParams,
        identity=MEN,
    )


def _campaign_begun(params: RequestModel, today: date) -> Defect | None:
    """Refuse a campaign of a year to come; version 3 takes no campaign."""
    year = params.campaign_year if isinstance(params, EtudiantBoursierParams) else None
    is_to_come = year is not None and year > today.year
    return invalid("campaign_year", "Cette campagne n'a pas commencé.") if is_to_come else None


def _scolarite_rule(params: ScolariteParams, today: date) -> Defect | None:
    return _school_year(params.annee_scolaire, today) or _school_or_area(params)


def _school_year(annee_scolaire: str, today: date) -> Defect | None:
    """Demand a year and the one after it, of which the first is at most the next year."""
    first, *second = map(int, annee_scolaire.split("-"))
    if second not in ([], [first + 1]):
        return invalid("annee_scolaire", "Une année scolaire va d'une année à la suivante : 2025-2026.")
    return (
        invalid("annee_scolaire", "Cette année scolaire est trop lointaine.")
        if first > today.year + 1
        else None
    )


def _school_or_area(params: ScolariteParams) -> Defect | None:
    """Demand a school or an area, and not both; one kind of area, with its degree."""
    areas = [
        name for name in ("codes_bcn_departements", "codes_bcn_regions") if getattr(params, name) is not None
    ]
    if params.code_etablissement is not None:
        detail = "Donner l'établissement ou un périmètre (départements ou régions), pas les deux."
        return invalid("code_etablissement", detail) if areas else None
    match areas:
        case []:
            return missing(
                "code_etablissement",
                "Donner le code UAI de l'établissement, ou un périmètre (codes_bcn_departements ou "
                "codes_bcn_regions) avec degre_etablissement.",
            )
        case [_only]:
            detail = "Un périmètre demande le degré : 1D (écoles) ou 2D (collèges et lycées)."
            return missing("degre_etablissement", detail) if params.degre_etablissement is None else None
        case _:
            return invalid("codes_bcn_regions", "Donner des départements ou des régions, pas les deux.")


ETUDES: Final = (
    CheckDefinition(
        name="etudiant_boursier",
        title="Statut d'étudiant boursier",
        provider="CNOUS",
        endpoints=(
            *_boursier(4, EtudiantBoursierData, EtudiantBoursierParams, EtudiantBoursierIneParams),
            *_boursier(3, EtudiantBoursierV3Data, NoParams, IneParams),
        ),
        other_scopes=("cnous_statut_bourse",),
        params_rule=_campaign_begun,
        no_record_detail=(
            "Le CNOUS ne connaît pas de bourse pour cette personne cette année, ou ne reconnaît pas cette identité. "
            "Vérifier l'identité, ou demander avec l'INE."
        ),
    ),
    CheckDefinition(
        name="statut_etudiant",
        title="Statut d'étudiant",
        provider="MESRI",
        endpoints=_statut_etudiant(),
        no_record_detail=(
            "Aucune inscription n'a été trouvée, ou l'identité n'est pas reconnue. Vérifier l'identité, ou demander "
            "avec l'INE."
        ),
    ),
    CheckDefinition(
        name="scolarite",
        title="Statut d'élève scolarisé et boursier",
        provider="MEN",
        endpoints=(
            _scolarite(5, ScolariteData),
            _scolarite(4, ScolariteV3Data),
            _scolarite(3, ScolariteV3Data),
        ),
        params_rule=_scolarite_rule,
        params_note=(
            "Donner `code_etablissement`, ou un périmètre d'une seule sorte (`codes_bcn_departements` ou "
            "`codes_bcn_regions`) avec `degre_etablissement`, et pas les deux."
        ),
        no_record_detail=(
            "Aucun élève de ce nom n'a été trouvé dans cet établissement ou ce périmètre pour cette année scolaire. "
            "Vérifier l'établissement, l'année scolaire et l'identité."
        ),
        example_params={"code_etablissement": "0990001Z", "annee_scolaire": "2025-2026"},
    ),
)
