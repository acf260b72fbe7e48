"""The job by aio-pika and aiohttp alone: no validation and no feature, on the fastest loop and the fastest JSON there is.

How little the work itself costs; nobody could run it.
"""

import asyncio
import os
from functools import partial

import aio_pika
import aiohttp
import orjson
import uvloop
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "200"))
URL = f"{os.environ['BENCH_UPSTREAM_URL']}/v3/dss/quotient_familial/identite"


async def verify(
    message: AbstractIncomingMessage, exchange: AbstractExchange, session: aiohttp.ClientSession
) -> None:
    """Ask the upstream, answer, and acknowledge once the broker has confirmed the answer."""
    job = orjson.loads(message.body)
    params = {"recipient": job["tenant"], "nomNaissance": job["identity"]["nom_naissance"]}
    async with session.get(URL, params=params, headers={"Authorization": "Bearer sandbox"}) as response:
        data = orjson.loads(await response.read())["data"]
    reply = aio_pika.Message(
        orjson.dumps({"job_id": job["job_id"], "data": data}),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        content_type="application/json",
        correlation_id=message.correlation_id,
    )
    await exchange.publish(reply, "bench.replies")
    await message.ack()


async def main() -> None:
    """Answer jobs until told to end."""
    connection = await aio_pika.connect_robust(os.environ["BENCH_BROKER_URL"])
    async with connection, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        channel = await connection.channel(publisher_confirms=True)
        await channel.set_qos(prefetch_count=CONCURRENCY)
        queue = await channel.get_queue("bench.jobs", ensure=False)
        await queue.consume(partial(verify, exchange=channel.default_exchange, session=session))
        print("worker ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
