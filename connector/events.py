"""The events that are logged, by name: what happened, as ``<what>.<past participle>``.

Operators' alerts key on the names, so none changes.
"""

from enum import StrEnum
from typing import Final


class Event(StrEnum):
    """Names an event of the logs."""

    ADDRESS_IN_CLEAR = "address.in_clear"
    ADDRESS_PAUSED = "address.paused"
    BACKLOG_CLOSED = "backlog.closed"
    BACKLOG_FULL = "backlog.full"
    BACKLOG_LEFT = "backlog.left"
    BACKLOG_NOT_OPENED = "backlog.not_opened"
    BACKLOG_NOT_TIDIED = "backlog.not_tidied"
    BACKLOG_OPENED = "backlog.opened"
    BACKLOG_REMOVED = "backlog.removed"
    BEAT_DATABASE_AWAY = "beat.database_away"
    BEAT_FINISHED = "beat.finished"
    BEAT_READY = "beat.ready"
    BEAT_STARTED = "beat.started"
    BEAT_TASK_FAILED = "beat.task_failed"
    BEAT_TURN_LOST = "beat.turn_lost"
    BREAKER_CLOSED = "breaker.closed"
    BREAKER_CONCERNS = "breaker.concerns"
    BREAKER_OPENED = "breaker.opened"
    BROKER_AWAY = "broker.away"
    BROKER_BACK = "broker.back"
    BROKER_BLOCKED = "broker.blocked"
    BROKER_REFUSED = "broker.refused"
    BROKER_UNBLOCKED = "broker.unblocked"
    CALL_ENDED = "call.ended"
    CHECK_UNEXPECTED_ERROR = "check.unexpected_error"
    DATABASE_WAS_OPEN = "database.was_open"
    DGFIP_REFUSED = "dgfip.refused"
    EXCLUSION_UNEXPECTED_ERROR = "exclusion.unexpected_error"
    FINALIZER_UNEXPECTED_ERROR = "finalizer.unexpected_error"
    FRANCE_CONNECT_SUSPENDED = "france_connect.suspended"
    HEALTH_LISTENING = "health.listening"
    HEALTH_REFUSED = "health.refused"
    ISOLATION_POSTPONED = "isolation.postponed"
    JOB_DEAD = "job.dead"
    JOB_ISOLATED = "job.isolated"
    JOB_REJECTED = "job.rejected"
    JOB_SETTLED = "job.settled"
    JOB_UNEXPECTED_ERROR = "job.unexpected_error"
    JOB_UNSETTLED = "job.unsettled"
    JOURNAL_AWAY = "journal.away"
    JOURNAL_BACK = "journal.back"
    JOURNAL_CONFIRMED_AGAIN = "journal.confirmed_again"
    JOURNAL_NOT_PUT_ASIDE = "journal.not_put_aside"
    JOURNAL_OFF = "journal.off"
    JOURNAL_PURGED = "journal.purged"
    JOURNAL_UNCONFIRMED = "journal.unconfirmed"
    JOURNAL_UNEXPECTED_ERROR = "journal.unexpected_error"
    JOURNAL_UNREADABLE = "journal.unreadable"
    LANE_BEHIND = "lane.behind"
    LIBRARY_LOGGED = "library.logged"
    LIBRARY_UNEXPECTED_ERROR = "library.unexpected_error"
    LIBRARY_WARNED = "library.warned"
    LOOP_UNEXPECTED_ERROR = "loop.unexpected_error"
    MEMORY_AWAY = "memory.away"
    MEMORY_BACK = "memory.back"
    MEMORY_NOT_FORGOTTEN = "memory.not_forgotten"
    MEMORY_UNREADABLE = "memory.unreadable"
    NOMENCLATURE_DRIFT = "nomenclature.drift"
    NOMENCLATURE_UNAVAILABLE = "nomenclature.unavailable"
    PRESENCE_NOT_TOLD = "presence.not_told"
    PROGRAM_CRASHED = "program.crashed"
    REGISTRY_CONFIRMED = "registry.confirmed"
    REGISTRY_REFRESHED = "registry.refreshed"
    REGISTRY_REFUSED = "registry.refused"
    REGISTRY_STALE = "registry.stale"
    REGISTRY_UNCONFIRMED = "registry.unconfirmed"
    REGISTRY_UNREACHABLE = "registry.unreachable"
    REPLY_UNDELIVERABLE = "reply.undeliverable"
    REPLY_QUEUE_DIFFERS = "reply_queue.differs"
    ROUNDS_UNEXPECTED_ERROR = "rounds.unexpected_error"
    SENTRY_AWAY = "sentry.away"
    SETTLING_UNEXPECTED_ERROR = "settling.unexpected_error"
    SHARED_STATE_AWAY = "shared_state.away"
    SHARED_STATE_BACK = "shared_state.back"
    SHARED_STATE_REFUSED = "shared_state.refused"
    SOURCE_SURPRISE = "source.surprise"
    TENANT_RECORD_REFUSED = "tenant.record_refused"
    TENANT_SUSPENDED = "tenant.suspended"
    THREAD_CRASHED = "thread.crashed"
    TOKEN_EXPIRES = "token.expires"  # noqa: S105 - a name
    TOKEN_NEXT_REFUSED = "token.next_refused"  # noqa: S105 - a name
    TOKEN_PROMOTED = "token.promoted"  # noqa: S105 - a name
    TOKEN_REFUSED = "token.refused"  # noqa: S105 - a name
    TOKEN_UNREADABLE = "token.unreadable"  # noqa: S105 - a name
    TOKENS_UNDECIDED = "tokens.undecided"
    TOPOLOGY_REFUSED = "topology.refused"
    TOPOLOGY_UNVERIFIED = "topology.unverified"
    TURNS_UNEXPECTED_ERROR = "turns.unexpected_error"
    VENDOR_CLOCK_AHEAD = "vendor.clock_ahead"
    VENDOR_REJECTED_OFTEN = "vendor.rejected_often"
    WORKER_CONSUMER_LOST = "worker.consumer_lost"
    WORKER_DELIVERY_TIMED_OUT = "worker.delivery_timed_out"
    WORKER_DRAINING = "worker.draining"
    WORKER_GAVE_BACK = "worker.gave_back"
    WORKER_NOT_ALONE = "worker.not_alone"
    WORKER_READY = "worker.ready"


