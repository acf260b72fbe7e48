"""How a message is published: its AMQP properties."""

from dataclasses import replace
from typing import Final

from tests.mistakes.sent import NOW, Mistake, Told, message, published, with_

MISTAKES: Final = (
    Mistake(
        "`content_type` absent",
        published(content_type=None),
        "rejected",
        (
            Told(
                "unsupported_content_type",
                None,
                "La propriété AMQP content_type doit être application/json, en UTF-8. Elle est absente.",
            ),
        ),
    ),
    Mistake(
        "`content_type: text/plain` (le convertisseur de texte de Spring)",
        published(content_type="text/plain"),
        "rejected",
        (
            Told(
                "unsupported_content_type",
                None,
                "La propriété AMQP content_type doit être application/json, en UTF-8. Reçu : text/plain.",
            ),
        ),
    ),
    Mistake(
        "un objet Java sérialisé",
        published(content_type="application/x-java-serialized-object"),
        "rejected",
        (
            Told(
                "unsupported_content_type",
                None,
                "La propriété AMQP content_type doit être application/json, en UTF-8. Reçu : application/x-java-serialized-object.",
            ),
        ),
    ),
    Mistake(
        "`charset=iso-8859-1`",
        published(content_type="application/json; charset=iso-8859-1"),
        "rejected",
        (
            Told(
                "unsupported_content_type",
                None,
                "La propriété AMQP content_type doit être application/json, en UTF-8. Reçu : un autre jeu de caractères (charset).",
            ),
        ),
    ),
    Mistake(
        "`content_encoding: gzip`",
        published(content_encoding="gzip"),
        "rejected",
        (
            Told(
                "unsupported_content_type",
                None,
                "Le corps ne doit être ni compressé ni encodé : retirer la propriété AMQP content_encoding, ou y écrire utf-8.",
            ),
        ),
    ),
    Mistake(
        "`content_encoding: base64`",
        published(content_encoding="base64"),
        "rejected",
        (
            Told(
                "unsupported_content_type",
                None,
                "Le corps ne doit être ni compressé ni encodé : retirer la propriété AMQP content_encoding, ou y écrire utf-8.",
            ),
        ),
    ),
    Mistake(
        "`reply_to: amq.rabbitmq.reply-to`",
        published(reply_to="amq.rabbitmq.reply-to.g2gCYQE"),
        "rejected",
        (
            Told(
                "forbidden_reply_to",
                None,
                "La file de réponse (reply_to) doit être replies.millesime, ou une file replies.millesime.<nom> que l'hébergeur du connecteur a ajoutée. La réponse directe (amq.rabbitmq.reply-to) est refusée, car elle peut perdre une réponse.",
            ),
        ),
    ),
    Mistake(
        "`reply_to` : la file d'un autre éditeur",
        published(reply_to="replies.sonate-opus"),
        "rejected",
        (
            Told(
                "forbidden_reply_to",
                None,
                "La file de réponse (reply_to) doit être replies.millesime, ou une file replies.millesime.<nom> que l'hébergeur du connecteur a ajoutée.",
            ),
        ),
    ),
    Mistake(
        "`reply_to` : une file que l'hébergeur n'a pas ajoutée",
        published(reply_to="replies.millesime.guichet"),
        "rejected",
        (
            Told(
                "forbidden_reply_to",
                None,
                "La file de réponse (reply_to) doit être replies.millesime, ou une file replies.millesime.<nom> que l'hébergeur du connecteur a ajoutée.",
            ),
        ),
    ),
    Mistake(
        "`user_id` d'un autre",
        published(user_id="sonate-opus"),
        "rejected",
        (
            Told(
                "forbidden_user",
                None,
                "La propriété AMQP user_id doit être millesime, l'utilisateur AMQP de ce logiciel.",
            ),
        ),
    ),
    Mistake(
        "`user_id` absent, quand l'hébergeur l'exige",
        replace(published(), require_user_id=True),
        "rejected",
        (Told("forbidden_user", None, "La propriété AMQP user_id est obligatoire : y écrire millesime."),),
    ),
    Mistake(
        "`timestamp` en millisecondes (`Date.now()`, `System.currentTimeMillis()`)",
        published(timestamp=NOW * 1000),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "La propriété AMQP timestamp doit être en secondes depuis le 1er janvier 1970. Elle semble en millisecondes : la diviser par 1000.",
            ),
        ),
    ),
    Mistake(
        "`timestamp` en microsecondes",
        published(timestamp=NOW * 1_000_000),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "La propriété AMQP timestamp doit être en secondes depuis le 1er janvier 1970. Elle semble en microsecondes : la diviser par 1000000.",
            ),
        ),
    ),
    Mistake(
        "`timestamp` en ticks (`DateTime.UtcNow.Ticks`)",
        published(timestamp=(NOW + 62_135_596_800) * 10_000_000),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "La propriété AMQP timestamp doit être en secondes depuis le 1er janvier 1970. Elle semble en ticks de .NET : employer DateTimeOffset.ToUnixTimeSeconds().",
            ),
        ),
    ),
    Mistake(
        "`timestamp` loin dans l'avenir",
        published(timestamp=NOW + 90 * 24 * 3600),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "L'échéance, comptée depuis la propriété AMQP timestamp, doit être au plus tard 31 jours après la demande. Le timestamp reçu est en avance de 90 jours.",
            ),
        ),
    ),
    Mistake(
        "un tableau de demandes (le lot entier en un message)",
        message(b"[" + published().body + b"," + published().body + b"]"),
        "rejected",
        (
            Told(
                "invalid_message",
                "",
                "Le corps doit être un objet JSON. Reçu : un tableau. Publier un message par demande.",
            ),
        ),
    ),
    Mistake(
        "plus de 64 Kio",
        with_(dossier="d" * 70_000),
        "rejected",
        (
            Told(
                "invalid_message",
                None,
                "Le corps du message dépasse 64 Kio : une demande concerne une personne et porte au plus 20 vérifications.",
            ),
        ),
    ),
)
