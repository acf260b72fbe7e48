"""The same job by FastStream as its documentation writes a worker: a subscriber, a publisher, httpx."""

import os
from typing import Any

import httpx
from faststream import FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pydantic import BaseModel

CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "200"))

broker = RabbitBroker(os.environ["BENCH_BROKER_URL"], default_channel=Channel(prefetch_count=CONCURRENCY))
app = FastStream(broker)
client = httpx.AsyncClient(timeout=30)


class Job(BaseModel):
    """The members of a job that the call needs."""

    job_id: str
    tenant: str
    identity: dict[str, Any]


@broker.subscriber(RabbitQueue("bench.jobs", durable=True, queue_type=QueueType.QUORUM))
@broker.publisher(RabbitQueue("bench.replies", durable=True, queue_type=QueueType.QUORUM))
async def verify(job: Job) -> dict[str, Any]:
    """Ask the upstream, and answer."""
    response = await client.get(
        f"{os.environ['BENCH_UPSTREAM_URL']}/v3/dss/quotient_familial/identite",
        params={"recipient": job.tenant, "nomNaissance": job.identity["nom_naissance"]},
        headers={"Authorization": "Bearer sandbox"},
    )
    return {"job_id": job.job_id, "data": response.json()["data"]}
