"""A campaign as a vendor sends it: as many jobs as fast as the broker takes them."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import amqp

from connector.demo.vendor import EXCHANGE, job_message

_UNCONFIRMED: Final = 500
"""Messages under way at most."""
_CONFIRM_SECONDS: Final = 60.0


def publish(
    port: int, vendor: str, lane: str, jobs: Iterable[Mapping[str, Any]], *, virtual_host: str = "/"
) -> float:
    """Publish ``jobs``, confirmed, without waiting for one confirm before the next job; return the seconds it took."""
    started = time.monotonic()
    with amqp.Connection(f"127.0.0.1:{port}", virtual_host=virtual_host) as connection:
        channel = connection.channel()
        channel.confirm_select()
        confirmed, sent = 0, 0

        def on_ack(tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's signature
            nonlocal confirmed
            confirmed = max(confirmed, tag) if multiple else confirmed + 1

        channel.events["basic_ack"].add(on_ack)
        for job in jobs:
            channel.basic_publish(job_message(json.dumps(job).encode()), EXCHANGE, f"{vendor}.{lane}")
            sent += 1
            while sent - confirmed > _UNCONFIRMED:
                connection.drain_events(timeout=_CONFIRM_SECONDS)
        # Acknowledgements may come in any order: the last one alone says too little.
        deadline = time.monotonic() + 2.0
        while confirmed < sent and time.monotonic() < deadline:
            connection.drain_events(timeout=_CONFIRM_SECONDS)
    return time.monotonic() - started
