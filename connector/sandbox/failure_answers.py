"""How each API writes a failure: API Particulier's nomenclature, its version 2, the DGFiP's two endpoints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import Any, Final

from connector.sandbox.failure_texts import TEXTS
from connector.sandbox.failures import InForce, Kind
from connector.sandbox.faults import SAID_BY, ApiFault
from connector.sandbox.quotas import Quota, Standing

_NETWORK_SECONDS: Final = 10
"""What the API asks to wait after a failure of the network."""
_V2_STATUSES: Final[Mapping[Kind, int]] = {
    **dict.fromkeys((Kind.NETWORK, Kind.DNS, Kind.TLS), 503),
    Kind.PROVIDER_QUOTA: 509,
}
"""The statuses under which version 2 documents what later versions say otherwise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be sent."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outage:
    """A failure as an answer tells it."""

    kind: Kind
    provider: str
    retry_in_seconds: int | None = None


Write = Callable[[Outage], Answer]
"""Writes a failure as one API does."""


def as_errors(outage: Outage) -> Answer:
    """Write a failure as API Particulier does from version 3 on."""
    text = TEXTS[outage.kind]
    meta: dict[str, Any] = {}
    digits, name = SAID_BY[outage.provider]
    code = text.code.format(digits)
    if code != text.code:
        meta["provider"] = name
    wait = outage.retry_in_seconds
    if wait is None and outage.kind is Kind.NETWORK:
        wait = _NETWORK_SECONDS
    if wait is not None:
        meta["retry_in"] = wait
    return Answer(text.status, ApiFault(text.status, code, text.title, text.detail, meta=meta).body())


def as_v2(outage: Outage) -> Answer:
    """Write a failure as version 2 does."""
    text = TEXTS[outage.kind]
    status = _V2_STATUSES.get(outage.kind, text.status)
    body = {"error": text.error, "reason": text.title, "message": text.detail}
    return Answer(status, body, _retry_after(outage))


def as_erreur(outage: Outage) -> Answer:
    """Write a failure as API Impôt particulier does."""
    text = TEXTS[outage.kind]
    return Answer(text.status, {"erreur": {"message": text.detail}}, _retry_after(outage))


def as_oauth2(outage: Outage) -> Answer:
    """Write a failure as a token endpoint does (RFC 6749, 5.2)."""
    text = TEXTS[outage.kind]
    body = {"error": text.error, "error_description": text.detail}
    return Answer(text.status, body, _retry_after(outage))


def answer_of(one: InForce, provider: str, now: datetime, quota: Quota, write: Write) -> Answer:
    """Return how a provider that fails so answers; not for a kind that is silent.

    ``quota`` is what a refusal speaks of.
    """
    failure, wait, left = one.failure, one.failure.retry_in_seconds, one.seconds_left(now)
    if wait is None and left is not None and failure.kind is Kind.MAINTENANCE:
        wait = ceil(left)
    answer = write(Outage(failure.kind, provider, wait))
    return _refusing(answer, _refused(quota, wait, now), wait) if failure.kind is Kind.QUOTA else answer


def refusal_of(standing: Standing, provider: str) -> Answer:
    """Return how API Particulier refuses a call beyond the quota of its token."""
    answer = as_errors(Outage(Kind.QUOTA, provider))
    return _refusing(answer, standing, standing.retry_after_seconds)


def _refused(quota: Quota, wait: int | None, now: datetime) -> Standing:
    """Return the standing of a token that is refused for ``wait`` seconds, or for the rest of the window."""
    standing = quota.standing(quota.limit + 1, now)
    return standing if wait is None else replace(standing, reset=ceil(now.timestamp()) + wait)


def _refusing(answer: Answer, standing: Standing, wait: int | None) -> Answer:
    retry_after = {} if wait is None else {"Retry-After": str(wait)}
    return Answer(answer.status, answer.body, {**standing.headers(), **retry_after})


def _retry_after(outage: Outage) -> dict[str, str]:
    """Return where an error without ``meta`` says how long to wait."""
    wait = outage.retry_in_seconds
    return {} if wait is None else {"Retry-After": str(wait)}
