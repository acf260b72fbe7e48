"""The names under which API Particulier's ``/api/<name>/ping`` knows its endpoints.

Seen in the public configuration of its server; it answers 200, 502 when the provider is down, 404 for a name it does
not know. It keeps an answer for 2 to 30 minutes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.catalogue.definition import Endpoint
from schemas.codes import Call

_BY_PATH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dss/quotient_familial": "cnaf_msa_quotient_familial",
        "dss/revenu_solidarite_active": "cnaf_msa_revenu_solidarite_active",
        "dss/prime_activite": "cnaf_msa_prime_activite",
        "dss/allocation_adulte_handicape": "cnaf_msa_allocation_adulte_handicape",
        "dss/allocation_soutien_familial": "cnaf_msa_allocation_soutien_familial",
        "dss/participation_familiale_eaje": "cnaf_msa_participation_familiale_eaje",
        "dss/complementaire_sante_solidaire": "securite_sociale_complementaire_sante_solidaire",
        "dsnj/service_national": "dsnj_service_national",
        "france_travail/statut": "pole_emploi_status",
        "france_travail/indemnites": "pole_emploi_indemnites",
        "men/scolarites": "men_scolarite",
        "sdh/statut_sportif": "sdh_statut_sportif",
        "ants/extrait_immatriculation_vehicule": "ants",
    }
)
_BY_PATH_AND_CALL: Final[Mapping[tuple[str, Call], str]] = MappingProxyType(
    {
        ("cnous/etudiant_boursier", Call.INE): "cnous_etudiant_boursier_ine",
        ("cnous/etudiant_boursier", Call.IDENTITE): "cnous_etudiant_boursier_identite",
        ("cnous/etudiant_boursier", Call.FRANCE_CONNECT): "cnous_etudiant_boursier_france_connect",
        ("mesri/statut_etudiant", Call.INE): "mesri_statut_etudiant_ine",
        ("mesri/statut_etudiant", Call.IDENTITE): "mesri_statut_etudiant_identite",
        ("mesri/statut_etudiant", Call.FRANCE_CONNECT): "mesri_statut_etudiant_identite",
    }
)


def ping_name(endpoint: Endpoint) -> str | None:
    """Return the name of an endpoint's ping; None where it has none."""
    _, _version, path = endpoint.path.split("/", 2)
    resource = path.rpartition("/")[0]
    return _BY_PATH_AND_CALL.get((resource, endpoint.call)) or _BY_PATH.get(resource)
