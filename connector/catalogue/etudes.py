"""Students and pupils: CNOUS, the ministry of higher education, the ministry of education."""

from datetime import date
from typing import Final

from connector.catalogue.definition import CheckDefinition, Endpoint, particulier_endpoint
from connector.catalogue.identity import CNOUS, MEN, MESRI
from connector.jobs.defects import Defect, invalid, missing
from schemas.base import DataModel, RequestModel
from schemas.checks.etudiant_boursier import (
    EtudiantBoursierData,
    EtudiantBoursierIneParams,
    EtudiantBoursierParams,
    EtudiantBoursierV3Data,
    EtudiantBoursierV5Data,
)
from schemas.checks.parametres import IneParams, NoParams
from schemas.checks.scolarite import ScolariteData, ScolariteParams, ScolariteV3Data, ScolariteV3Params
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


def _scolarite(version: int, data: type[DataModel], params: type[RequestModel] = ScolariteParams) -> Endpoint:
    return particulier_endpoint(
        Call.IDENTITE,
        f"/v{version}/men/scolarites",
        f"api_particulier_v{version}_men_scolarites",
        data,
        params,
        identity=MEN,
    )


def _scolarite_rule(params: ScolariteParams | ScolariteV3Params, today: date) -> Defect | None:
    of_place = _school_or_area(params) if isinstance(params, ScolariteParams) else None
    return _school_year(params.annee_scolaire, today) or of_place


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
        summary=(
            "Si la personne est boursière du CNOUS, à quel échelon, pour quelle période. `campaign_year` est "
            "l'année de la rentrée (2025 pour 2025-2026) ; sans lui, la bourse en cours. Par INE ou par "
            "identité. La version 3 n'a pas `campaign_year`, et son statut est un seul champ."
        ),
        essential=("/statut_boursier/est_boursier", "/est_boursier"),
        provider="CNOUS",
        endpoints=(
            *_boursier(4, EtudiantBoursierData, EtudiantBoursierParams, EtudiantBoursierIneParams),
            *_boursier(5, EtudiantBoursierV5Data, EtudiantBoursierParams, EtudiantBoursierIneParams),
            *_boursier(3, EtudiantBoursierV3Data, NoParams, IneParams),
        ),
        other_scopes=("cnous_statut_bourse",),
        no_record_detail=(
            "Le CNOUS ne connaît pas de bourse pour cette personne cette année, ou ne reconnaît pas cette identité. "
            "Vérifier l'identité, ou demander avec l'INE. Le CNOUS ne connaît toutes les bourses d'une année qu'à la fin "
            "de novembre."
        ),
        notes=(
            (
                "Le CNOUS connaît environ 85 % des boursiers en octobre, tous à la fin de novembre. Les bourses régionales de "
                "la campagne suivante arrivent à partir de mai, les nationales à partir de juillet."
            ),
            "`campaign_year` peut être une campagne à venir. La version 5 ajoute l'INE (scope `cnous_ine`).",
            "Une réponse qui donne un seul prénom a un second élément nul dans `identite.prenoms`.",
        ),
    ),
    CheckDefinition(
        name="statut_etudiant",
        title="Statut d'étudiant",
        summary=(
            "Les admissions d'une personne dans le supérieur. Être dans `admissions` n'est pas être inscrit "
            ": lire `est_inscrit`. Seul le premier prénom est envoyé."
        ),
        essential=("/admissions",),
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
        summary=(
            "Si l'élève est scolarisé, et boursier. Donner `annee_scolaire`, et soit l'établissement "
            "(`code_etablissement`, code UAI), soit un périmètre d'une seule sorte "
            "(`codes_bcn_departements` ou `codes_bcn_regions`) avec `degre_etablissement`. Les codes BCN ne "
            "sont pas ceux de l'INSEE. L'identité est celle de l'élève, pas celle du parent. Avant la "
            "mi-octobre, `est_boursier` à `false` peut vouloir dire « pas encore saisi »."
        ),
        essential=("/est_scolarise",),
        provider="MEN",
        endpoints=(
            _scolarite(5, ScolariteData),
            _scolarite(4, ScolariteV3Data),
            _scolarite(3, ScolariteV3Data, ScolariteV3Params),
        ),
        params_rule=_scolarite_rule,
        params_note=(
            "Donner `code_etablissement`, ou un périmètre d'une seule sorte (`codes_bcn_departements` ou "
            "`codes_bcn_regions`) avec `degre_etablissement`, et pas les deux. La version 3 demande `code_etablissement`."
        ),
        no_record_detail=(
            "Aucun élève de ce nom n'a été trouvé dans cet établissement ou ce périmètre pour cette année scolaire. "
            "Vérifier l'établissement, l'année scolaire et l'identité. De la mi-août au lendemain de la rentrée, la base des "
            "élèves est vide : cette réponse ne veut alors pas dire que l'enfant n'est pas scolarisé."
        ),
        not_concerned_detail=(
            "L'élève est connu, et n'a pas de scolarité pour cette année scolaire. Il n'y a rien à corriger. Si la rentrée "
            "vient d'avoir lieu, redemander plus tard."
        ),
        notes=(
            (
                "De la mi-août au lendemain de la rentrée, la base des élèves est vide : les élèves du premier degré n'ont jamais "
                "de dossier, et ceux du second degré peuvent ne pas en avoir. Ne pas en conclure qu'un enfant n'est pas "
                "scolarisé. Le second degré de l'année suivante est connu à partir du 6 juillet."
            ),
            "« Non boursier » n'est fiable qu'à partir de la mi-octobre.",
        ),
        example_params={"code_etablissement": "0990001Z", "annee_scolaire": "2025-2026"},
    ),
)
