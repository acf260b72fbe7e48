"""The parameters of a check."""

from dataclasses import replace
from typing import Final

from tests.answers import fault
from tests.jobs import QF
from tests.mistakes.sent import Mistake, Told, check, with_

MISTAKES: Final = (
    Mistake(
        "`params` en tableau",
        with_({**QF, "params": [2026, 10]}),
        "failed",
        (Told("invalid_parameter", "params", "params : Un objet est attendu. Reçu : un tableau."),),
    ),
    Mistake(
        "`campaignYear` (nom de l'API)",
        check("etudiant_boursier", members={"call": "identite"}, campaignYear=2025),
        "failed",
        (
            Told(
                "invalid_parameter",
                "campaignYear",
                "Cette vérification ne prend pas ce paramètre ; paramètres possibles : campaign_year.",
            ),
        ),
    ),
    Mistake(
        '`"annee": "2026"`',
        check("quotient_familial", annee="2026", mois=10),
        "failed",
        (
            Told(
                "invalid_parameter",
                "annee",
                "annee : Un nombre entier est attendu. Reçu : un texte ; l'écrire sans guillemets.",
            ),
        ),
    ),
    Mistake(
        "`mois: 13`",
        check("quotient_familial", annee=2026, mois=13),
        "failed",
        (Told("invalid_parameter", "mois", "mois : Un nombre d'au plus 12 est attendu."),),
    ),
    Mistake(
        "un mois que la CAF ne garde plus",
        check("quotient_familial", annee=2020, mois=5),
        "failed",
        (
            Told(
                "invalid_parameter",
                "annee",
                "La CAF ne conserve que le mois en cours et les 23 précédents, la MSA le mois en cours.",
            ),
        ),
    ),
    Mistake(
        "un paramètre d'une autre vérification",
        check("quotient_familial", ine="0990000001A"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "ine",
                "Cette vérification ne prend pas ce paramètre ; paramètres possibles : annee, mois.",
            ),
        ),
    ),
    Mistake(
        "un mois à venir",
        check("quotient_familial", annee=2027, mois=1),
        "failed",
        (
            Told(
                "invalid_parameter", "annee", "Le quotient familial n'existe pas encore pour un mois à venir."
            ),
        ),
    ),
    Mistake(
        "INE de dix caractères",
        check("statut_etudiant", members={"call": "ine"}, ine="099000000A"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "ine",
                "Vérifier ine : 11 lettres et chiffres, sans espace. Reçu : moins de 11 caractères.",
            ),
        ),
    ),
    Mistake(
        "INE avec des espaces",
        check("statut_etudiant", members={"call": "ine"}, ine="0990 000 001A"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "ine",
                "Vérifier ine : 11 lettres et chiffres, sans espace. Reçu : des espaces : les retirer.",
            ),
        ),
    ),
    Mistake(
        "numéro fiscal avec des espaces",
        check("avis_imposition", numero_fiscal="30 99 999 999 001", reference_avis="2599999999001"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "numero_fiscal",
                "Vérifier numero_fiscal : 13 chiffres, sans espace. Reçu : des chiffres séparés par des espaces : les retirer.",
            ),
        ),
    ),
    Mistake(
        "numéro fiscal en nombre",
        check("avis_imposition", numero_fiscal=3099999999001, reference_avis="2599999999001"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "numero_fiscal",
                "numero_fiscal : Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets, avec ses zéros de tête.",
            ),
        ),
    ),
    Mistake(
        "référence d'avis trop courte",
        check("avis_imposition", numero_fiscal="3099999999001", reference_avis="259999999900"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "reference_avis",
                "Vérifier reference_avis : 13 ou 14 lettres et chiffres, sans espace, dont les deux premiers donnent l'année. Reçu : moins de 13 caractères.",
            ),
        ),
    ),
    Mistake(
        "référence d'avis absente",
        check("avis_imposition", numero_fiscal="3099999999001"),
        "failed",
        (
            Told(
                "missing_parameter",
                "reference_avis",
                "Cette vérification demande reference_avis : 13 ou 14 lettres et chiffres, sans espace, dont les deux premiers donnent l'année.",
            ),
        ),
    ),
    Mistake(
        "`statut_demandeur_emploi` sans `identifiant`",
        check("statut_demandeur_emploi"),
        "failed",
        (
            Told(
                "missing_parameter",
                "identifiant",
                "Cette vérification demande identifiant : celui de la personne chez l'organisme, sans espace au début.",
            ),
        ),
    ),
    Mistake(
        "département `92` pour `codes_bcn_departements`",
        check(
            "scolarite", annee_scolaire="2026-2027", degre_etablissement="1D", codes_bcn_departements=["92"]
        ),
        "failed",
        (
            Told(
                "invalid_parameter",
                "codes_bcn_departements",
                "Vérifier codes_bcn_departements : des codes de département de la BCN, de trois caractères comme 092 ou 02A. Reçu : deux caractères, comme un code INSEE : écrire 092 pour 92.",
            ),
        ),
    ),
    Mistake(
        "jeton FranceConnect expiré",
        replace(
            with_({**QF, "call": "france_connect"}, france_connect_token="eyJ"), source=fault(401, "51501")
        ),
        "failed",
        (
            Told(
                "france_connect_invalid",
                "france_connect_token",
                "La session FranceConnect de l'usager n'est plus valide. L'usager doit s'identifier de nouveau.",
            ),
        ),
    ),
    Mistake(
        "code UAI sans sa lettre",
        check("scolarite", code_etablissement="0920001", annee_scolaire="2026-2027"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "code_etablissement",
                "Vérifier code_etablissement : le code UAI, sept chiffres puis une lettre.",
            ),
        ),
    ),
    Mistake(
        "année scolaire `2026/2027`",
        check("scolarite", code_etablissement="0920001A", annee_scolaire="2026/2027"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "annee_scolaire",
                "Vérifier annee_scolaire : une année scolaire, comme 2025-2026 ou 2025.",
            ),
        ),
    ),
    Mistake(
        "`degre_etablissement: 1`",
        check("scolarite", degre_etablissement=1, codes_bcn_departements=["092"], annee_scolaire="2026"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "degre_etablissement",
                "degre_etablissement : Cette valeur n'est pas l'une de celles admises : '1D' ou '2D'. Reçu : un nombre.",
            ),
        ),
    ),
    Mistake(
        "`scolarite` sans établissement ni périmètre",
        check("scolarite", annee_scolaire="2026"),
        "failed",
        (
            Told(
                "missing_parameter",
                "code_etablissement",
                "Donner le code UAI de l'établissement, ou un périmètre (codes_bcn_departements ou codes_bcn_regions) avec degre_etablissement.",
            ),
        ),
    ),
    Mistake(
        "`scolarite` avec établissement et périmètre",
        check(
            "scolarite",
            code_etablissement="0920001A",
            degre_etablissement="1D",
            codes_bcn_departements=["092"],
            annee_scolaire="2026",
        ),
        "failed",
        (
            Told(
                "invalid_parameter",
                "code_etablissement",
                "Donner l'établissement ou un périmètre (départements ou régions), pas les deux.",
            ),
        ),
    ),
    Mistake(
        "`campaign_year: 2019`",
        check("etudiant_boursier", members={"call": "identite"}, campaign_year=2019),
        "failed",
        (
            Told(
                "invalid_parameter", "campaign_year", "campaign_year : Un nombre d'au moins 2021 est attendu."
            ),
        ),
    ),
    Mistake(
        "`campaign_year` en texte",
        check("etudiant_boursier", members={"call": "identite"}, campaign_year="2025-2026"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "campaign_year",
                "campaign_year : Un nombre entier est attendu. Reçu : un texte.",
            ),
        ),
    ),
    Mistake(
        "plaque avec un caractère de trop",
        with_(
            {"check": "immatriculation_vehicule", "params": {"immatriculation": "AA.123.BB"}},
            france_connect_token="eyJ",
        ),
        "failed",
        (
            Told(
                "invalid_parameter",
                "immatriculation",
                "Vérifier immatriculation : une immatriculation, comme AA-123-BB ou 1234 AB 75.",
            ),
        ),
    ),
)