OF_INFORMATION: Final = frozenset(
    {
        Event.BACKLOG_CLOSED,
        Event.BACKLOG_LEFT,
        Event.BACKLOG_OPENED,
        Event.BACKLOG_REMOVED,
        Event.BEAT_FINISHED,
        Event.BEAT_READY,
        Event.BEAT_STARTED,
        Event.BREAKER_CLOSED,
        Event.BROKER_BACK,
        Event.BROKER_UNBLOCKED,
        Event.CALL_ENDED,
        Event.HEALTH_LISTENING,
        Event.JOB_REJECTED,
        Event.JOB_SETTLED,
        Event.JOURNAL_BACK,
        Event.JOURNAL_CONFIRMED_AGAIN,
        Event.JOURNAL_OFF,
        Event.JOURNAL_PURGED,
        Event.LANE_BEHIND,
        Event.MEMORY_BACK,
        Event.NOMENCLATURE_UNAVAILABLE,
        Event.PRESENCE_NOT_TOLD,
        Event.REGISTRY_CONFIRMED,
        Event.REGISTRY_REFRESHED,
        Event.SHARED_STATE_BACK,
        Event.TOKEN_PROMOTED,
        Event.VENDOR_CLOCK_AHEAD,
        Event.WORKER_DRAINING,
        Event.WORKER_READY,
    }
)
"""Logged below a warning. Every other is decided in ``telemetry.incidents``: whether it is worth an incident in Sentry."""
