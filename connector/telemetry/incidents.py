"""What is worth an event in Sentry, decided once: by the name of a log event, why, and what to do.

Not a person without a file, not a retry that will succeed, not what mends itself: that is what metrics are for. An issue
is a cause, whoever it concerns: what tells two causes apart is ``by``, never a tenant. ``NOT_WORTH_ONE`` holds the other
events from ``warning`` upwards, each with its reason, so that none is left out by oversight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from connector.events import Event
from connector.sources.traits import TRAITS, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One kind of event; its fields are those of the log event, of ``connector.telemetry.vocabulary.FIELDS``."""

    title: str
    """What happened."""
    cause: str
    to_do: str
    by: tuple[str, ...] = ()
    """The fields that tell causes apart."""
    concerns_all: bool = False
    """It is no tenant's own: whose job met it is one of those concerned, no more."""
    except_codes: frozenset[str] = frozenset()
    """With one of these codes it is not worth an event: another incident has told the cause."""


def runbook(event: str) -> str:
    """Return where the runbook speaks of an incident: the anchor of the heading that is its event's name."""
    return f"deploy/README.md#{event.replace('.', '')}"


_DEFECT: Final = "a defect of the connector, or of a library"
_REPORT: Final = "report it to the maintainers with the type and the stack"
_ROTATE: Final = "get a token that the API takes on DataPass, then: ccas-connector tenants token rotate SIRET"

