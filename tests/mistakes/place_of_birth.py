"""Where the person was born."""

from typing import Final

from tests.mistakes.sent import Mistake, Told, born_in, person

MISTAKES: Final = (
    Mistake(
        "`lieu_naissance` en texte",
        person(lieu_naissance="69383"),
        "rejected",
        (Told("invalid_message", "/identity/lieu_naissance", "Un objet est attendu. Reçu : un texte."),),
    ),
    Mistake(
        "`code_pays` ISO (`FR`)",
        born_in(code_pays="FR", code_commune="69383"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_pays",
                "Cette valeur n'a pas la forme attendue : le code INSEE du pays, 99100 pour la France, 99 puis trois chiffres pour un autre pays. Reçu : un code ISO en lettres.",
            ),
        ),
    ),
    Mistake(
        "`code_pays` : `33`",
        born_in(code_pays="33", code_commune="69383"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_pays",
                "Cette valeur n'a pas la forme attendue : le code INSEE du pays, 99100 pour la France, 99 puis trois chiffres pour un autre pays. Reçu : un code de trois chiffres ou moins : ISO, ou un indicatif téléphonique.",
            ),
        ),
    ),
    Mistake(
        "`code_pays` en nombre",
        born_in(code_pays=99100, code_commune="69383"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_pays",
                "Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets, avec ses zéros de tête.",
            ),
        ),
    ),
    Mistake(
        "`code_commune` en nombre (`08480` perd son zéro)",
        born_in(code_pays="99100", code_commune=8480),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_commune",
                "Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets, avec ses zéros de tête.",
            ),
        ),
    ),
    Mistake(
        "`code_commune` sans son zéro de tête",
        born_in(code_pays="99100", code_commune="8480"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_commune",
                "Cette valeur n'a pas la forme attendue : le code INSEE de la commune, cinq caractères comme 69383 ou 2A004. Reçu : quatre chiffres : un zéro de tête a pu se perdre dans un nombre.",
            ),
        ),
    ),
    Mistake(
        "`code_commune` : le nom de la commune",
        born_in(code_pays="99100", code_commune="CLAMART"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_commune",
                "Cette valeur n'a pas la forme attendue : le code INSEE de la commune, cinq caractères comme 69383 ou 2A004. Reçu : un nom : le donner dans « nom_commune », avec « code_departement ».",
            ),
        ),
    ),
    Mistake(
        "code postal de Corse (`20000`)",
        born_in(code_pays="99100", code_commune="20000"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_commune",
                "Cette valeur n'a pas la forme attendue : le code INSEE de la commune, cinq caractères comme 69383 ou 2A004. Reçu : 20 puis trois chiffres, code postal ou ancien code de Corse : le code INSEE commence par 2A ou 2B.",
            ),
        ),
    ),
    Mistake(
        "naissance à l'étranger, avec une commune",
        born_in(code_pays="99352", code_commune="69383"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "lieu_naissance.code_commune",
                "Aucune commune n'est attendue pour une personne née à l'étranger.",
            ),
        ),
    ),
    Mistake(
        "`nom_commune` sans `code_departement`",
        born_in(code_pays="99100", nom_commune="Clamart"),
        "failed",
        (
            Told(
                "missing_parameter",
                "lieu_naissance.code_departement",
                "Une commune donnée par son nom demande le département de naissance.",
            ),
        ),
    ),
    Mistake(
        "`nom_commune` sans date de naissance",
        person(date_naissance=None, lieu_naissance={"nom_commune": "Clamart", "code_departement": "92"}),
        "failed",
        (
            Told(
                "missing_parameter",
                "date_naissance",
                "Une commune donnée par son nom demande l'année de naissance.",
            ),
        ),
    ),
    Mistake(
        "`code_departement` : `92140`",
        born_in(nom_commune="Clamart", code_departement="92140"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/lieu_naissance/code_departement",
                "Cette valeur n'a pas la forme attendue : le code INSEE du département, comme 69, 2A ou 974. Reçu : cinq chiffres, comme un code postal ou de commune.",
            ),
        ),
    ),
    Mistake(
        "`lieu_naissance` sans pays ni commune",
        born_in(),
        "failed",
        (
            Told(
                "missing_parameter",
                "lieu_naissance.code_pays",
                "Cette source demande le code INSEE du pays de naissance de la personne.",
            ),
        ),
    ),
)
