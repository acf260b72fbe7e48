"""Floods by one vendor, whose program is broken or does not mean well, while another vendor's agent waits at a counter.

Each is published as fast as the broker takes it, against a worker with default settings. The other vendor publishes one job a
second, of a tenant of its own, and is to be answered each time as if it were alone.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, islice
from typing import Any, Final
from uuid import uuid4

from connector.catalogue import CATALOGUE
from connector.clock import utc_now
from connector.demo.deployment import BOURG, CLAMART
from connector.demo.node import RabbitNode
from connector.demo.vendor import NoReplyError, VendorClient
from connector.sandbox.tokens import SandboxToken, issue_token
from schemas.codes import Call
from tests.deployments import Deployment
from tests.jobs import QF, RSA, identity, job
from tests.sandbox_control import SandboxControl
from tests.town import import_town, sirets, town_token
from tests.worst_bodies import worst_bodies

LATENCY_SECONDS: Final = 0.1
"""Of the sandbox."""
MOST_SECONDS: Final = 2.0
"""That the other vendor's agent may wait."""
MOST_REFUSALS: Final = 500
"""While a flood lasts, a minute or so: at 2,000 in five minutes the API bans the address, and so everybody."""
_FLOODER: Final = "millesime"
_OTHER: Final = "sonate-opus"
_LASTS_SECONDS: Final = 60.0
"""That a flood at full speed goes on."""
_PATIENCE_SECONDS: Final = 75.0
"""A job lives for 60 s: after that its reply says ``expired``."""
TOWN: Final = sirets(200, first=2000)
LACKING: Final = sirets(6, first=3000)
"""Tenants whose tokens have one scope, of a check that nobody asks for."""
REVOKED: Final = sirets(30, first=4000)
"""Tenants whose tokens the API knows no more."""
_HEADERS: Final = {f"x-long-{number}": "x" * 10_000 for number in range(10)}
_SPELT: Final = (b'"france_connect_token"', rb'"france\u005fconnect_token"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a flood."""

    body: bytes
    lane: str = "interactive"
    headers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """What one vendor publishes, and the protection without which the other one notices."""

    name: str
    about: str
    messages: Callable[[], Iterator[Message]]
    publishers: int = 1
    """That publish it all at once, each on its own connection."""
    without: str | None
    """What ``tests.chaos.flooded_worker`` can do without; None where the flood met nothing that had to be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a flood."""

    flood: str
    published: int
    statuses: Mapping[str, int]
    """Of the other vendor's replies; ``unanswered`` among them."""
    longest_seconds: float
    """That one of the other vendor's jobs took."""
    refusals: int
    """That the sandbox counted."""
    is_paused: bool
    """The address made no call for a while."""

    @property
    def is_noticed(self) -> bool:
        """The other vendor has noticed, or would have before long."""
        completed = self.statuses.get("completed", 0)
        return (
            self.is_paused
            or self.refusals > MOST_REFUSALS
            or completed < sum(self.statuses.values())
            or self.longest_seconds > MOST_SECONDS
        )


def _encoded(**changes: Any) -> bytes:
    checks = changes.pop("checks", [QF])
    return json.dumps(job(*checks, **changes)).encode()


def _persons_tokens() -> Iterator[Message]:
    """1,500 jobs with a token of FranceConnect's that is none; every other one spells the member otherwise."""
    for number in range(1500):
        body = _encoded(
            job_id=f"fc-{number}", france_connect_token=f"none-{number}", identity=None, tenant=CLAMART
        )
        yield Message(body=body.replace(*_SPELT) if number % 2 else body)


def _unused_tokens() -> Iterator[Message]:
    """1,500 jobs that ask by identity, and carry a token for nothing."""
    for number in range(1500):
        yield Message(
            body=_encoded(
                job_id=f"unused-{number}",
                france_connect_token="none",
                tenant=CLAMART,
                checks=[{**QF, "call": "identite"}],
            )
        )


def _many_tenants() -> Iterator[Message]:
    """1,600 jobs of 200 tenants: no flow of them is long."""
    for number, tenant in enumerate(islice(cycle(TOWN), 1600)):
        yield Message(body=_encoded(job_id=f"town-{number}", tenant=tenant, checks=[QF, RSA]))


def _defects() -> Iterator[Message]:
    """300 bodies of 64 KiB with 32,000 defects each."""
    start = f'{{"version":1,"job_id":"a","tenant":"{CLAMART}","checks":['
    body = (start + ",".join(["1"] * ((65_536 - len(start) - 2) // 2)) + "]}").encode()
    yield from (Message(body=body) for _ in range(300))


def _worst() -> Iterator[Message]:
    """Every body of the worst cases, up to 1,200 of them."""
    yield from (Message(body=body) for body in islice(cycle(worst_bodies().values()), 1200))


def _bogus_sessions() -> Iterator[Message]:
    """75 jobs with FranceConnect tokens that are none, for every check that takes one, of 20 tenants."""
    asked = [
        {"check": name}
        for name, check in CATALOGUE.items()
        if any(endpoint.call is Call.FRANCE_CONNECT for endpoint in check.endpoints)
    ]
    with_plate = [
        {**each, "params": {"immatriculation": "ZZ-123-ZZ"}}
        if each["check"] == "immatriculation_vehicule"
        else each
        for each in asked
    ]
    for number, tenant in enumerate(islice(cycle(TOWN[:20]), 75)):
        twice = [{**each, "id": f"{each['check']}-{turn}"} for turn in range(2) for each in with_plate]
        yield Message(
            body=_encoded(
                job_id=f"bogus-{number}",
                france_connect_token=f"none-{number}",
                identity=None,
                tenant=tenant,
                checks=twice[:20],
            )
        )


def _lacking_scopes() -> Iterator[Message]:
    """A minute of jobs of six tenants whose tokens lack every scope asked for, and of one with sessions that are none."""
    checks = [
        {"check": name}
        for name, check in CATALOGUE.items()
        if any(
            endpoint.call is Call.IDENTITE and not endpoint.params.model_fields
            for endpoint in check.endpoints
        )
    ]
    ends = time.monotonic() + _LASTS_SECONDS
    number = 0
    while time.monotonic() < ends:
        for tenant in LACKING:
            number += 1
            one = {**checks[number % len(checks)], "call": "identite"}
            yield Message(body=_encoded(job_id=f"scope-{number}", tenant=tenant, checks=[one]))
        yield Message(
            body=_encoded(
                job_id=f"session-{number}", tenant=CLAMART, france_connect_token="none", identity=None
            )
        )


def _full_speed() -> Iterator[Message]:
    """Half a minute of jobs that are answered without a call, by two publishers."""
    ends = time.monotonic() + _LASTS_SECONDS / 2
    while time.monotonic() < ends:
        yield Message(body=_encoded(job_id=f"fast-{uuid4().hex}", tenant=CLAMART, identity=None))


def _revoked_tokens() -> Iterator[Message]:
    """3,000 jobs of thirty tenants whose tokens are revoked, four checks each."""
    checks = [{**check, "id": f"{check['check']}-{turn}"} for turn in range(2) for check in (QF, RSA)]
    for number, tenant in enumerate(islice(cycle(REVOKED), 3000)):
        yield Message(body=_encoded(job_id=f"revoked-{number}", tenant=tenant, checks=checks))


def _long_headers() -> Iterator[Message]:
    """1,000 jobs with 100 KB of headers each, which a queue's limit in bytes does not count."""
    for number in range(1000):
        yield Message(body=_encoded(job_id=f"long-{number}", tenant=CLAMART), headers=_HEADERS)


def _waiting_again() -> Iterator[Message]:
    """One job of a tenant, published 1,500 times while its first run is under way."""
    body = _encoded(job_id="again", tenant=CLAMART, identity=identity("INCONNUE"))
    yield from (Message(body=body) for _ in range(1500))


def _pretending() -> Iterator[Message]:
    """1,000 messages that pretend to be the connector's or the broker's own."""
    pretences: list[Mapping[str, Any]] = [
        {"x-connector-oversized": True},
        {"x-connector-unreadable": True},
        {"x-delivery-count": 19},
        {"x-death": [{"queue": "verifications.interactive", "reason": "expired", "count": 1}]},
        {"x-connector-reason": "unexpected_error", "x-connector-queue": "replies.sonate-opus"},
    ]
    for number, headers in enumerate(islice(cycle(pretences), 1000)):
        yield Message(body=_encoded(job_id=f"pretence-{number}", tenant=CLAMART), headers=headers)


FLOODS: Final = (
    Flood(
        name="persons-tokens",
        about="1,500 interactive jobs with a dummy FranceConnect token",
        messages=_persons_tokens,
        without="the door",
    ),
    Flood(
        name="unused-tokens",
        about="1,500 interactive jobs by identity that carry a token",
        messages=_unused_tokens,
        without="the door",
    ),
    Flood(
        name="many-tenants",
        about="1,600 interactive jobs of 200 tenants",
        messages=_many_tenants,
        without="a vendor's share",
    ),
    Flood(
        name="defects", about="300 bodies with 32,000 defects each", messages=_defects, without="the counts"
    ),
    Flood(name="worst-bodies", about="1,200 bodies of the corpus", messages=_worst, without="the counts"),
    Flood(
        name="bogus-sessions",
        about="75 jobs of 20 checks with FranceConnect tokens that are none",
        messages=_bogus_sessions,
        without="the refusals",
    ),
    Flood(
        name="lacking-scopes",
        about="a minute of six tenants without scopes and one with bogus tokens",
        messages=_lacking_scopes,
        without="the refusals",
    ),
    Flood(
        name="full-speed",
        about="half a minute of jobs that need no call, by two publishers",
        messages=_full_speed,
        publishers=2,
        without="the lane's shares",
    ),
    Flood(
        name="revoked-tokens",
        about="3,000 jobs of thirty tenants whose tokens are revoked",
        messages=_revoked_tokens,
        without="the refusals",
    ),
    Flood(
        name="long-headers",
        about="1,000 jobs with 100 KB of headers each",
        messages=_long_headers,
        without=None,
    ),
    Flood(name="one-job-again", about="a job published 1,500 times", messages=_waiting_again, without=None),
    Flood(
        name="pretending",
        about="1,000 messages with headers of the connector's and the broker's",
        messages=_pretending,
        without=None,
    ),
)


@contextmanager
def flooded(node: RabbitNode, without: str | None = None) -> Iterator[tuple[Deployment, str]]:
    """Give a deployment with a worker of default settings on a broker, and that one's address."""
    with ExitStack() as stack:
        deployment = stack.enter_context(
            Deployment(node.url(), ["--latency", str(LATENCY_SECONDS)], preset="all")
        )
        for name in ("CONNECTOR_TOKEN_QUOTA", "CONNECTOR_EGRESS_QUOTA", "CONNECTOR_FRANCE_CONNECT_QUOTA"):
            del deployment.environment[name]
        others = {
            **{siret: _narrow(siret) for siret in LACKING},
            **{siret: town_token(siret, is_revoked=True) for siret in REVOKED},
        }
        import_town(deployment, [*TOWN, *LACKING, *REVOKED], others=others)
        deployment.command("topology", "declare")
        if without is None:
            worker = deployment.start_worker()
        else:
            program = (sys.executable, "-m", "tests.chaos.flooded_worker", "--without", without)
            worker = deployment.start(*program)
        # What is left of a flood is of no interest: nobody waits for its jobs to end.
        stack.callback(worker.kill)
        worker.wait_for("worker.ready")
        yield deployment, node.url()


def _narrow(siret: str) -> str:
    scopes = frozenset(CATALOGUE["statut_sportif"].scopes)
    return issue_token(SandboxToken(name=siret, scopes=scopes, expires_at=utc_now() + timedelta(days=365)))


def play(flood: Flood, deployment: Deployment, url: str, seconds: int = 20) -> Outcome:
    """Publish a flood while the other vendor asks once a second for so many seconds; return what became of both."""
    sandbox = SandboxControl(deployment.environment["CONNECTOR_API_PARTICULIER_URL"])
    sandbox.forget_calls()
    published = [_InBackground(lambda: _publish(flood, url)) for _ in range(flood.publishers)]
    counter = _Counter(url, flood.name, seconds)
    counter.run()
    return Outcome(
        flood=flood.name,
        published=sum(each.result() for each in published),
        statuses=counter.statuses,
        longest_seconds=counter.longest_seconds,
        refusals=sum(call["status"] in {401, 403, 429} for call in sandbox.calls()),
        is_paused=_is_paused(sandbox, url, flood.name),
    )


def _publish(flood: Flood, url: str) -> int:
    published = 0
    with VendorClient(url, _FLOODER) as vendor:
        for message in flood.messages():
            vendor.publish(message.body, message.lane, headers=message.headers, **message.properties)
            published += 1
    return published


def _is_paused(sandbox: SandboxControl, url: str, name: str) -> bool:
    """Tell whether the other vendor's next job is answered without a call, for the quota of all."""
    with VendorClient(url, _OTHER) as vendor:
        vendor.publish(job(RSA, job_id=f"{name}-after", tenant=BOURG))
        for message in vendor.replies(timeout_seconds=_PATIENCE_SECONDS):
            reply = json.loads(message.body)
            if reply["job_id"] == f"{name}-after":
                reasons = [check["reason"] for check in reply["checks"]]
                return any(reason and reason["code"] == "rate_limited" for reason in reasons)
    raise AssertionError


class _Counter:
    """The other vendor: one job a second, each of whose replies is waited for."""

    def __init__(self, url: str, name: str, seconds: int) -> None:
        self._url = url
        self._names = [f"{name}-counter-{second}" for second in range(seconds)]
        self._published: dict[str, float] = {}
        self._answered: dict[str, tuple[str, float]] = {}

    def run(self) -> None:
        """Ask, and read the replies until each has come, or has been waited for in vain."""
        asking = _InBackground(self._ask)
        with VendorClient(self._url, _OTHER) as vendor:
            replies = vendor.replies(timeout_seconds=_PATIENCE_SECONDS)
            try:
                while len(self._answered) < len(self._names):
                    reply = json.loads(next(replies).body)
                    if reply["job_id"] in self._names:
                        self._answered.setdefault(reply["job_id"], (reply["status"], time.monotonic()))
            except NoReplyError:
                pass
            finally:
                replies.close()
        asking.result()

    def _ask(self) -> None:
        with VendorClient(self._url, _OTHER) as vendor:
            started = time.monotonic()
            for second, name in enumerate(self._names):
                time.sleep(max(0.0, started + second - time.monotonic()))
                self._published[name] = time.monotonic()
                vendor.publish(job(QF, job_id=name, tenant=BOURG))

    @property
    def statuses(self) -> dict[str, int]:
        """How many jobs ended how."""
        counted = Counter(status for status, _ in self._answered.values())
        missing = len(self._names) - len(self._answered)
        return {**counted, **({"unanswered": missing} if missing else {})}

    @property
    def longest_seconds(self) -> float:
        """How long the slowest took."""
        took = (at - self._published[name] for name, (_, at) in self._answered.items())
        return round(max(took, default=float("inf")), 2)


class _InBackground:
    """A function in a thread, whose result, or error, is waited for."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[], Any]) -> None:
        try:
            self._result = function()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error

    def result(self) -> Any:
        """Return it, once it is there."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result
