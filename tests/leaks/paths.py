"""The paths: each message, and where it is to end. What a job is about is in its ``job_id``, which logs may hold."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from connector.clock import utc_now
from connector.demo.deployment import BOURG, SANS_JETON, VIEUX
from tests.jobs import job
from tests.leaks.canaries import (
    AGENT,
    CONSENT,
    DEPARTEMENT,
    DOSSIER,
    FISCAL,
    IDENTIFIANT,
    INE,
    PAYS,
    PLATE,
    PRENOM,
    PURPOSE,
    REFERENCE,
    SECOND,
    STRAY,
    STRAY_WORD,
    VILLE,
    person,
)
from tests.leaks.cases import OUTCOMES, PASSING, identifier_of
from tests.leaks.crashes import CRASHES
from tests.town import siret

REPLIES, UNROUTED = "replies.millesime", "replies.sonate-opus"
DEAD, UNDELIVERABLE = "connector.dead", "connector.undeliverable"
PUT_OFF, OVERFLOWED = "a delay queue", "a backlog queue"
ISOLATED: Final = "connector.isolated.interactive"
REFUSED: Final = siret(1)
"""A tenant whose token is revoked, and whose credentials the DGFiP refuses."""
RATIONED: Final = siret(2)
"""A tenant that may make one call a minute."""
_MORE_THAN_IN_FLIGHT: Final = 110
"""Jobs, of which a worker has 100 in flight at once: as many of one flow's as ``--concurrency`` says."""
QF: Final = {"check": "quotient_familial"}
RSA: Final = {"check": "revenu_solidarite_active"}
SPORT: Final = {"check": "statut_sportif", "params": {"identifiant": IDENTIFIANT}}
STUDENT: Final = {"check": "statut_etudiant", "call": "ine", "params": {"ine": INE}}
NOTICE: Final = {
    "check": "avis_imposition",
    "params": {"numero_fiscal": FISCAL, "reference_avis": REFERENCE},
}
VEHICLE: Final = {"check": "immatriculation_vehicule", "params": {"immatriculation": PLATE}}
_ENDS_IN: Final = {"admit": DEAD, "isolated": ISOLATED}
"""Where a job ends that crashes in a layer, unless it is answered: with nobody known to answer, or kept to run alone."""
HEADERS: Final = {
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    "baggage": f"sentry-user={STRAY}",
    "x-person": STRAY,
    STRAY: {STRAY: [STRAY]},
}


@dataclass(frozen=True, kw_only=True)
class Path:
    """One message."""

    name: str
    body: dict[str, Any] | bytes
    ends_in: str = REPLIES
    vendor: str = "millesime"
    lane: str = "interactive"
    routing_key: str | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