INCIDENTS: Final[Mapping[str, Incident]] = MappingProxyType(
    {
        Event.TOKEN_REFUSED: Incident(
            title="The API refuses a tenant's token",
            cause="the token was revoked or has expired, lacks a delegation, or the API does not allow this host's address",
            to_do=f"{_ROTATE}; where the code is ip_forbidden, ask the API to allow the address; where it is delegation_missing, have the CCAS delegate its habilitation",
            by=("code",),
        ),
        Event.TOKEN_NEXT_REFUSED: Incident(
            title="The API refuses the token that was to replace a tenant's",
            cause="the new token is not valid; the former one still serves",
            to_do=_ROTATE,
            by=("code",),
        ),
        Event.TOKEN_EXPIRES: Incident(
            title="A tenant's token expires soon",
            cause="its habilitation ends",
            to_do="renew the habilitation on DataPass, which takes weeks, then: ccas-connector tenants token rotate SIRET",
        ),
        Event.TOKEN_UNREADABLE: Incident(
            title="A tenant's stored token does not open",
            cause="CONNECTOR_SECRET_KEY lacks the key that the token was sealed under",
            to_do="give back the former key behind the new one, then: ccas-connector registry rekey",
        ),
        Event.DGFIP_REFUSED: Incident(
            title="The DGFiP refuses a tenant's credentials",
            cause="they were changed or revoked",
            to_do="check them with the DGFiP, then: ccas-connector tenants import FILE",
            by=("code",),
        ),
        Event.TENANT_RECORD_REFUSED: Incident(
            title="The API refuses a tenant's SIRET",
            cause="the SIRET in the registry is not that of an establishment, or not the habilitation's",
            to_do="compare it with the habilitation on DataPass; where the tenants file is wrong: ccas-connector tenants import FILE, and tell the vendor",
            by=("code",),
        ),
        Event.TENANT_SUSPENDED: Incident(
            title="A tenant is suspended: its calls keep being refused",
            cause="twenty refusals in five minutes",
            to_do="have the scope added to the habilitation, or give the tenant its real quota; a new token ends it too",
            by=("check", "code"),
            # token.refused and dgfip.refused have told those.
            except_codes=frozenset(
                str(code) for code, traits in TRAITS.items() if traits.refuses is Refusal.TOKEN
            ),
        ),
        Event.FRANCE_CONNECT_SUSPENDED: Incident(
            title="The FranceConnect tokens that a vendor sends for a tenant keep being refused",
            cause="twenty refusals in five minutes: its sessions have ended when it publishes, or its tokens are none",
            to_do="have the vendor publish as soon as FranceConnect has given the token; nobody else is concerned",
            by=("vendor",),
        ),
        Event.ADDRESS_PAUSED: Incident(
            title="No call is made from this address for now",
            cause="so many refusals in five minutes that the API would soon ban the address, with every tenant behind it",
            to_do="find whose calls are refused (token.refused, tenant.suspended, france_connect.suspended), and revoke what does not serve",
            by=("code",),
            concerns_all=True,
        ),
        Event.BREAKER_OPENED: Incident(
            title="A provider is down",
            cause="several calls in a row failed, or the provider announced a maintenance",
            to_do="look at the provider's status; nothing to do here: jobs wait, and the breaker closes by itself",
            by=("provider", "code"),
            concerns_all=True,
        ),
        Event.BACKLOG_FULL: Incident(
            title="A vendor's jobs for a tenant are refused: its overflow queue is full",
            cause="it publishes faster than the tenant's quota lets its jobs through, for so long that they would fill the disk",
            to_do="have the vendor spread its campaign; where it is wanted, raise the limit of overflow queues in the definitions",
            by=("lane",),
        ),
        Event.VENDOR_REJECTED_OFTEN: Incident(
            title="A vendor's messages are rejected at a high rate",
            cause="its program is broken, or does not mean well: over ten messages a minute are no jobs of the contract",
            to_do="tell the vendor the codes, with schemas/README.md; where it does not stop: take the right to publish from its broker user",
            by=("vendor",),
        ),
        Event.SOURCE_SURPRISE: Incident(
            title="A source answers otherwise than documented",
            cause="the API has changed",
            to_do="compare the place with the API's documentation, and report it to the maintainers",
            by=("check", "kind"),
            concerns_all=True,
        ),
        Event.NOMENCLATURE_DRIFT: Incident(
            title="The API's nomenclature of errors says what the connector does not know",
            cause="the API has new codes, or changed what some mean",
            to_do="ccas-connector checks drift, and report what it shows to the maintainers",
            concerns_all=True,
        ),
        Event.REPLY_UNDELIVERABLE: Incident(
            title="A reply could not be delivered",
            cause="the vendor's reply queue is gone, or refuses messages",
            to_do="have the queue read, or declared where workers may not (ccas-connector topology declare), then: ccas-connector dead replay --all",
            by=("reason",),
        ),
        Event.JOB_DEAD: Incident(
            title="A message could be neither processed nor answered",
            cause="an unknown vendor, a forged message, a key that is gone, or a defect",
            to_do="ccas-connector dead list, mend the cause that it gives, then: ccas-connector dead replay",
            by=("reason",),
        ),
        Event.JOB_ISOLATED: Incident(
            title="A job may be what ends workers",
            cause="it was in flight each of the many times that a worker ended",
            to_do="look at why workers end (memory, SIGKILL); the job runs alone and is answered in any case",
        ),
        Event.JOURNAL_UNCONFIRMED: Incident(
            title="The broker does not keep the access journal's records: no call is made meanwhile",
            cause="the queue connector.journal is gone or takes nothing, or the broker does not answer",
            to_do="ccas-connector topology declare, then look at the broker (its alarms, the queue's leader)",
            by=("reason",),
            concerns_all=True,
        ),
        Event.JOURNAL_UNREADABLE: Incident(
            title="Records of the access journal cannot be written, and lie on connector.dead",
            cause="CONNECTOR_SECRET_KEY lacks the key that they were sealed under, or the database refuses them",
            to_do="give back the former key behind the new one, then: ccas-connector dead replay --all",
            by=("exception",),
        ),
        Event.TOPOLOGY_REFUSED: Incident(
            title="The broker's topology is not as it must be",
            cause="a queue or exchange is missing, was declared otherwise, or its rights are",
            to_do="ccas-connector vendors definitions, and import them, then start the worker again",
        ),
        Event.REPLY_QUEUE_DIFFERS: Incident(
            title="A reply queue is not as it must be",
            cause="it was declared by a former version, or by hand; it serves, and may give replies up that its reader dies with",
            to_do="stop the workers, then: ccas-connector topology replace-reply-queues",
        ),
        Event.WORKER_CONSUMER_LOST: Incident(
            title="A queue that a worker took jobs from is gone",
            cause="somebody deleted it; the worker ends, to be started again",
            to_do="ccas-connector topology declare, and find out who deletes queues",
        ),
        Event.WORKER_DELIVERY_TIMED_OUT: Incident(
            title="The broker took jobs back from a worker that was at them",
            cause="its consumer_timeout is shorter than a job may take, or the worker has hung",
            to_do="set consumer_timeout in rabbitmq.conf to ten minutes at least; where it is, send us the worker's log",
        ),
        Event.WORKER_NOT_ALONE: Incident(
            title="A worker does not start: quotas would not be kept",
            cause="several worker processes, at least one of them without CONNECTOR_REDIS_URL",
            to_do="give all of them CONNECTOR_REDIS_URL, or stop all but one",
        ),
        Event.BROKER_REFUSED: Incident(
            title="A worker does not start: the broker refuses its user",
            cause="the user, the password or the virtual host of CONNECTOR_BROKER_URL",
            to_do="correct CONNECTOR_BROKER_URL, then: ccas-connector health",
        ),
        Event.SHARED_STATE_REFUSED: Incident(
            title="A worker does not start: Redis cannot be used",
            cause="the address of CONNECTOR_REDIS_URL, or that server",
            to_do="correct CONNECTOR_REDIS_URL, or start that server",
        ),
        Event.REGISTRY_STALE: Incident(
            title="A worker does not see changes of the registry",
            cause="the database of CONNECTOR_DATABASE_URL has not answered for half a minute",
            to_do="bring it back; ccas-connector health says what it answers",
            by=("variable",),
        ),
        Event.REGISTRY_UNCONFIRMED: Incident(
            title="No call is made: a worker cannot be sure of its registry",
            cause="the database has not answered for CONNECTOR_REGISTRY_TRUST_SECONDS; a token may have been revoked meanwhile",
            to_do="bring the database back: what waits is answered then; ccas-connector health says what it answers",
            by=("variable",),
        ),
        Event.REGISTRY_REFUSED: Incident(
            title="A worker or beat does not start: the database cannot be used",
            cause="the address of CONNECTOR_DATABASE_URL, that server or file, or a schema of another version",
            to_do="correct CONNECTOR_DATABASE_URL, start that server, or run: ccas-connector registry upgrade",
        ),
        **{
            event: Incident(title=title, cause=_DEFECT, to_do=_REPORT, by=("check", "exception", "place"))
            for event, title in {
                Event.CHECK_UNEXPECTED_ERROR: "A check ended in a way that nobody foresaw",
                Event.JOB_UNEXPECTED_ERROR: "A job ended in a way that nobody foresaw",
                Event.SETTLING_UNEXPECTED_ERROR: "A job could not be settled, in a way that nobody foresaw",
                Event.TURNS_UNEXPECTED_ERROR: "What lets calls through failed, and was started again",
                Event.EXCLUSION_UNEXPECTED_ERROR: "What orders FranceConnect's calls failed: each worker has its own order",
                Event.JOURNAL_UNEXPECTED_ERROR: "Records of the access journal could not be sent: no call is made meanwhile",
                Event.ROUNDS_UNEXPECTED_ERROR: "A worker could not say that it is alive, and goes on",
                Event.BEAT_TASK_FAILED: "A scheduled task failed, and will come due again",
                Event.LOOP_UNEXPECTED_ERROR: "An event loop was left with an exception",
                Event.LIBRARY_UNEXPECTED_ERROR: "A library logged an exception",
                Event.FINALIZER_UNEXPECTED_ERROR: "An object could not be cleaned up",
                Event.THREAD_CRASHED: "A thread ended in a way that nobody foresaw",
                Event.PROGRAM_CRASHED: "A program ended in a way that nobody foresaw",
            }.items()
        },
    }
)

