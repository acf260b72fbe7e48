"""Every limit of the time that a job is in flight, in seconds, and the order that they keep.

    a call          its turn ─▶ its way to the source (ping, journal, a turn lost on the way) ─▶ the source's calls
    a job in flight   calls, none of which begins after ``PURSUIT_SECONDS`` ─▶ its reply, or its message that comes again

What protects a job, or speaks for it, lasts longer than the job may be in flight: the claim by which duplicates wait for it,
the time that it runs alone, the drain of a worker whose queue is gone. What protects a probe lasts longer than a probe.
"""

from typing import Final

CONNECT_TIMEOUT_SECONDS: Final = 5.0
READ_TIMEOUT_SECONDS: Final = 30.0
CALL_TIMEOUT_SECONDS: Final = 45.0
"""One HTTP call. API Particulier gives a provider 30 s, one after the other where it asks two."""
ASK_SECONDS: Final = 90.0
"""All HTTP calls of one call of a check: a source may want a token first, and ask twice."""
PING_SECONDS: Final = 5.0
LONGEST_TURN_SECONDS: Final = 90.0
"""How long a call waits for its turn in the worker: RabbitMQ takes a delivery back that is not settled in half an hour."""
TURN_AGAIN_SECONDS: Final = 30.0
"""How long a job waits outside of the worker whose call had no turn."""
TURN_LASTS_SECONDS: Final = 1.0
"""A call that does not set out within this of its slot has lost it: its quota is in another window, and so may be hundreds.
Not sooner: on a machine without time to spare every call is late, and a slot lost is a call less."""
SET_OUT_SECONDS: Final = 20.0
"""How long a call that has its turn may take to set out: for the broker to keep its record, for a ping's turn, for a second
turn where the first was lost. It may be a provider's probe meanwhile, for which every other job waits."""
PROBE_SECONDS: Final = 120.0
"""After so long, a probe that has not come back is given up: its worker may have died."""
PURSUIT_SECONDS: Final = 60.0
"""After so long in flight a check that may wait outside begins no further call: each of five variants may wait for its turn."""
CONFIRM_TIMEOUT_SECONDS: Final = 30.0
"""How long the broker may take to confirm a publish."""
RUN_SECONDS: Final = 300.0
"""How long a run that is in flight is believed to be alive, so that duplicates of its job wait for it."""
ALONE_SECONDS: Final = 300.0
"""How long a job that may end its worker is left alone in it, and the others are waited for before."""
LOST_DRAIN_SECONDS: Final = 300.0
"""How long, at least, jobs may still take of which some cannot come again, since their queue is gone."""


def longest_call_seconds() -> float:
    """Return how long one call of a check may take from its first wait to its answer."""
    return LONGEST_TURN_SECONDS + SET_OUT_SECONDS + PING_SECONDS + ASK_SECONDS


def longest_probe_seconds() -> float:
    """Return how long a call may take from when it is let through as a probe to its answer."""
    return SET_OUT_SECONDS + PING_SECONDS + ASK_SECONDS


def longest_in_flight_seconds() -> float:
    """Return how long a job may be in flight until the broker has its reply, or its message that comes again."""
    return PURSUIT_SECONDS + longest_call_seconds() + CONFIRM_TIMEOUT_SECONDS
