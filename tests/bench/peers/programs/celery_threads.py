"""The job by Celery as it is usually written: a step consumes the vendor's JSON, a task on threads makes the call.

Two hops: the vendor's message becomes a Celery task on an internal quorum queue, since a task's message is Celery's own.
"""

import os
import sys
from typing import Any, Final

import httpx
from celery import Celery, bootsteps
from celery.signals import worker_ready
from kombu import Connection, Consumer, Queue
from kombu.pools import producers

CONCURRENCY: Final = int(os.environ.get("BENCH_CONCURRENCY", "200"))
BROKER_URL: Final = os.environ["BENCH_BROKER_URL"]
QUORUM: Final = {"x-queue-type": "quorum"}

app = Celery("bench", broker=BROKER_URL)
app.conf.update(
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    task_queues=[Queue("bench.internal", routing_key="bench.internal", queue_arguments=QUORUM)],
    task_default_queue="bench.internal",
    task_default_queue_type="quorum",
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
)
client = httpx.Client(
    timeout=30, limits=httpx.Limits(max_connections=None, max_keepalive_connections=CONCURRENCY)
)
connection = Connection(BROKER_URL, transport_options={"confirm_publish": True})


@app.task  # type: ignore[untyped-decorator]  # Celery ships no types
def verify(job: dict[str, Any], correlation_id: str | None) -> None:
    """Ask the upstream, and answer; Celery acknowledges afterwards."""
    response = client.get(
        f"{os.environ['BENCH_UPSTREAM_URL']}/v3/dss/quotient_familial/identite",
        params={"recipient": job["tenant"], "nomNaissance": job["identity"]["nom_naissance"]},
        headers={"Authorization": "Bearer sandbox"},
    )
    reply = {"job_id": job["job_id"], "data": response.json()["data"]}
    with producers[connection].acquire(block=True) as producer:
        producer.publish(
            reply, exchange="", routing_key="bench.replies", correlation_id=correlation_id, delivery_mode=2
        )


class Intake(bootsteps.ConsumerStep):  # type: ignore[misc]  # Celery ships no types
    """Makes a task of each of the vendor's messages."""

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """Return the consumer of the vendor's queue."""
        queue = Queue("bench.jobs", queue_arguments=QUORUM, no_declare=True)
        return [
            Consumer(channel, [queue], callbacks=[self.receive], accept=["json"], prefetch_count=CONCURRENCY)
        ]

    def receive(self, job: dict[str, Any], message: Any) -> None:
        """Queue the task, confirmed, then acknowledge."""
        verify.apply_async((job, message.properties.get("correlation_id")))
        message.ack()


app.steps["consumer"].add(Intake)


@worker_ready.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def ready(**_told: Any) -> None:
    """Say that jobs are taken."""
    print("worker ready", flush=True)


if __name__ == "__main__":
    app.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--concurrency={CONCURRENCY}",
            f"--hostname=bench-{sys.argv[1]}@localhost",
            "--queues=bench.internal",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
        ]
    )
