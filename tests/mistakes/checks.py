"""Which checks are asked, and by which call."""

from dataclasses import replace
from typing import Final

from tests.jobs import QF
from tests.mistakes.sent import Mistake, Told, check, with_

MISTAKES: Final = (
    Mistake(
        "`quotientFamilial`",
        with_({"check": "quotientFamilial"}),
        "failed",
        (
            Told(
                "unknown_check",
                "check",
                "Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel. Le nom le plus proche est « quotient_familial ».",
            ),
        ),
    ),
    Mistake(
        "`quotient-familial`",
        with_({"check": "quotient-familial"}),
        "failed",
        (
            Told(
                "unknown_check",
                "check",
                "Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel. Le nom le plus proche est « quotient_familial ».",
            ),
        ),
    ),
    Mistake(
        "`quotien_familial`",
        with_({"check": "quotien_familial"}),
        "failed",
        (
            Told(
                "unknown_check",
                "check",
                "Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel. Le nom le plus proche est « quotient_familial ».",
            ),
        ),
    ),
    Mistake(
        "`rsa`",
        with_({"check": "rsa"}),
        "failed",
        (
            Told(
                "unknown_check",
                "check",
                "Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel. Le nom le plus proche est « revenu_solidarite_active ».",
            ),
        ),
    ),
    Mistake(
        "un nom hors du catalogue",
        with_({"check": "permis_de_conduire"}),
        "failed",
        (
            Told(
                "unknown_check",
                "check",
                "Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel.",
            ),
        ),
    ),
    Mistake(
        "une vérification qui n'est pas ouverte au logiciel",
        replace(with_({"check": "statut_sportif", "params": {"identifiant": "a"}}), preset="millesime"),
        "failed",
        (
            Told(
                "forbidden_check",
                "check",
                "L'habilitation de ce logiciel ne permet pas cette vérification. Demander au CCAS et à l'éditeur du logiciel de l'étendre.",
            ),
        ),
    ),
    Mistake(
        '`"call": "identity"`',
        with_({**QF, "call": "identity"}),
        "failed",
        (
            Told(
                "invalid_parameter",
                "call",
                "Cette vérification ne s'appelle pas ainsi ; appels possibles : identite, france_connect.",
            ),
        ),
    ),
    Mistake(
        '`"api_version": "3"`',
        with_({**QF, "api_version": "3"}),
        "failed",
        (
            Told(
                "invalid_parameter",
                "api_version",
                "Un nombre entier, sans guillemets, est attendu ; versions possibles : 3.",
            ),
        ),
    ),
    Mistake(
        "`identity` et `ine` ensemble, sans `call`",
        check("statut_etudiant", ine="0990000001A"),
        "failed",
        (
            Told(
                "missing_parameter",
                "call",
                "Plusieurs appels sont possibles, il faut en choisir un : identite, ine.",
            ),
        ),
    ),
    Mistake(
        "`identity` et jeton FranceConnect ensemble, sans `call`",
        with_(QF, france_connect_token="eyJ"),
        "failed",
        (
            Told(
                "missing_parameter",
                "call",
                "Plusieurs appels sont possibles, il faut en choisir un : identite, france_connect.",
            ),
        ),
    ),
)
