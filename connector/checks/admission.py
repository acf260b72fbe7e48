"""Admission: is this message a job that this vendor may have run? Pure: a delivery and the registry in."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connector.amqp.topology import reply_queue, reply_queues
from connector.checks.assemble import rejection
from connector.checks.parsing import TOO_LARGE, Unreadable, glimpse, read_job
from connector.checks.reasons import job_error
from connector.jobs.delivery import Delivery
from connector.jobs.records import Flow, Lane, Registry, Tenant, Vendor
from connector.jobs.settlement import Answer, Dead, DeadReason
from schemas.codes import JobCode
from schemas.reply import JobError
from schemas.request import VerificationRequest

LONGEST_LIFETIME: Final = timedelta(days=31)
"""How far ahead ``expires_at`` may be: a job that waits for a source is kept until then."""
DEFAULT_LIFETIMES: Final = {Lane.INTERACTIVE: timedelta(seconds=60), Lane.BATCH: timedelta(hours=24)}
_JSON: Final = "application/json"
_UTF_8: Final = ("utf-8", "utf8")
_OTHERS_TYPES: Final = (
    "application/octet-stream",
    "application/x-java-serialized-object",
    "application/x-python-serialize",
    "application/x-www-form-urlencoded",
    "application/xml",
    "json",
    "text/json",
    "text/plain",
)
"""What clients of AMQP write by themselves, or a developer by mistake: these are named, other texts of a vendor are not."""
_OTHER_UNITS: Final = (
    (1_000, 0, "Elle semble en millisecondes : la diviser par 1000."),
    (1_000_000, 0, "Elle semble en microsecondes : la diviser par 1000000."),
    (1_000_000_000, 0, "Elle semble en nanosecondes : la diviser par 1000000000."),
    (
        10_000_000,
        62_135_596_800,
        "Elle semble en ticks de .NET : employer DateTimeOffset.ToUnixTimeSeconds().",
    ),
)
"""How many a second, and the seconds from where they are counted to 1970."""
_ABOUT_NOW_SECONDS: Final = timedelta(days=20 * 366).total_seconds()
_DIRECT: Final = "amq.rabbitmq.reply-to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A job to run."""

    job: VerificationRequest
    vendor: Vendor
    tenant: Tenant
    reply_to: str
    lane: Lane
    received_at: datetime
    published_at: datetime | None
    """By the publisher's clock; None where it gives no AMQP ``timestamp``."""
    expires_at: datetime
    flow: Flow
    """What it shares the worker's room with."""


def admit(
    delivery: Delivery,
    registry: Registry,
    now: datetime,
    *,
    require_user_id: bool,
) -> Admitted | Answer | Dead:
    """Return the job to run, or how the message ends without running.

    The vendor is the first word of the routing key, which the broker binds to the AMQP user; the lane is the
    queue, since a ``CC`` header reaches other queues under the same key.
    """
    vendor = registry.vendors.get(delivery.routing_key.partition(".")[0])
    if delivery.dead_lettered:
        return Dead(DeadReason.FORGED, None if vendor is None else _forged(delivery, vendor, now))
    if vendor is None:
        return Dead(DeadReason.UNKNOWN_VENDOR)
    allowed = _allowed_reply_queue(delivery, vendor)
    error = (
        _unreadable(delivery)
        or _wrong_user(delivery, vendor, require_user_id=require_user_id)
        or _wrong_envelope(delivery)
    )
    if error is not None:
        reply_to = allowed or reply_queue(vendor.name)
        return Answer(reply_to, rejection(delivery, (error,), now, glimpse(delivery.body)))
    return _admit_job(delivery, vendor, allowed, registry, now)


def _admit_job(
    delivery: Delivery,
    vendor: Vendor,
    allowed: str | None,
    registry: Registry,
    now: datetime,
) -> Admitted | Answer:
    reply_to = allowed or reply_queue(vendor.name)
    job = read_job(delivery.body)
    if isinstance(job, Unreadable):
        return Answer(reply_to, rejection(delivery, job.errors, now, job.seen))
    expires_at = job.expires_at or default_deadline(delivery)
    if expires_at - now > LONGEST_LIFETIME:
        error = _too_late(job, delivery)
        return Answer(reply_to, rejection(delivery, (error,), now, job))
    tenant = registry.tenants.get(job.tenant)
    if allowed is None:
        error = job_error(
            JobCode.FORBIDDEN_REPLY_TO,
            f"La file de réponse (reply_to) doit être {reply_to}, ou une file {reply_to}.<nom> "
            f"que l'hébergeur du connecteur a ajoutée.{_why_not_direct(delivery)}",
        )
        return Answer(reply_to, rejection(delivery, (error,), now, job))
    if tenant is None or vendor.name not in tenant.vendors:
        return Answer(reply_to, rejection(delivery, (_wrong_tenant(tenant),), now, job))
    return Admitted(
        job=job,
        vendor=vendor,
        tenant=tenant,
        reply_to=reply_to,
        lane=delivery.lane,
        received_at=delivery.received_at,
        published_at=published_at(delivery),
        expires_at=expires_at,
        flow=Flow(delivery.lane, vendor.name, tenant.siret),
    )


def default_deadline(delivery: Delivery) -> datetime:
    """Return when a job that gives no ``expires_at`` is of no more use.

    It counts from the publication, or from the first consumption where the publisher gives no timestamp.
    Raises ``ValueError``, ``OverflowError`` or ``OSError`` for a timestamp beyond the year 9999.
    """
    return (published_at(delivery) or delivery.received_at) + DEFAULT_LIFETIMES[delivery.lane]


