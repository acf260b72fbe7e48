"""The demonstration: publish as two vendors, and show every reply."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Final
from uuid import uuid4

from amqp.exceptions import NotFound
from kombu import Connection

from connector.amqp.declaration import recorded_topology
from connector.amqp.definitions.document import definitions_of
from connector.amqp.definitions.passwords import credentials_of
from connector.amqp.definitions.rights import users_of
from connector.amqp.topology import lane_queue
from connector.demo.deployment import Deployment
from connector.demo.jobs import FAILURES, DemoJob, demo_jobs
from connector.demo.node import RabbitNode
from connector.demo.vendor import NoReplyError, VendorClient
from connector.jobs.records import Lane

VENDORS: Final = ("millesime", "sonate-opus")
_WORKER: Final = "connector"
Row = tuple[str, str, str, str]


class BrokerInUseError(Exception):
    """The broker that was given has jobs or workers of its own."""


def run_demo(broker_url: str | None, say: Callable[[str], None]) -> tuple[list[Row], int]:
    """Run it on ``broker_url``, or on a private node; return the table's rows and how many replies are missing.

    Stops all it started. Raises ``NodeError``, ``ProgramError`` or ``DeploymentError`` when a part does not
    start, and ``BrokerInUseError`` when the broker that was given is not free for it.
    """
    with ExitStack() as stack:
        urls = _urls(broker_url, stack, say)
        _refuse_a_broker_in_use(urls[_WORKER])
        say("starting the sandbox and a worker …")
        deployment = stack.enter_context(Deployment(urls[_WORKER], FAILURES))
        stack.enter_context(deployment.worker())
        clients = {vendor: stack.enter_context(VendorClient(urls[vendor], vendor)) for vendor in VENDORS}
        jobs = demo_jobs(f"demo-{uuid4().hex[:8]}")
        for job in jobs:
            user_id = job.vendor if broker_url is None else None
            clients[job.vendor].publish(job.body, job.lane, user_id=user_id, **job.properties)
        say(f"published {len(jobs)} jobs")
        answered = dict(_replies(clients, jobs))
        say("stopping …")
    rows = [row for job in jobs for row in _rows(job, answered.get(job.properties["correlation_id"]))]
    return rows, len(jobs) - len(answered)


def _urls(broker_url: str | None, stack: ExitStack, say: Callable[[str], None]) -> dict[str, str]:
    """Return the broker's address by user: on a private node each has its own, with no more rights than it needs."""
    if broker_url is not None:
        return dict.fromkeys((_WORKER, *VENDORS), broker_url)
    say("starting a private RabbitMQ node …")
    objects = recorded_topology(dict.fromkeys(VENDORS, ()))
    users = users_of(objects, VENDORS, worker=_WORKER, operator="operator", limits={})
    credentials = credentials_of([user.name for user in users], {}, {})
    node = stack.enter_context(RabbitNode(definitions_of(objects, users, credentials.hashes, vhost="/")))
    return {name: node.url(name, password) for name, password in credentials.passwords.items()}


def _refuse_a_broker_in_use(url: str) -> None:
    """Raise ``BrokerInUseError`` rather than answer real jobs from a throw-away registry."""
    with Connection(url, connect_timeout=10) as connection:
        for lane in Lane:
            try:
                queue = connection.channel().queue_declare(lane_queue(lane), passive=True)
            except NotFound:
                continue
            if queue.message_count or queue.consumer_count:
                raise BrokerInUseError(
                    f"the broker already serves a connector ({lane_queue(lane)} has "
                    f"{queue.message_count} jobs and {queue.consumer_count} workers); "
                    "give the demonstration a virtual host of its own",
                )


def _replies(
    clients: Mapping[str, VendorClient],
    jobs: tuple[DemoJob, ...],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each reply to these jobs under its correlation id; others' replies on the queue are left out."""
    for vendor, client in clients.items():
        awaited = {job.properties["correlation_id"] for job in jobs if job.vendor == vendor}
        try:
            while awaited:
                for message in client.replies(len(awaited)):
                    correlation_id = message.properties.get("correlation_id")
                    if correlation_id in awaited:
                        awaited.discard(correlation_id)
                        yield correlation_id, json.loads(message.body)
        except NoReplyError:
            continue


def _rows(job: DemoJob, reply: dict[str, Any] | None) -> Iterator[Row]:
    if reply is None:
        yield job.vendor, job.shows, "no reply", ""
        return
    label = job.shows
    if reply["errors"]:
        error = reply["errors"][0]
        yield job.vendor, label, reply["status"], f"{error['code']}: {error['detail']}"
    for check in reply["checks"]:
        yield job.vendor, label, reply["status"], f"{check['id']}: {_answer(check)}"
        label = ""


def _answer(check: dict[str, Any]) -> str:
    if check["status"] != "found":
        why = check["reason"]
        again = f" (again in {why['retry_after_seconds']} s)" if why["retry_after_seconds"] else ""
        return f"{check['status']}, {why['code']}{again}"
    withheld = f"; withheld: {', '.join(check['withheld'])}" if check["withheld"] else ""
    variant = f", {check['source']['variant']}" if check["source"]["variant"] else ""
    return f"found{variant}, {_gist(check['data'])}{withheld}"


def _gist(data: dict[str, Any]) -> str:
    """Return a line of an answer that shows nobody: a number, a yes or no, else the blocks' names."""
    if quotient := data.get("quotient_familial"):
        return f"{quotient['valeur']} ({quotient['fournisseur']})"
    if "revenu_fiscal_reference" in data:
        return f"revenu_fiscal_reference: {data['revenu_fiscal_reference']}"
    for name, value in data.items():
        if isinstance(value, bool) or (isinstance(value, str) and name.startswith("stat")):
            return f"{name}: {str(value).lower()}"
    return f"with {', '.join(data)}"
