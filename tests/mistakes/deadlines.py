"""Deadlines and clocks."""

from dataclasses import replace
from typing import Final

from tests.mistakes.sent import NOW, Mistake, Told, published, with_

MISTAKES: Final = (
    Mistake(
        "horloge en retard de dix minutes, ou demande qui a attendu (voie `interactive`)",
        published(timestamp=NOW - 600),
        "expired",
        (
            Told(
                "expired",
                None,
                "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander. L'échéance (2026-11-23T08:51:00Z, 60 s après la propriété AMQP timestamp, 2026-11-23T08:50:00Z) est dépassée de 9 min. La demande a été reçue à 2026-11-23T09:00:00Z, 10 min après ce timestamp : l'horloge du logiciel semble en retard d'autant, ou la demande a attendu.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` déjà passé",
        with_(expires_at="2026-11-23T09:59:00+01:00"),
        "expired",
        (
            Told(
                "expired",
                None,
                "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander. L'échéance (2026-11-23T08:59:00Z, « expires_at » de la demande) est dépassée de 60 s. Elle l'était déjà à la publication, d'après la propriété AMQP timestamp (2026-11-23T09:00:00Z) : vérifier le décalage horaire de « expires_at » et l'horloge du logiciel.",
            ),
        ),
    ),
    Mistake(
        "`expires_at` déjà passé, dont la demande a attendu",
        replace(with_(expires_at="2026-11-23T10:00:30+01:00"), late_seconds=45),
        "expired",
        (
            Told(
                "expired",
                None,
                "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander. L'échéance (2026-11-23T09:00:30Z, « expires_at » de la demande) est dépassée de 15 s. La demande a été reçue à 2026-11-23T09:00:45Z, 45 s après la propriété AMQP timestamp (2026-11-23T09:00:00Z).",
            ),
        ),
    ),
    Mistake(
        "horloge en avance de dix minutes, `expires_at` passé",
        replace(with_(expires_at="2026-11-23T09:59:00+01:00"), properties={"timestamp": NOW + 600}),
        "expired",
        (
            Told(
                "expired",
                None,
                "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander. L'échéance (2026-11-23T08:59:00Z, « expires_at » de la demande) est dépassée de 60 s. Elle l'était déjà à la publication, d'après la propriété AMQP timestamp (2026-11-23T09:10:00Z) : vérifier le décalage horaire de « expires_at » et l'horloge du logiciel. La propriété AMQP timestamp avance de 10 min sur l'horloge du connecteur à la réception : mettre à l'heure l'horloge du logiciel.",
            ),
        ),
    ),
    Mistake(
        "`timestamp` à zéro",
        published(timestamp=0),
        "expired",
        (
            Told(
                "expired",
                None,
                "La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander. L'échéance (1970-01-01T00:01:00Z, 60 s après la propriété AMQP timestamp, 1970-01-01T00:00:00Z) est dépassée de 20780 jours. La demande a été reçue à 2026-11-23T09:00:00Z, 20780 jours après ce timestamp : l'horloge du logiciel semble en retard d'autant, ou la demande a attendu.",
            ),
        ),
    ),
)