ADDS_TO: Final[Mapping[str, Event]] = MappingProxyType({Event.BREAKER_CONCERNS: Event.BREAKER_OPENED})
"""Events that name more of those whom another one's cause concerns: they are told as that one, in its issue."""

NOT_WORTH_ONE: Final[Mapping[Event, str]] = MappingProxyType(
    {
        Event.JOB_UNSETTLED: "the broker gives the job again",
        Event.MEMORY_AWAY: "jobs are answered without it; a metric says how long",
        Event.MEMORY_UNREADABLE: "the job is run again",
        Event.MEMORY_NOT_FORGOTTEN: "tried again within a minute",
        Event.JOURNAL_AWAY: "records wait on the broker; a metric says how long",
        Event.JOURNAL_NOT_PUT_ASIDE: "tried again within seconds",
        Event.REGISTRY_UNREACHABLE: "the former registry serves; what lasts is registry.stale",
        Event.SHARED_STATE_AWAY: "each process keeps to its share; a metric says how long",
        Event.BROKER_AWAY: "tried again within seconds; a metric says how long, and jobs wait where they are",
        Event.BROKER_BLOCKED: "the broker's own alarm tells its operator",
        Event.TOPOLOGY_UNVERIFIED: "everything works; the runbook says which definitions to import",
        Event.BACKLOG_NOT_OPENED: "the job is run instead",
        Event.BACKLOG_NOT_TIDIED: "tried again within a minute",
        Event.ISOLATION_POSTPONED: "tried again within seconds",
        Event.BEAT_DATABASE_AWAY: "tried again within seconds; a missed check-in tells what lasts",
        Event.BEAT_TURN_LOST: "another beat does it",
        Event.TOKENS_UNDECIDED: "asked again; the API's outage is a breaker's to tell",
        Event.WORKER_GAVE_BACK: "another worker takes the jobs",
        Event.HEALTH_REFUSED: "whoever starts the worker sees it end",
        Event.LIBRARY_LOGGED: "what it leads to has an event of its own",
        Event.LIBRARY_WARNED: "a library works on; it is for the maintainers, at the next upgrade",
        Event.ADDRESS_IN_CLEAR: "the operator chose the address, and each start says it again",
        Event.DATABASE_WAS_OPEN: "it is closed as it is found",
        Event.SENTRY_AWAY: "it cannot be told there",
    }
)
"""Why the other events from ``warning`` upwards are none."""
