"""The habilitation forms that a vendor may work with, as data: which scopes each asks for.

Sources: the two vendors' links on DataPass, and the use case that API Particulier's site describes for a CCAS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from connector.catalogue import CATALOGUE

PresetName = Literal["millesime", "sonate-opus", "ccas", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One form."""

    title: str
    """French: whose form it is."""
    scopes: tuple[str, ...]
    """What it asks for, in the form's order."""
    declined: tuple[str, ...] = ()
    """What it names so as not to ask for it: those boxes are left empty."""
    legal_ground: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What its link writes beside the scopes, by the name of the link's parameter, in French."""


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "millesime": Preset(
            title="Millésime Action Sociale (Up), et un CCAS sans éditeur",
            scopes=(
                "dgfip_avis_imposition",
                "dgfip_adresse",
                "cnaf_quotient_familial",
                "cnaf_allocataires",
                "cnaf_enfants",
            ),
            declined=("cnaf_adresse",),
        ),
        "sonate-opus": Preset(
            title="Sonate Opus (Arpège)",
            scopes=("dgfip_avis_imposition", "cnaf_quotient_familial"),
            declined=("dgfip_adresse", "cnaf_allocataires", "cnaf_enfants", "cnaf_adresse"),
            legal_ground=MappingProxyType(
                {
                    "fondement_juridique_title": (
                        "Délibérations du conseil d'administration qui fixent le calcul des aides ou le prix des "
                        "services ; à défaut, ce sur quoi le travailleur social ou la commission fonde sa décision."
                    ),
                    "fondement_juridique_url": "Joindre ces délibérations, ou les procédures internes.",
                }
            ),
        ),
        # The use case names rights and situations. An address or an e-mail proves none of them, and neither of the
        # vendors' forms asks for the CAF's: an operator who needs one adds its scope.
        "ccas": Preset(
            title="Aides sociales d'un CCAS",
            scopes=(
                "cnaf_quotient_familial",
                "cnaf_allocataires",
                "cnaf_enfants",
                "mesri_identite",
                "mesri_admissions",
                "mesri_admission_inscrit",
                "mesri_admission_regime_formation",
                "mesri_admission_commune_etudes",
                "mesri_admission_etablissement_etudes",
                "cnous_statut_boursier",
                "cnous_echelon_bourse",
                "cnous_periode_versement",
                "cnous_statut_bourse",
                "cnous_ville_etudes",
                "cnous_identite",
                "men_statut_identite",
                "men_statut_scolarite",
                "men_statut_etablissement",
                "men_statut_module_elementaire_formation",
                "men_statut_boursier",
                "men_echelon_bourse",
                "men_regime_pensionnat",
                "pole_emploi_identifiant",
                "pole_emploi_identite",
                "pole_emploi_inscription",
                "pole_emploi_paiements",
                "prime_activite",
                "prime_activite_majoration",
                "revenu_solidarite_active",
                "revenu_solidarite_active_majoration",
                "complementaire_sante_solidaire",
                "allocation_adulte_handicape",
                "allocation_soutien_familial",
            ),
            declined=("cnaf_adresse", "cnous_email", "pole_emploi_contact", "pole_emploi_adresse"),
        ),
        "all": Preset(
            title="Toutes les données du catalogue",
            scopes=tuple(dict.fromkeys(scope for check in CATALOGUE.values() for scope in check.scopes)),
        ),
    }
)
"""By name (``PresetName``)."""
