"""The person: what is refused before anybody is asked."""

from typing import Final

from tests.jobs import identity
from tests.mistakes.sent import Mistake, Told, person, with_, without

MISTAKES: Final = (
    Mistake(
        '`"nomNaissance"`',
        person(nom_naissance=None, nomNaissance="EXEMPLE"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/nomNaissance",
                "Ce champ n'existe pas ; il s'écrit « nom_naissance ».",
            ),
        ),
    ),
    Mistake(
        '`"sexeEtatCivil"` (nom de l\'API)',
        person(sexe=None, sexeEtatCivil="F"),
        "rejected",
        (Told("invalid_message", "/identity/sexeEtatCivil", "Ce champ n'existe pas ; il s'écrit « sexe »."),),
    ),
    Mistake(
        "`code_commune` hors de `lieu_naissance`",
        person(code_commune="69383"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/code_commune",
                "Ce champ n'existe pas ici : le donner dans « identity.lieu_naissance ».",
            ),
        ),
    ),
    Mistake(
        "`date_naissance` : `17/04/1991`",
        person(date_naissance="17/04/1991"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/date_naissance",
                "Une date réelle est attendue : AAAA, AAAA-MM ou AAAA-MM-JJ. Reçu : une date en JJ/MM/AAAA : l'écrire AAAA-MM-JJ.",
            ),
        ),
    ),
    Mistake(
        "`date_naissance` : `1991-04-17T00:00:00`",
        person(date_naissance="1991-04-17T00:00:00"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/date_naissance",
                "Une date réelle est attendue : AAAA, AAAA-MM ou AAAA-MM-JJ. Reçu : une date suivie d'une heure : la retirer.",
            ),
        ),
    ),
    Mistake(
        "`date_naissance` : `19910417`",
        person(date_naissance="19910417"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/date_naissance",
                "Une date réelle est attendue : AAAA, AAAA-MM ou AAAA-MM-JJ. Reçu : huit chiffres sans tiret : écrire AAAA-MM-JJ.",
            ),
        ),
    ),
    Mistake(
        "`date_naissance` : mois 13",
        person(date_naissance="1991-13-01"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/date_naissance",
                "Une date réelle est attendue : AAAA, AAAA-MM ou AAAA-MM-JJ. Reçu : un mois ou un jour qui n'existe pas.",
            ),
        ),
    ),
    Mistake(
        "`date_naissance` en nombre (`1991`)",
        person(date_naissance=1991),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/date_naissance",
                "Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets.",
            ),
        ),
    ),
    Mistake(
        "`date_naissance` dans l'avenir",
        person(date_naissance="2027-04-17"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "date_naissance",
                "La date de naissance doit être comprise entre le 01/01/1900 et hier.",
            ),
        ),
    ),
    Mistake(
        "`sexe` : `Mme`",
        person(sexe="Mme"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/sexe",
                "Cette valeur n'est pas l'une de celles admises : 'M' ou 'F'. F pour une femme, M pour un homme, en majuscule.",
            ),
        ),
    ),
    Mistake(
        "`sexe` : `2`",
        person(sexe=2),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/sexe",
                "Cette valeur n'est pas l'une de celles admises : 'M' ou 'F'. F pour une femme, M pour un homme, en majuscule. Reçu : un nombre.",
            ),
        ),
    ),
    Mistake(
        "`sexe` : `f`",
        person(sexe="f"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/sexe",
                "Cette valeur n'est pas l'une de celles admises : 'M' ou 'F'. F pour une femme, M pour un homme, en majuscule.",
            ),
        ),
    ),
    Mistake(
        "`prenoms` en texte",
        person(prenoms="CLAIRE"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/prenoms",
                "Un tableau est attendu. Donner un prénom par élément du tableau. Reçu : un texte.",
            ),
        ),
    ),
    Mistake(
        "`prenoms` vide",
        person(prenoms=[]),
        "rejected",
        (Told("invalid_message", "/identity/prenoms", "Au moins un élément est attendu."),),
    ),
    Mistake(
        "deux prénoms séparés par une virgule",
        person(prenoms=["JEANNE, STEPHANIE"]),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/prenoms/0",
                "Le caractère « , » (U+002C) n'est pas admis dans un nom. Plusieurs prénoms se donnent un par élément du tableau.",
            ),
        ),
    ),
    Mistake(
        '`["CLAIRE", null]`',
        person(prenoms=["CLAIRE", None]),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/prenoms/1",
                "Une chaîne de caractères est attendue. Reçu : null.",
            ),
        ),
    ),
    Mistake(
        "un chiffre dans un nom",
        person(nom_naissance="EXEMPLE2"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/nom_naissance",
                "Le caractère « 2 » (U+0032) n'est pas admis dans un nom.",
            ),
        ),
    ),
    Mistake(
        "`Œ` dans un nom",
        person(nom_naissance="LECŒUR"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity/nom_naissance",
                "Le caractère « Œ » (U+0152), à écrire OE, n'est pas admis dans un nom.",
            ),
        ),
    ),
    Mistake(
        "`nom_naissance` absent",
        person(nom_naissance=None),
        "failed",
        (
            Told(
                "missing_parameter",
                "nom_naissance",
                "Cette source demande le nom de naissance de la personne.",
            ),
        ),
    ),
    Mistake(
        "`identity: {}`",
        with_(identity={}),
        "failed",
        (
            Told(
                "missing_parameter",
                "nom_naissance",
                "Cette source demande le nom de naissance de la personne.",
            ),
        ),
    ),
    Mistake(
        "`identity` absent",
        without("identity"),
        "failed",
        (
            Told(
                "missing_parameter",
                "identity",
                "Cette vérification demande : identity ou france_connect_token.",
            ),
        ),
    ),
    Mistake(
        "date incomplète, pour `statut_etudiant`",
        with_({"check": "statut_etudiant"}, identity=identity(date_naissance="1991")),
        "failed",
        (
            Told(
                "missing_parameter",
                "date_naissance",
                "Cette source demande la date de naissance complète (jour, mois et année).",
            ),
        ),
    ),
)
