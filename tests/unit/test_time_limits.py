"""The order of the limits of time: what protects a job outlives the job."""

from connector.checks.advance import FRANCE_CONNECT_SECONDS
from connector.time_limits import (
    ALONE_SECONDS,
    ASK_SECONDS,
    CALL_TIMEOUT_SECONDS,
    CONFIRM_TIMEOUT_SECONDS,
    CONNECT_TIMEOUT_SECONDS,
    LOST_DRAIN_SECONDS,
    PING_SECONDS,
    PROBE_SECONDS,
    PURSUIT_SECONDS,
    READ_TIMEOUT_SECONDS,
    RUN_SECONDS,
    SET_OUT_SECONDS,
    longest_call_seconds,
    longest_in_flight_seconds,
    longest_probe_seconds,
)

_BROKERS_PATIENCE_SECONDS = 1800.0
"""RabbitMQ's ``consumer_timeout``, by default."""


def test_a_job_in_flight_does_not_outlive_the_claim_that_protects_it() -> None:
    assert longest_in_flight_seconds() < RUN_SECONDS < _BROKERS_PATIENCE_SECONDS


def test_a_job_that_may_end_its_worker_is_alone_until_it_has_ended() -> None:
    assert longest_in_flight_seconds() < ALONE_SECONDS


def test_a_worker_whose_queue_is_gone_waits_for_every_job_in_flight() -> None:
    assert longest_in_flight_seconds() < LOST_DRAIN_SECONDS


def test_a_probes_claim_outlives_the_probe() -> None:
    assert longest_probe_seconds() < PROBE_SECONDS


def test_a_check_that_cannot_wait_outside_ends_by_itself() -> None:
    assert FRANCE_CONNECT_SECONDS <= PURSUIT_SECONDS
    assert FRANCE_CONNECT_SECONDS + longest_call_seconds() < RUN_SECONDS


def test_a_calls_parts_are_shorter_than_the_call() -> None:
    assert CONNECT_TIMEOUT_SECONDS < READ_TIMEOUT_SECONDS < CALL_TIMEOUT_SECONDS
    assert 2 * CALL_TIMEOUT_SECONDS <= ASK_SECONDS
    assert PING_SECONDS < SET_OUT_SECONDS < CONFIRM_TIMEOUT_SECONDS
