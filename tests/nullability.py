"""What the server's code can send as null, omit or type otherwise: each row of the reference, as changes of an answer.

The reference groups members in prose; this table says which members, and which values, each of its rows is about. A test
holds that no row is left out.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.conftest import REFERENCE

FILE: Final = REFERENCE / "2026-10" / "nullability.yaml"
OMITTED: Final = object()
"""The member is left out."""
NOT_OF_THE_CATALOGUE: Final = frozenset({"source", "all_endpoints", "cnav_foyer_rsa", "introspect"})

Change = tuple[str, Any]
"""A path in ``data`` (``[]`` is every item of a list) and what the server sends there."""

_PERSON: Final = ("nom_naissance", "prenoms", "date_naissance", "sexe")


def _null(*paths: str) -> tuple[Change, ...]:
    return tuple((path, None) for path in paths)


def _people(*members: str, value: Any = None) -> tuple[Change, ...]:
    return tuple((f"{who}[].{member}", value) for member in members for who in ("allocataires", "enfants"))


ROWS: Final[dict[str, dict[str, tuple[Change, ...]]]] = {
    "cnav_quotient_familial": {
        "quotient_familial.valeur": (
            *_null("quotient_familial.valeur"),
            ("quotient_familial.valeur", "412"),
        ),
        "quotient_familial.fournisseur": (
            *_null("quotient_familial.fournisseur"),
            ("quotient_familial.fournisseur", "RNCPS"),
        ),
        "quotient_familial.annee": (),
        "quotient_familial.mois": (),
        "quotient_familial.annee_calcul": _null("quotient_familial.annee_calcul"),
        "quotient_familial.mois_calcul": _null("quotient_familial.mois_calcul"),
        "allocataires": (("allocataires", []),),
        "enfants": (("enfants", []),),
        "allocataires[].nom_naissance, enfants[].nom_naissance": _people("nom_naissance"),
        "allocataires[].prenoms, enfants[].prenoms": _people("prenoms"),
        "allocataires[].sexe, enfants[].sexe": _people("sexe"),
        "allocataires[].date_naissance, enfants[].date_naissance": (
            *_people("date_naissance", value="0000-00-00"),
            *_people("date_naissance", value="1980-00-00"),
        ),
        "allocataires[].nom_usage, enfants[].nom_usage": _people("nom_usage"),
        "adresse.destinataire": _null("adresse.destinataire"),
        "adresse.code_postal_ville": _null("adresse.code_postal_ville"),
        "adresse.pays": _null("adresse.pays"),
    },
    "cnav_participation_familiale_eaje": {
        "allocataires": _null("allocataires"),
        "enfants": (),
        "allocataires[].*, enfants[].* (nom_naissance, prenoms, date_naissance, sexe)": _people(*_PERSON),
        "adresse": (),
        "adresse.destinataire": _null("adresse.destinataire"),
        "adresse.code_postal_ville": _null("adresse.code_postal_ville"),
        "adresse.pays": _null("adresse.pays"),
        **{
            f"parametres_calcul_participation_familiale.{member}": _null(
                f"parametres_calcul_participation_familiale.{member}"
            )
            for member in ("nombre_enfants_a_charge", "nombre_enfants_beneficiaire_aeeh")
        },
        "parametres_calcul_participation_familiale.base_ressources_annuelles.valeur": (
            ("parametres_calcul_participation_familiale.base_ressources_annuelles.valeur", None),
            ("parametres_calcul_participation_familiale.base_ressources_annuelles.valeur", 18234.5),
        ),
        "parametres_calcul_participation_familiale.base_ressources_annuelles.annee_calcul": (
            ("parametres_calcul_participation_familiale.base_ressources_annuelles.annee_calcul", 0),
        ),
    },
    "cnav_revenu_solidarite_active": {
        "est_beneficiaire": (),
        "date_debut_droit": _null("date_debut_droit"),
        "avec_majoration": _null("avec_majoration"),
    },
    "cnav_prime_activite": {
        "date_debut_droit": _null("date_debut_droit"),
        "avec_majoration": _null("avec_majoration"),
    },
    "cnav_allocation_adulte_handicape": {"date_debut_droit": _null("date_debut_droit")},
    "cnav_allocation_soutien_familial": {"date_debut_droit": _null("date_debut_droit")},
    "cnav_complementaire_sante_solidaire": {
        "avec_participation": (("avec_participation", False),),
        "date_debut_droit": _null("date_debut_droit"),
    },
    "cnav_allocation_enfant_handicape": {
        "status": (("status", "autre_indicateur"),),
        "date_debut_droit": _null("date_debut_droit"),
    },
    "cnav_allocation_rentree_scolaire": {
        "status": (("status", "allocataire"), ("status", "ouvrant_droit"), ("status", "non_beneficiaire")),
        "date_debut_droit": _null("date_debut_droit"),
    },
    "cnous_etudiant_boursier": {
        "est_boursier (v3), statut_boursier.est_boursier (v4, v5)": _null("statut_boursier.est_boursier"),
        "statut_boursier.est_radie": (),
        "statut_boursier.date_radiation": (
            *_null("statut_boursier.date_radiation"),
            ("statut_boursier.date_radiation", "2025-12-01"),
        ),
        "echelon_bourse.echelon": (*_null("echelon_bourse.echelon"), ("echelon_bourse.echelon", "8")),
        "echelon_bourse.echelon_bourse_regionale_provisoire": (
            ("echelon_bourse.echelon_bourse_regionale_provisoire", False),
        ),
        "email": _null("email"),
        "periode_versement_bourse.date_rentree": (),
        "periode_versement_bourse.duree": (
            *_null("periode_versement_bourse.duree"),
            ("periode_versement_bourse.duree", 0),
        ),
        "etablissement_etudes.nom_commune, etablissement_etudes.nom_etablissement": _null(
            "etablissement_etudes.nom_commune", "etablissement_etudes.nom_etablissement"
        ),
        "identite.prenoms": (("identite.prenoms", ["CLAIRE", None]),),
        "identite.nom_commune_naissance": _null("identite.nom_commune_naissance"),
        "identite.sexe": _null("identite.sexe"),
        "identite.date_naissance": (),
        "ine": _null("ine"),
    },
    "mesri_statut_etudiant": {
        "admissions": (("admissions", []), ("admissions", OMITTED)),
        "admissions[].date_debut, admissions[].date_fin": (
            *_null("admissions[].date_debut", "admissions[].date_fin"),
            ("admissions[].date_debut", ""),
        ),
        "admissions[].regime_formation.libelle": _null("admissions[].regime_formation.libelle"),
        "admissions[].regime_formation.code": _null("admissions[].regime_formation.code"),
        "admissions[].code_cog_insee_commune": _null("admissions[].code_cog_insee_commune"),
        "admissions[].etablissement_etudes.uai, admissions[].etablissement_etudes.nom": _null(
            "admissions[].etablissement_etudes.uai", "admissions[].etablissement_etudes.nom"
        ),
        "admissions[].est_inscrit, code_cog_insee_commune, regime_formation, etablissement_etudes": tuple(
            (f"admissions[].{member}", OMITTED)
            for member in (
                "est_inscrit",
                "code_cog_insee_commune",
                "regime_formation",
                "etablissement_etudes",
            )
        ),
        "identite.prenom, identite.date_naissance": _null("identite.prenom", "identite.date_naissance"),
    },
    "men_scolarites": {
        "est_boursier": _null("est_boursier"),
        "echelon_bourse": _null("echelon_bourse"),
        "est_scolarise": (),
        "identite.sexe": (),
        "identite.nom, identite.prenom, identite.date_naissance": _null(
            "identite.nom", "identite.prenom", "identite.date_naissance"
        ),
        "annee_scolaire": (*_null("annee_scolaire"), ("annee_scolaire", "2025")),
        "statut_eleve.code, statut_eleve.libelle": _null("statut_eleve.code", "statut_eleve.libelle"),
        "etablissement.code_uai": _null("etablissement.code_uai"),
        "regime_pensionnat": _null("regime_pensionnat"),
        "regime_pensionnat.libelle": _null("regime_pensionnat.libelle"),
    },
    "dsnj_service_national": {
        "statut_service_national": _null("statut_service_national"),
        "commentaires": _null("commentaires"),
    },
    "gip_mds_service_civique": {
        "statut_actuel.organisme_accueil, statut_passe.organisme_accueil": (
            ("statut_actuel.organisme_accueil", OMITTED),
            ("statut_passe.organisme_accueil", OMITTED),
        ),
        "statut_*.date_debut_contrat, statut_*.date_fin_contrat": tuple(
            (f"{status}.{member}", value)
            for status in ("statut_actuel", "statut_passe")
            for member in ("date_debut_contrat", "date_fin_contrat")
            for value in (None, OMITTED)
        ),
        "statut_actuel.date_fin_contrat": _null("statut_actuel.date_fin_contrat"),
        "statut_actuel / statut_passe": (
            ("statut_actuel.contrat_trouve", False),
            ("statut_passe.contrat_trouve", False),
        ),
    },
    "france_travail_statut": {
        "identite.civilite, identite.nom_naissance, identite.prenom, identite.sexe": _null(
            "identite.civilite", "identite.nom_naissance", "identite.prenom", "identite.sexe"
        ),
        "identite.date_naissance": _null("identite.date_naissance"),
        "contact.telephone": _null("contact.telephone"),
        "adresse.code_postal, code_cog_insee_commune, localite, ligne_voie, ligne_nom": _null(
            *(
                f"adresse.{member}"
                for member in ("code_postal", "code_cog_insee_commune", "localite", "ligne_voie", "ligne_nom")
            )
        ),
        "inscription.date_debut": _null("inscription.date_debut"),
        "inscription.code_certification_cnav": _null("inscription.code_certification_cnav"),
        "inscription.categorie.code": (("inscription.categorie.code", 8),),
        "inscription.categorie.libelle": (
            *_null("inscription.categorie.libelle"),
            ("inscription.categorie.libelle", "AUTRE CATEGORIE"),
        ),
    },
    "france_travail_indemnites": {
        "paiements": (("paiements", OMITTED),),
        "paiements[].montant_total, montant_allocations, montant_aides, montant_autres": _null(
            *(
                f"paiements[].{member}"
                for member in ("montant_total", "montant_allocations", "montant_aides", "montant_autres")
            )
        ),
    },
    "sdh_statut_sportif": {
        "informations_statut": _null("informations_statut"),
        "informations_statuts_precedents": (("informations_statuts_precedents", []),),
        "identite.nom_usage": _null("identite.nom_usage"),
        "identite.nom_naissance, identite.prenoms, identite.sexe": _null(
            "identite.nom_naissance", "identite.prenoms", "identite.sexe"
        ),
        "identite.date_naissance": _null("identite.date_naissance"),
        "informations_statut.etablissement.*, informations_statut.region.* (and in "
        "informations_statuts_precedents[])": _null(
            *(
                f"{where}.{member}"
                for where in ("informations_statut", "informations_statuts_precedents[]")
                for member in (
                    "etablissement.code_etablissement",
                    "etablissement.nom_etablissement",
                    "region.code_region",
                    "region.nom_region",
                )
            )
        ),
        "informations_statut.federation.nom_federation, nom_court_federation; categorie.nom_categorie": _null(
            "informations_statut.federation.nom_federation",
            "informations_statut.federation.nom_court_federation",
            "informations_statut.categorie.nom_categorie",
        ),
        "federation.code_federation, categorie.code_categorie, categorie.valeur": (
            ("informations_statut.federation.code_federation", ""),
            ("informations_statut.categorie.code_categorie", ""),
            ("informations_statut.categorie.valeur", ""),
        ),
        "sportif_de_haut_niveau (both places)": _null(
            "informations_statut.sportif_de_haut_niveau",
            "informations_statuts_precedents[].sportif_de_haut_niveau",
        ),
    },
    "ants_extrait_immatriculation_vehicule": {
        "identite_particulier.nom, prenom, sexe_etat_civil, code_departement_naissance": _null(
            *(
                f"identite_particulier.{member}"
                for member in ("nom", "prenom", "sexe_etat_civil", "code_departement_naissance")
            )
        ),
        "identite_particulier": (),
        "adresse_particulier.code_postal_ville, adresse_particulier.libelle_commune": _null(
            "adresse_particulier.code_postal_ville", "adresse_particulier.libelle_commune"
        ),
        "statut_rattachement": (*_null("statut_rattachement"), ("statut_rattachement", "usager")),
        "donnees_immatriculation_vehicule.numero_immatriculation, date_premiere_immatriculation": _null(
            "donnees_immatriculation_vehicule.numero_immatriculation",
            "donnees_immatriculation_vehicule.date_premiere_immatriculation",
        ),
        "caracteristiques_techniques_vehicule.marque, type_variante_version, denomination_commerciale": _null(
            *(
                f"caracteristiques_techniques_vehicule.{member}"
                for member in ("marque", "type_variante_version", "denomination_commerciale")
            )
        ),
        "caracteristiques_techniques_vehicule.masse_charge_maximale, cylindree, taux_co2": tuple(
            (f"caracteristiques_techniques_vehicule.{member}", value)
            for member in ("masse_charge_maximale", "cylindree", "taux_co2")
            for value in (None, 0)
        ),
        "caracteristiques_techniques_vehicule.categorie_vehicule.code, genre_national.code, "
        "type_carburant.code": _null(
            *(
                f"caracteristiques_techniques_vehicule.{block}.code"
                for block in ("categorie_vehicule", "genre_national", "type_carburant")
            )
        ),
        "caracteristiques_techniques_vehicule.categorie_vehicule.label, genre_national.label, "
        "type_carburant.label": _null(
            *(
                f"caracteristiques_techniques_vehicule.{block}.label"
                for block in ("categorie_vehicule", "genre_national", "type_carburant")
            )
        ),
        "caracteristiques_techniques_vehicule.classe_environnementale.code": (
            ("caracteristiques_techniques_vehicule.classe_environnementale.code", None),
            ("caracteristiques_techniques_vehicule.classe_environnementale.code", "EURO 7 BETA"),
        ),
        "caracteristiques_techniques_vehicule.classe_environnementale.label": _null(
            "caracteristiques_techniques_vehicule.classe_environnementale.label"
        ),
        "meta.identity_matching": (),
    },
}
"""By section of the reference and by its row. A row without changes is about what is always sent as documented."""

SECTIONS: Final = {
    "cnav_quotient_familial": ("quotient_familial", 3),
    "cnav_participation_familiale_eaje": ("participation_familiale_eaje", 3),
    "cnav_revenu_solidarite_active": ("revenu_solidarite_active", 3),
    "cnav_prime_activite": ("prime_activite", 3),
    "cnav_allocation_adulte_handicape": ("allocation_adulte_handicape", 3),
    "cnav_allocation_soutien_familial": ("allocation_soutien_familial", 3),
    "cnav_complementaire_sante_solidaire": ("complementaire_sante_solidaire", 3),
    "cnav_allocation_enfant_handicape": ("allocation_enfant_handicape", 3),
    "cnav_allocation_rentree_scolaire": ("allocation_rentree_scolaire", 3),
    "cnous_etudiant_boursier": ("etudiant_boursier", 5),
    "mesri_statut_etudiant": ("statut_etudiant", 3),
    "men_scolarites": ("scolarite", 5),
    "dsnj_service_national": ("service_national", 3),
    "gip_mds_service_civique": ("service_civique", 3),
    "france_travail_statut": ("statut_demandeur_emploi", 3),
    "france_travail_indemnites": ("indemnites_france_travail", 3),
    "sdh_statut_sportif": ("statut_sportif", 3),
    "ants_extrait_immatriculation_vehicule": ("immatriculation_vehicule", 3),
}
"""The check, and the version, that a section of the reference is about."""


@dataclass(frozen=True)
class Answer:
    """One value that the server can send."""

    section: str
    row: str
    change: Change

    @property
    def check(self) -> str:
        """The check that gets it."""
        return SECTIONS[self.section][0]

    @property
    def api_version(self) -> int:
        """The version that it is asked in."""
        return SECTIONS[self.section][1]

    @property
    def name(self) -> str:
        """The check, the member, and what is sent there."""
        path, value = self.change
        return f"{self.check}/{path}={'omitted' if value is OMITTED else value!r}"


def answers() -> list[Answer]:
    """Return every value of every row."""
    return [
        Answer(section, row, change)
        for section, rows in ROWS.items()
        for row, changes in rows.items()
        for change in changes
    ]


def reference_rows() -> dict[str, set[str]]:
    """Return the rows of the reference that concern the catalogue, by section."""
    document = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        section: set(content["fields"])
        for section, content in document.items()
        if section not in NOT_OF_THE_CATALOGUE
    }


def changed(data: Any, change: Change) -> Any:
    """Return data with a change made."""
    made = copy.deepcopy(data)
    path, value = change
    *around, last = path.replace("[]", ".[]").split(".")
    for holder in _holders(made, around):
        if last == "[]":
            raise ValueError(path)
        if value is OMITTED:
            holder.pop(last)
        else:
            holder[last] = value
    return made


def values_at(data: Any, path: str) -> list[Any]:
    """Return what stands at a path: one value per item of a list on the way; ``OMITTED`` where nothing does."""
    *around, last = path.replace("[]", ".[]").split(".")
    return [holder.get(last, OMITTED) for holder in _holders(data, around)]


def _holders(value: Any, around: list[str]) -> Iterator[Any]:
    if not around:
        yield value
        return
    part, *rest = around
    for inner in value if part == "[]" else (value[part],):
        yield from _holders(inner, rest)
