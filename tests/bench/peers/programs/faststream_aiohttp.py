"""The job by FastStream over aiohttp's connection pool: what who has measured FastStream's own way would write."""

import os
from typing import Any

import aiohttp
import httpx
from faststream import FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from httpx_aiohttp import AiohttpTransport
from pydantic import BaseModel

CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "200"))


def session() -> aiohttp.ClientSession:
    """Return aiohttp's client without a limit of connections: how many jobs are in flight is the broker's."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )


broker = RabbitBroker(os.environ["BENCH_BROKER_URL"], default_channel=Channel(prefetch_count=CONCURRENCY))
app = FastStream(broker)
client = httpx.AsyncClient(transport=AiohttpTransport(client=session), timeout=30)


class Job(BaseModel):
    """The members of a job that the call needs."""

    job_id: str
    tenant: str
    identity: dict[str, Any]


@broker.subscriber(RabbitQueue("bench.jobs", durable=True, queue_type=QueueType.QUORUM))
@broker.publisher(RabbitQueue("bench.replies", durable=True, queue_type=QueueType.QUORUM), persist=True)
async def verify(job: Job) -> dict[str, Any]:
    """Ask the upstream, and answer."""
    response = await client.get(
        f"{os.environ['BENCH_UPSTREAM_URL']}/v3/dss/quotient_familial/identite",
        params={"recipient": job.tenant, "nomNaissance": job.identity["nom_naissance"]},
        headers={"Authorization": "Bearer sandbox"},
    )
    return {"job_id": job.job_id, "data": response.json()["data"]}
