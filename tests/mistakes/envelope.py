"""The job around its checks and its person."""

from typing import Final

from tests.jobs import QF
from tests.mistakes.sent import NOW, OTHERS_TENANT, Mistake, Told, renamed, with_, without

MISTAKES: Final = (
    Mistake(
        '`"version": "1"`',
        with_(version="1"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/version",
                "Cette valeur n'est pas l'une de celles admises : 1. Reçu : un texte ; l'écrire sans guillemets.",
            ),
        ),
    ),
    Mistake(
        '`"version": 2`',
        with_(version=2),
        "rejected",
        (
            Told(
                "unsupported_version",
                "/version",
                "Cette version du contrat n'est pas servie ; versions servies : 1.",
            ),
        ),
    ),
    Mistake(
        "`version` absent",
        without("version"),
        "rejected",
        (Told("invalid_message", "/version", "Ce champ est obligatoire."),),
    ),
    Mistake(
        "`tenant` absent",
        without("tenant"),
        "rejected",
        (Told("invalid_message", "/tenant", "Ce champ est obligatoire."),),
    ),
    Mistake(
        "SIRET avec des espaces",
        with_(tenant="269 200 236 00017"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/tenant",
                "Cette valeur n'a pas la forme attendue : les 14 chiffres du SIRET, sans espace. Reçu : des chiffres séparés par des espaces : les retirer.",
            ),
        ),
    ),
    Mistake(
        "SIREN au lieu du SIRET",
        with_(tenant="269200236"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/tenant",
                "Cette valeur n'a pas la forme attendue : les 14 chiffres du SIRET, sans espace. Reçu : neuf chiffres, comme un SIREN : y ajouter les cinq chiffres de l'établissement.",
            ),
        ),
    ),
    Mistake(
        "SIRET en nombre",
        with_(tenant=26920023600017),
        "rejected",
        (
            Told(
                "invalid_message",
                "/tenant",
                "Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets, avec ses zéros de tête.",
            ),
        ),
    ),
    Mistake(
        "SIRET mal recopié",
        with_(tenant="26920023600018"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/tenant",
                "Ce n'est pas un SIRET valide : la clé de contrôle de ses 14 chiffres est fausse, l'un au moins est mal recopié.",
            ),
        ),
    ),
    Mistake(
        "SIRET d'un CCAS inconnu de l'hébergeur",
        with_(tenant="13002526500013"),
        "rejected",
        (
            Told(
                "unknown_tenant",
                "/tenant",
                "Ce SIRET n'est celui d'aucun CCAS enregistré chez l'hébergeur du connecteur : le vérifier, ou demander à l'hébergeur d'enregistrer ce CCAS.",
            ),
        ),
    ),
    Mistake(
        "SIRET d'un CCAS qui n'a pas autorisé le logiciel",
        with_(tenant=OTHERS_TENANT),
        "rejected",
        (
            Told(
                "forbidden_tenant",
                "/tenant",
                "Ce CCAS n'a pas autorisé ce logiciel chez l'hébergeur du connecteur : demander à l'hébergeur d'enregistrer cette autorisation.",
            ),
        ),
    ),
    Mistake(
        "`job_id` avec une espace",
        with_(job_id="demande 1"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/job_id",
                "Cette valeur n'a pas la forme attendue : de 1 à 128 caractères parmi A-Z a-z 0-9 . _ : -. Reçu : un texte avec une espace ou un saut de ligne.",
            ),
        ),
    ),
    Mistake(
        "`job_id` trop long",
        with_(job_id="d" * 129),
        "rejected",
        (
            Told(
                "invalid_message",
                "/job_id",
                "Cette valeur n'a pas la forme attendue : de 1 à 128 caractères parmi A-Z a-z 0-9 . _ : -. Reçu : plus de 128 caractères.",
            ),
        ),
    ),
    Mistake(
        "`job_id` en nombre",
        with_(job_id=4711),
        "rejected",
        (
            Told(
                "invalid_message",
                "/job_id",
                "Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets.",
            ),
        ),
    ),
    Mistake(
        "`dossier` en nombre",
        with_(dossier=4711),
        "rejected",
        (
            Told(
                "invalid_message",
                "/dossier",
                "Une chaîne de caractères est attendue. Reçu : un nombre ; l'écrire entre guillemets.",
            ),
        ),
    ),
    Mistake(
        "`dossier` trop long",
        with_(dossier="d" * 129),
        "rejected",
        (Told("invalid_message", "/dossier", "Cette valeur est trop longue (128 caractères au plus)."),),
    ),
    Mistake(
        "saut de ligne dans `dossier`",
        with_(dossier="2026-004711\n"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/dossier",
                "Cette valeur n'a pas la forme attendue : un texte sans caractère de contrôle (saut de ligne, tabulation).",
            ),
        ),
    ),
    Mistake(
        '`"jobId"`',
        renamed("job_id", "jobId"),
        "rejected",
        (
            Told("invalid_message", "/job_id", "Ce champ est obligatoire."),
            Told("invalid_message", "/jobId", "Ce champ n'existe pas ; il s'écrit « job_id »."),
        ),
    ),
    Mistake(
        '`"chekcs"`',
        renamed("checks", "chekcs"),
        "rejected",
        (
            Told("invalid_message", "/checks", "Ce champ est obligatoire."),
            Told("invalid_message", "/chekcs", "Ce champ n'existe pas ; le plus proche est « checks »."),
        ),
    ),
    Mistake(
        '`"siret"` au lieu de `tenant`',
        renamed("tenant", "siret"),
        "rejected",
        (
            Told("invalid_message", "/tenant", "Ce champ est obligatoire."),
            Told("invalid_message", "/siret", "Ce champ n'existe pas ; il s'écrit « tenant »."),
        ),
    ),
    Mistake(
        "un champ hors du contrat",
        with_(telephone="0"),
        "rejected",
        (Told("invalid_message", "/telephone", "Ce champ n'existe pas : le retirer."),),
    ),
    Mistake(
        "`nom_naissance` à la racine",
        with_(nom_naissance="EXEMPLE"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/nom_naissance",
                "Ce champ n'existe pas ici : le donner dans « identity ».",
            ),
        ),
    ),
    Mistake(
        '`"identity_variants": "true"`',
        with_(identity_variants="true"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/identity_variants",
                "Un booléen est attendu. Reçu : un texte ; écrire true ou false, sans guillemets.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` sans décalage horaire",
        with_(expires_at="2026-11-23T10:00:30"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/expires_at",
                "L'instant doit porter son décalage horaire (RFC 3339), comme 2026-11-23T10:00:30+01:00.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` en format français",
        with_(expires_at="23/11/2026 10:00"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/expires_at",
                "Un instant RFC 3339 avec décalage horaire est attendu, comme 2026-11-23T10:00:30+01:00. Reçu : une date en JJ/MM/AAAA.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` en heure Unix",
        with_(expires_at=NOW + 60),
        "rejected",
        (
            Told(
                "invalid_message",
                "/expires_at",
                "Un instant RFC 3339 avec décalage horaire est attendu, comme 2026-11-23T10:00:30+01:00. Reçu : un nombre.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` avec une espace (`DATE_ATOM` oublié)",
        with_(expires_at="2026-11-23 10:00:30+01:00"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/expires_at",
                "Un instant RFC 3339 avec décalage horaire est attendu, comme 2026-11-23T10:00:30+01:00. Reçu : une espace entre la date et l'heure, au lieu de T.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` dans plus de 31 jours",
        with_(expires_at="2027-03-01T00:00:00+01:00"),
        "rejected",
        (
            Told(
                "invalid_message",
                "/expires_at",
                "expires_at doit être au plus tard 31 jours après la demande.",
            ),
        ),
    ),
    Mistake(
        "`france_connect_token` avec `Bearer `",
        with_({"check": "quotient_familial", "call": "france_connect"}, france_connect_token="Bearer eyJ"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "france_connect_token",
                "Un jeton FranceConnect ne contient que de l'ASCII, sans espace : donner le jeton seul, sans « Bearer ».",
            ),
        ),
    ),
    Mistake(
        "`checks` vide",
        with_(checks=[]),
        "rejected",
        (Told("invalid_message", "/checks", "Au moins un élément est attendu."),),
    ),
    Mistake(
        "`checks` en objet",
        with_(checks=QF),
        "rejected",
        (Told("invalid_message", "/checks", "Un tableau est attendu. Reçu : un objet."),),
    ),
    Mistake(
        "21 vérifications",
        with_(*({"id": f"c{index}", "check": "quotient_familial"} for index in range(21))),
        "rejected",
        (
            Told(
                "invalid_message",
                "/checks",
                "Trop d'éléments (au plus 20). Répartir les vérifications sur plusieurs demandes.",
            ),
        ),
    ),
    Mistake(
        "deux fois la même vérification sans `id`",
        with_(QF, QF),
        "rejected",
        (
            Told(
                "invalid_message",
                "/checks",
                "Deux vérifications portent le même id : « quotient_familial ». Donner à chacune un « id » différent.",
            ),
        ),
    ),
    Mistake(
        "`checks` : des noms au lieu d'objets",
        with_("quotient_familial"),
        "rejected",
        (Told("invalid_message", "/checks/0", "Un objet est attendu. Reçu : un texte."),),
    ),
    Mistake(
        "`annee` à côté de `check`",
        with_({**QF, "annee": 2026}),
        "rejected",
        (
            Told(
                "invalid_message",
                "/checks/0/annee",
                "Ce champ n'existe pas ici : le donner dans « params » de la vérification.",
            ),
        ),
    ),
    Mistake(
        "`identity` en texte",
        with_(identity="EXEMPLE CLAIRE"),
        "rejected",
        (Told("invalid_message", "/identity", "Un objet est attendu. Reçu : un texte."),),
    ),
)
