"""What a body is instead of a JSON object."""

import base64
import gzip
import json
from typing import Final

from tests.mistakes.sent import Mistake, Told, message, published

MISTAKES: Final = (
    Mistake(
        "corps vide",
        message(b""),
        "rejected",
        (Told("invalid_message", None, "Le corps est vide."),),
    ),
    Mistake(
        "corps compressé (gzip)",
        message(gzip.compress(published().body, mtime=0)),
        "rejected",
        (Told("invalid_message", None, "Le corps est compressé (gzip) : publiez-le sans compression."),),
    ),
    Mistake(
        "corps en base64",
        message(base64.b64encode(published().body)),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps semble être du JSON en base64 : publiez l'objet JSON lui-même.",
            ),
        ),
    ),
    Mistake(
        "corps en Latin-1",
        message('{"agent": "guichet de la mairie annexée"}'.encode("latin-1")),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas en UTF-8 : il semble en Latin-1 (ISO 8859-1) ; premier octet en cause : ligne 1, colonne 38.",
            ),
        ),
    ),
    Mistake(
        "corps en UTF-16",
        message(published().body.decode().encode("utf-16")),
        "rejected",
        (Told("invalid_message", None, "Le corps est en UTF-16 : publiez-le en UTF-8."),),
    ),
    Mistake(
        "du XML",
        message(b"<demande/>"),
        "rejected",
        (Told("invalid_message", None, "Le corps est du XML ou du HTML : publiez un objet JSON."),),
    ),
    Mistake(
        "un formulaire (`http_build_query`)",
        message(b"version=1&job_id=demande-1"),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps semble être un formulaire (champ=valeur) : publiez un objet JSON.",
            ),
        ),
    ),
    Mistake(
        "`serialize` de PHP",
        message(b'a:1:{s:7:"version";i:1;}'),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps est un tableau PHP sérialisé (serialize) : publiez un objet JSON (json_encode).",
            ),
        ),
    ),
    Mistake(
        "du JSON dans une chaîne JSON (sérialisé deux fois)",
        message(json.dumps(published().body.decode()).encode()),
        "rejected",
        (
            Told(
                "invalid_message",
                "",
                "Le corps doit être un objet JSON. Reçu : un texte qui contient du JSON : la demande est sérialisée deux fois.",
            ),
        ),
    ),
    Mistake(
        "du JSON dont les guillemets sont échappés",
        message(rb"{\"version\": 1}"),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : les guillemets sont échappés, la demande semble sérialisée deux fois, ligne 1, colonne 2.",
            ),
        ),
    ),
    Mistake(
        "apostrophes au lieu de guillemets (`str(dict)` de Python)",
        message(b"{'version': 1}"),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : un texte s'écrit entre guillemets droits, ligne 1, colonne 2.",
            ),
        ),
    ),
    Mistake(
        "virgule finale",
        message(b'{"version": 1,}'),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : une virgule est de trop, ligne 1, colonne 15.",
            ),
        ),
    ),
    Mistake(
        "deux documents dans un corps",
        message(published().body * 2),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : il reste du texte après l'objet, ligne 1, colonne 287.",
            ),
        ),
    ),
    Mistake(
        "corps coupé",
        message(b'{"version": 1, "job_id": "dem'),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : le texte s'arrête avant la fin, ligne 1, colonne 29.",
            ),
        ),
    ),
    Mistake(
        "commentaire",
        message(b'{"version": 1, // contrat\n "job_id": "a"}'),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : un commentaire est à retirer, ligne 1, colonne 16.",
            ),
        ),
    ),
    Mistake(
        "`None` (`str(dict)` de Python)",
        message(b'{"version": None}'),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : None est à remplacer par null, ligne 1, colonne 13.",
            ),
        ),
    ),
    Mistake(
        "`NaN`",
        message(published().body.replace(b'"checks"', b'"purpose": NaN, "checks"')),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : NaN est à remplacer par un nombre ou par null, ligne 1, colonne 255.",
            ),
        ),
    ),
    Mistake(
        "saut de ligne dans un texte, non échappé",
        message(b'{"dossier": "a\nb"}'),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps n'est pas du JSON : un caractère de contrôle doit être échappé, ligne 2, colonne 1.",
            ),
        ),
    ),
)