def published_at(delivery: Delivery) -> datetime | None:
    """Return when the job was published by its publisher's clock, None where it gives no timestamp.

    Raises what ``default_deadline`` does.
    """
    return None if delivery.timestamp is None else datetime.fromtimestamp(delivery.timestamp, tz=UTC)


def _forged(delivery: Delivery, vendor: Vendor, now: datetime) -> Answer:
    """Return what a message with ``x-death`` is answered, should nobody keep it: it need not come from the vendor."""
    error = job_error(
        JobCode.INVALID_MESSAGE, "L'en-tête AMQP x-death est réservé au courtier : publier le message sans."
    )
    return Answer(reply_queue(vendor.name), rejection(delivery, (error,), now, glimpse(delivery.body)))


def _too_late(job: VerificationRequest, delivery: Delivery) -> JobError:
    most = f"au plus tard {LONGEST_LIFETIME.days} jours après la demande"
    if job.expires_at is not None:
        return job_error(JobCode.INVALID_MESSAGE, f"expires_at doit être {most}.", "/expires_at")
    ahead = ((published_at(delivery) or delivery.received_at) - delivery.received_at).days
    return job_error(
        JobCode.INVALID_MESSAGE,
        f"L'échéance, comptée depuis la propriété AMQP timestamp, doit être {most}. Le timestamp reçu est en avance de "
        f"{ahead} jours.",
    )


def _unreadable(delivery: Delivery) -> JobError | None:
    """Tell it first: what was not read is not what is absent."""
    if delivery.oversized:
        return job_error(JobCode.INVALID_MESSAGE, TOO_LARGE)
    if delivery.unreadable_headers:
        return job_error(
            JobCode.INVALID_MESSAGE, "Les propriétés AMQP sont illisibles, ou il y a plus de 256 en-têtes."
        )
    return None


def _wrong_user(delivery: Delivery, vendor: Vendor, *, require_user_id: bool) -> JobError | None:
    if delivery.user_id == vendor.name or (delivery.user_id is None and not require_user_id):
        return None
    detail = (
        f"La propriété AMQP user_id est obligatoire : y écrire {vendor.name}."
        if delivery.user_id is None
        else f"La propriété AMQP user_id doit être {vendor.name}, l'utilisateur AMQP de ce logiciel."
    )
    return job_error(JobCode.FORBIDDEN_USER, detail)


def _wrong_envelope(delivery: Delivery) -> JobError | None:
    media_type, _, parameters = (delivery.content_type or "").lower().partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]+)", parameters)
    if media_type.strip() != _JSON or (charset and charset[1] not in _UTF_8):
        return job_error(
            JobCode.UNSUPPORTED_CONTENT_TYPE,
            "La propriété AMQP content_type doit être application/json, en UTF-8."
            + _received_type(media_type.strip()),
        )
    if (delivery.content_encoding or "").lower() not in ("", "identity", *_UTF_8):
        return job_error(
            JobCode.UNSUPPORTED_CONTENT_TYPE,
            "Le corps ne doit être ni compressé ni encodé : retirer la propriété AMQP content_encoding, ou y écrire utf-8.",
        )
    try:
        default_deadline(delivery)
    except (ValueError, OverflowError, OSError):
        detail = "La propriété AMQP timestamp doit être en secondes depuis le 1er janvier 1970."
        return job_error(JobCode.INVALID_MESSAGE, f"{detail}{_unit_of(delivery)}")
    return None


def _why_not_direct(delivery: Delivery) -> str:
    is_direct = (delivery.reply_to or "").startswith(_DIRECT)
    return (
        f" La réponse directe ({_DIRECT}) est refusée, car elle peut perdre une réponse." if is_direct else ""
    )


def _received_type(media_type: str) -> str:
    if not media_type:
        return " Elle est absente."
    if media_type == _JSON:
        return " Reçu : un autre jeu de caractères (charset)."
    return f" Reçu : {media_type}." if media_type in _OTHERS_TYPES else ""


def _unit_of(delivery: Delivery) -> str:
    """Return the unit in which a timestamp would be about now; nothing where there is none."""
    now = delivery.received_at.timestamp()
    for per_second, before, told in _OTHER_UNITS:
        if abs((delivery.timestamp or 0) / per_second - before - now) < _ABOUT_NOW_SECONDS:
            return f" {told}"
    return ""


def _allowed_reply_queue(delivery: Delivery, vendor: Vendor) -> str | None:
    """Return where to reply, or None when the vendor has no right there.

    The connector may write to every queue, and must not lend that right: only a queue that the operator has
    given this vendor passes.
    """
    wanted = delivery.reply_to or reply_queue(vendor.name)
    return wanted if wanted in reply_queues(vendor) else None


def _wrong_tenant(tenant: Tenant | None) -> JobError:
    if tenant is None:
        return job_error(
            JobCode.UNKNOWN_TENANT,
            "Ce SIRET n'est celui d'aucun CCAS enregistré chez l'hébergeur du connecteur : le vérifier, ou demander à l'hébergeur "
            "d'enregistrer ce CCAS.",
            "/tenant",
        )
    return job_error(
        JobCode.FORBIDDEN_TENANT,
        "Ce CCAS n'a pas autorisé ce logiciel chez l'hébergeur du connecteur : demander à l'hébergeur d'enregistrer cette "
        "autorisation.",
        "/tenant",
    )