def about(name: str, *checks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a job that carries every canary of the person and of who asks."""
    given = {"identity": person(), "agent": AGENT, "dossier": DOSSIER, "purpose": PURPOSE}
    job_id = f"{name.replace(' ', '-')}.{uuid4().hex[:8]}"
    return job(*(checks or (QF,)), **{"job_id": job_id, **given, **changes})


def every_path() -> list[Path]:
    """Return all of them, whose names differ."""
    return [*outcomes(), *bad_inputs(), *crashes(), *overflowed()]


def outcomes() -> Iterator[Path]:
    """Yield a job for each way in which a check or a job ends."""
    consent = {"france_connect_token": CONSENT}
    yield Path(
        name="found", body=about("found", QF, SPORT, STUDENT, NOTICE), headers=HEADERS, properties=_ids()
    )
    yield Path(name="again", body=about("again"))
    yield Path(name="consent", body=about("consent", VEHICLE, **consent))
    yield Path(name="bad consent", body=about("bad-consent", VEHICLE, france_connect_token=CONSENT + "-no"))
    yield Path(name="wrong type", body=about("wrong-type", RSA))
    misspelt = {"identity_variants": True, "identity": person(prenoms=[SECOND])}
    yield Path(name="variants", body=about("variants", **misspelt))
    yield Path(name="incomplete", body=about("incomplete", identity=person(sexe=None)))
    yield Path(name="nobody known", body=about("nobody-known", identity=person(prenoms=[PRENOM])))
    by_name = {"code_pays": PAYS, "nom_commune": VILLE, "code_departement": DEPARTEMENT}
    yield Path(name="by name", body=about("by-name", identity=person(lieu_naissance=by_name)))
    for tenant in (VIEUX, SANS_JETON, REFUSED):
        yield Path(name=f"tenant {tenant}", body=about(f"tenant-{tenant}", QF, NOTICE, tenant=tenant))
    yield Path(name="late", body=about("late", expires_at="2020-01-01T00:00:00Z"))
    for number, (status, code) in enumerate(OUTCOMES):
        check = {"check": "statut_sportif", "params": {"identifiant": identifier_of(status, code)}}
        name = f"outcome {number} {status}"
        yield Path(name=name, body=about(name, check))
    soon = (utc_now() + timedelta(seconds=4)).isoformat()
    for status, code in PASSING:
        params = {"identifiant": identifier_of(status, code)}
        check = {"check": "statut_demandeur_emploi", "params": params}
        yield Path(
            name=f"passing {status}.{code}", body=about(f"passing-{status}.{code}", check, expires_at=soon)
        )
    yield Path(
        name="deferred", body=about("put-off", {"check": "service_national"}), lane="batch", ends_in=PUT_OFF
    )
    yield Path(name="nobody's queue", body=about("unrouted"), vendor="sonate-opus", ends_in=UNDELIVERABLE)


def bad_inputs() -> Iterator[Path]:
    """Yield what is no job to run, each with a canary where something else is due."""
    text = json.dumps(about("bad"), ensure_ascii=False)
    bodies: dict[str, Any] = {
        "not UTF-8": text.encode("latin-1"),
        "cut short": text.encode()[:-20],
        "a text": json.dumps(text).encode(),
        "oversized": (text + " " * 70_000).encode(),
        "not a number": text.replace('"version": 1', '"version": NaN').encode(),
        "a job_id of another form": about("bad", job_id=STRAY),
        "a tenant of another form": about("bad", tenant=STRAY),
        "another tenant": about("bad-tenant", tenant=BOURG),
        "a version of another form": about("bad", version=STRAY),
        "another version": about("bad", version=2, job_id=STRAY),
        "a member too many": about("bad", **{STRAY: STRAY}),
        "a person's member too many": about("bad", identity=person(**{STRAY: STRAY})),
        "a wrong name": about("bad", identity=person(nom_naissance=STRAY + "\x07")),
        "a wrong date": about("bad", identity=person(date_naissance=STRAY)),
        "a wrong deadline": about("bad", expires_at=STRAY),
        "a check of another name": about("bad-check", {"check": STRAY_WORD}, {"check": STRAY, "id": STRAY}),
        "params of other names": about(
            "bad-params", QF | {"params": {STRAY: STRAY}}, NOTICE | {"params": STRAY}
        ),
        "a call of another name": about("bad-call", QF | {"call": STRAY}, SPORT | {"api_version": STRAY}),
        "a wrong identifier": about("bad-ine", STUDENT | {"params": {"ine": STRAY}}),
    }
    for name, body in bodies.items():
        yield Path(name=name, body=body, headers=HEADERS, properties=_ids())
    good = about("bad-envelope")
    envelopes: dict[str, dict[str, Any]] = {
        "another content type": {"content_type": f"application/{STRAY_WORD}"},
        "another encoding": {"content_encoding": STRAY_WORD},
        "another reply_to": {"reply_to": STRAY},
        "unreadable properties": {"correlation_id": f"\udce9{STRAY}", "message_id": f"\udce9{STRAY}"},
        "a time out of range": {"timestamp": int(time.time()) * 1000},
    }
    for name, properties in envelopes.items():
        yield Path(name=name, body=good, properties=properties)
    yield Path(name="unreadable headers", body=good, headers={"x": f"\udce9{STRAY}", **HEADERS})
    dead: dict[str, Any] = {"ends_in": DEAD, "headers": HEADERS, "properties": _ids()}
    yield Path(name="nobody", body=good, routing_key="inconnu.interactive", **dead)
    yield Path(name="nobody, unreadable", body=good, routing_key=f"\udce9{STRAY}.batch", **dead)
    yield Path(name="no lane", body=good, routing_key=f"millesime.{STRAY}", **dead)
    forged = {
        "x-death": [{"queue": STRAY, "reason": STRAY, "count": 1}],
        "x-connector-queue": STRAY,
        **HEADERS,
    }
    yield Path(name="forged", body=good, headers=forged, ends_in=DEAD)


def crashes() -> Iterator[Path]:
    """Yield a job for each layer, in which the worker of this test raises an exception that holds all that it sees."""
    for layer in CRASHES:
        name = f"crash-{layer}"
        ends_in = _ENDS_IN.get(layer, REPLIES)
        job_of_it = about(name, QF, NOTICE)
        yield Path(name=name, body=job_of_it, headers=HEADERS, properties=_ids(), ends_in=ends_in)


def overflowed() -> Iterator[Path]:
    """Yield jobs that wait for their turn, more than a worker has in flight."""
    for number in range(_MORE_THAN_IN_FLIGHT):
        name = f"rationed {number}"
        yield Path(name=name, body=about(name, tenant=RATIONED), lane="batch", ends_in=OVERFLOWED)


def _ids() -> dict[str, str]:
    return {"correlation_id": STRAY, "message_id": STRAY, "app_id": STRAY, "type": STRAY}
