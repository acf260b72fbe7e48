"""The tax notice: API Impôt particulier, and API Particulier 2 for those who still test against it."""

from datetime import date
from typing import Final

from connector.catalogue.avis_v2 import avis_v2
from connector.catalogue.definition import CheckDefinition, Endpoint, QuotaGroup, Source
from connector.catalogue.situation_ir import situation_ir
from connector.jobs.defects import Defect, invalid
from schemas.checks.avis_imposition import AvisImpositionData, AvisImpositionParams, SituationIrParams
from schemas.codes import Call


def _notice_not_to_come(params: AvisImpositionParams, today: date) -> Defect | None:
    """Refuse a reference whose first two digits, the year of the tax, lie in the future."""
    year = params.reference_avis[:2]
    if year.isdecimal() and 2000 + int(year) > today.year:
        return invalid(
            "reference_avis", "Les deux premiers chiffres de la référence donnent une année d'impôt à venir."
        )
    return None


IMPOTS: Final[tuple[CheckDefinition, ...]] = (
    CheckDefinition(
        name="avis_imposition",
        title="Avis d'imposition et adresse fiscale",
        summary=(
            "Le revenu fiscal de référence, les parts, la situation, l'adresse fiscale. `numero_fiscal` a 13 "
            "chiffres et `reference_avis` 13 ou 14 caractères, sans espaces ; tous deux sont sur la première "
            "page de l'avis. Un avis corrigé a une autre référence que le premier. Les deux premiers "
            "chiffres de la référence donnent l'année de l'impôt ; les revenus sont ceux de l'année "
            "précédente.\n\nLa source est API Impôt particulier (`api_version` 1), qui n'emploie que ces "
            "deux chiffres : une référence fausse de la bonne année n'y est pas décelée, et "
            "`erreur_correctif` comme `situation_partielle` y sont toujours vides. `montant_impot` est nul "
            "quand rien n'est dû. L'ancien service d'API Particulier (`api_version` 2) a été retiré de la "
            "production : `source_withdrawn`. Un connecteur que son hébergeur n'a pas raccordé à API Impôt "
            "particulier répond de même pour `api_version` 1."
        ),
        provider="DGFIP",
        essential=("/revenu_fiscal_reference",),
        quota_group=QuotaGroup.AVIS_IMPOSITION,
        endpoints=(
            Endpoint(
                call=Call.AVIS,
                api_version=1,
                source=Source.API_IMPOT_PARTICULIER,
                path="/impotparticulier/1.0/spi/{spi}/situations/ir/assiettes/annrev/{annrev}",
                operation="api_impot_particulier_v1_situation_ir",
                params=SituationIrParams,
                data=AvisImpositionData,
                form=situation_ir,
            ),
            # Its production answers 410 since 8 January 2024; its sandbox still answers.
            Endpoint(
                call=Call.AVIS,
                api_version=2,
                source=Source.API_PARTICULIER_V2,
                path="/api/v2/avis-imposition",
                operation="api_particulier_v2_dgfip_avis_imposition",
                params=AvisImpositionParams,
                data=AvisImpositionData,
                form=avis_v2,
            ),
        ),
        params_rule=_notice_not_to_come,
        params_note="Les deux premiers chiffres de `reference_avis` donnent l'année de l'impôt ; ni espace ni tiret.",
        no_record_detail=(
            "Aucun avis d'imposition n'a été trouvé. Vérifier sur la première page de l'avis le numéro fiscal (13 "
            "chiffres) et la référence, qui change quand l'avis est corrigé. Si aucune demande de ce CCAS n'aboutit, "
            "prévenir l'hébergeur du connecteur : l'habilitation à la DGFiP peut être en cause."
        ),
        example_params={"numero_fiscal": "3099999999001", "reference_avis": "2599999999001"},
    ),
)
