"""A bad morning, as the support team sees it: 1,000 jobs, a provider that is down, three tokens that no longer serve.

It sees one issue in Sentry for each cause, which says what happened, whom it concerns and what to do.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from typing import Any, Final

import pytest

from connector.clock import utc_now
from connector.demo.vendor import VendorClient
from connector.sandbox.tokens import sign
from tests.deployments import Deployment
from tests.jobs import QF, RSA, identity, job
from tests.sandbox_control import SandboxControl
from tests.sentry import Item, LocalSentry
from tests.town import import_town, sirets, town_token

JOBS: Final = 1000
LIFETIME: Final = timedelta(seconds=45)
"""Of each job: at its end, what the provider that is down was asked is answered too."""
TENANTS: Final = sirets(20, first=500)
INVALID, ENDED, REVOKED, WITHOUT_SERVICE, *CONCERNED = TENANTS
"""One does not ask the provider that is down: it is not concerned."""
BAD_TOKENS: Final = {
    "token_invalid": INVALID,
    "token_expired": ENDED,
    "token_revoked": REVOKED,
}
SERVICE: Final = {"check": "service_national"}
SPORT: Final = {"check": "statut_sportif", "params": {"identifiant": "990000001"}}
STUDENT: Final = {"check": "statut_etudiant", "call": "ine", "params": {"ine": "0990000001A"}}
ELSEWHERE: Final = ([QF, RSA], [SPORT], [QF, STUDENT])
MOST_EVENTS: Final = 8
"""Of all issues: one each, and who was concerned later."""
PASSING: Final = 3
"""Calls of another provider that fail once each, and are retried."""
Issues = dict[tuple[str, ...], list[Item]]


@dataclass(frozen=True)
class Storm:
    """What came of it."""

    issues: Issues
    """The events of each issue, told apart as Sentry does: by their fingerprints."""
    codes: Counter[str]
    """How many checks ended with each code, as the replies say."""
    answered: frozenset[str]
    """Job ids."""
    passing: list[int]
    """Status of each call of the provider whose failures passed."""

    @property
    def events(self) -> list[Item]:
        """Every event."""
        return [event for events in self.issues.values() for event in events]

    def said(self, *fingerprint: str) -> list[Any]:
        """Return what each event of an issue says of it."""
        return [event["contexts"]["incident"] for event in self.issues[fingerprint]]


def jobs() -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the jobs, tenant after tenant, each with its lane; every second person has a file nowhere."""
    expires_at = (utc_now() + LIFETIME).isoformat()
    turns: dict[str, Iterator[list[dict[str, Any]]]] = {
        tenant: cycle([*ELSEWHERE, [SERVICE, QF]] if tenant in CONCERNED else ELSEWHERE) for tenant in TENANTS
    }
    for number, tenant in enumerate(islice(cycle(TENANTS), JOBS)):
        turn = number // len(TENANTS)
        who = identity() if turn % 2 else identity("INCONNUE")
        lane = "batch" if turn % 5 < 3 else "interactive"
        asked = job(*next(turns[tenant]), tenant=tenant, identity=who, expires_at=expires_at)
        yield asked, lane


def tokens() -> dict[str, str]:
    """Return the three that do not serve; to look at, they do."""
    return {
        INVALID: sign({"sub": "nobody", "exp": int((utc_now() + timedelta(days=365)).timestamp())}, b"other"),
        ENDED: town_token(ENDED, is_ended=True),
        REVOKED: town_token(REVOKED, is_revoked=True),
    }


def by_fingerprint(events: list[Item]) -> Issues:
    """Return the events of each issue."""
    issues: Issues = defaultdict(list)
    for event in events:
        issues[tuple(event["fingerprint"])].append(event)
    return dict(issues)


@pytest.fixture(scope="module")
def storm(own_broker: str) -> Iterator[Storm]:
    """Let it pass over a worker of its own, which has then ended."""
    failures = ["--fail", "dsnj=503", "--fail", f"mesri=502,times={PASSING}"]
    with (
        LocalSentry() as sentry,
        Deployment(own_broker, failures, preset="all") as deployment,
    ):
        import_town(deployment, TENANTS, others=tokens())
        with (
            deployment.worker(settings={"CONNECTOR_SENTRY_DSN": sentry.dsn}) as worker,
            VendorClient(own_broker, "millesime") as vendor,
        ):
            for asked, lane in jobs():
                vendor.publish(asked, lane)
            replies = [json.loads(message.body) for message in vendor.replies(JOBS, timeout_seconds=90)]
            calls = SandboxControl(deployment.environment["CONNECTOR_API_PARTICULIER_URL"]).calls("mesri")
            # An ending worker tells Sentry what it would have told within the minute.
            assert worker.stop() == 0
        yield Storm(
            issues=by_fingerprint(sentry.items("event")),
            codes=Counter(
                check["reason"]["code"] if check["reason"] else "found"
                for reply in replies
                for check in reply["checks"]
            ),
            answered=frozenset(reply["job_id"] for reply in replies),
            passing=[call["status"] for call in calls],
        )


def test_every_job_is_answered_and_the_storm_was_one(storm: Storm) -> None:
    assert len(storm.answered) == JOBS
    assert {"found", "no_record", "provider_unavailable", *BAD_TOKENS} <= storm.codes.keys()
    assert storm.passing.count(502) == PASSING
    assert 200 in storm.passing


def test_there_is_one_issue_for_each_cause_and_no_other(storm: Storm) -> None:
    assert storm.issues.keys() == {
        ("breaker.opened", "DSNJ", "provider_unavailable"),
        *(("token.refused", code) for code in BAD_TOKENS),
    }


@pytest.mark.parametrize(("code", "tenant"), BAD_TOKENS.items())
def test_a_bad_token_is_one_event_that_names_its_tenant(storm: Storm, code: str, tenant: str) -> None:
    (event,) = storm.issues["token.refused", code]
    (said,) = storm.said("token.refused", code)
    assert (event["tags"]["tenant"], event["tags"]["code"], said["tenant"]) == (tenant, code, tenant)
    assert event["logentry"]["formatted"] == "The API refuses a tenant's token"
    assert "revoked" in said["cause"]
    assert "ccas-connector tenants token rotate SIRET" in said["to_do"]
    assert said["runbook"] == "deploy/README.md#tokenrefused"


def test_the_provider_s_issue_names_every_tenant_that_asked_it_and_no_other(storm: Storm) -> None:
    fingerprint = ("breaker.opened", "DSNJ", "provider_unavailable")
    said = storm.said(*fingerprint)
    assert sorted(tenant for each in said for tenant in each["tenants"]) == sorted(CONCERNED)
    for event, each in zip(storm.issues[fingerprint], said, strict=True):
        assert event["logentry"]["formatted"] == "A provider is down"
        assert event["tags"] == {
            "event": "breaker.opened",
            "provider": "DSNJ",
            "code": "provider_unavailable",
        }
        assert "several calls in a row failed" in each["cause"]
        assert "nothing to do here" in each["to_do"]
        assert each["runbook"] == "deploy/README.md#breakeropened"


def test_events_are_few_and_tell_no_tenants_apart(storm: Storm) -> None:
    assert len(storm.events) <= MOST_EVENTS
    told_apart_by = " ".join(part for fingerprint in storm.issues for part in fingerprint)
    assert re.search(r"\d{14}", told_apart_by) is None
