"""What is told of jobs as they go through the pipeline, so that it can be counted."""

from collections.abc import Iterable
from datetime import datetime

from connector.amqp.confirmed_channel import Confirmation
from connector.jobs.delivery import Delivery
from connector.jobs.records import Lane, Tenant
from connector.jobs.settlement import Settlement
from schemas.codes import CheckCode
from schemas.reply import CheckReply


class Metrics:
    """Counts nothing: what a worker has that nobody scrapes. ``PrometheusMetrics`` counts."""

    def job_taken_in(self, delivery: Delivery, now: datetime) -> None:
        """Take in that a job's run begins, or goes on after it was deferred."""

    def turn_came(self, lane: Lane, waited_seconds: float) -> None:
        """Take in how long a call has waited for its quota."""

    def call_ended(self, check: str, tenant: Tenant, code: CheckCode | None, duration_ms: int) -> None:
        """Take in one call to a source; ``check`` is a name of the catalogue, no code is that of data."""

    def call_will_be_repeated(self, check: str, code: CheckCode) -> None:
        """Take in that a call has failed for now, and that its check is asked again."""

    def checks_answered(self, checks: Iterable[CheckReply]) -> None:
        """Take in the answers of a job that was run."""

    def delivery_settled(self, settlement: Settlement, delivery: Delivery, now: datetime) -> None:
        """Take in how a delivery has ended, once the broker has confirmed it."""

    def quarantined_ran_alone(self, lane: Lane) -> None:
        """Take in that a job that may end the worker begins to run alone, or is given up."""

    def journal_group_died(self) -> None:
        """Take in that records of the access journal, which cannot be written, were put on ``connector.dead``."""

    def reply_was_undeliverable(self, confirmation: Confirmation) -> None:
        """Take in that a reply was kept on ``connector.undeliverable``, and why its own queue did not take it."""

    def render(self, *, is_ready: bool, is_blocked: bool, unsettled: int) -> bytes:  # noqa: ARG002 - for whoever counts
        """Return everything in Prometheus's text format.

        ``is_ready`` tells whether the worker takes jobs, ``is_blocked`` whether the broker takes no replies for now,
        ``unsettled`` how many deliveries the worker has taken and not settled yet.
        """
        return b""
