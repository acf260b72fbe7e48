"""A vendor's reading of its replies, where a worker or a broker has died on the way."""

import json
from collections.abc import Collection
from contextlib import closing
from typing import Any

from connector.demo.vendor import VendorClient


def replies_to(vendor: VendorClient, job_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the first reply to each of these jobs, once all have one.

    A crash may make a reply arrive twice, and its second may come when another test reads: replies to other
    jobs, and later ones to these, are taken and left aside.

    Raises ``NoReplyError`` when no reply comes and some are missing.
    """
    first: dict[str, dict[str, Any]] = {}
    with closing(vendor.replies()) as messages:
        while len(first) < len(job_ids):
            reply = json.loads(next(messages).body)
            if reply["job_id"] in job_ids:
                first.setdefault(reply["job_id"], reply)
    return first
