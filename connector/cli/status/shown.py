"""What ``status`` shows of a tenant, in words and in JSON's types. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from connector.cli.status.facts import Facts
from connector.clock import spell
from connector.limits.breaker import provider_of

CALLS_SHOWN: Final = 5
Row = tuple[str, str]


def rows_of(facts: Facts) -> list[Row]:
    """Return what is known, part by part."""
    tenant = facts.tenant
    return [
        ("CCAS", f"{tenant.siret} {tenant.name}"),
        ("Vendors", ", ".join(sorted(tenant.vendors)) or "none"),
        ("Token", _token(facts)),
        ("Quota", _quota(facts)),
        ("Suspended", _suspended(facts)),
        *(("Calls", line) for line in _calls(facts)),
        *(("Waiting", line) for line in _waiting(facts)),
        ("Providers", _providers(facts)),
        *(("Rejected", line) for line in _rejected(facts)),
        ("Workers", _workers(facts)),
    ]


def as_json(facts: Facts, *, is_well: bool, advice: str) -> dict[str, Any]:
    """Return it for a script: the sentence, then what is known, by the part's name."""
    parts: dict[str, Sequence[str]] = {}
    for name, told in rows_of(facts):
        parts[name.lower()] = [*parts.get(name.lower(), ()), told]
    return {
        "siret": facts.tenant.siret,
        "at": facts.now.isoformat(),
        "is_well": is_well,
        "advice": advice,
        "parts": parts,
    }


def _token(facts: Facts) -> str:
    tenant = facts.tenant
    if tenant.sealed_token is None:
        return "none"
    until = tenant.token_expires_at
    if until is None:
        ends = "its expiry is not known"
    elif until <= facts.now:
        ends = f"expired {spell(facts.now - until)} ago, on {until:%Y-%m-%d}"
    else:
        ends = f"expires in {spell(until - facts.now)}, on {until:%Y-%m-%d}"
    further = "; another one waits for the API's answer" if tenant.sealed_next_token else ""
    return f"set {_instant(tenant.token_set_at)}; {ends}{further}"


def _quota(facts: Facts) -> str:
    if facts.calls is None:
        return f"{facts.quota}; used: not known, the journal is off"
    return f"{facts.quota}; used: {facts.calls.in_a_minute} calls in the last minute, {facts.calls.in_an_hour} in the last hour"


def _suspended(facts: Facts) -> str:
    told = [
        f"{one.check or 'every check'} until {one.until[11:16]} UTC ({one.code})" for one in facts.suspended
    ]
    return "; ".join(told) or "no"


def _calls(facts: Facts) -> Iterator[str]:
    if facts.calls is None:
        yield "not known: CONNECTOR_JOURNAL_KEY is not set"
        return
    if not facts.calls.last:
        yield "none for a day"
    for record in facts.calls.last[:CALLS_SHOWN]:
        status = f", {record.http_status}" if record.http_status else ""
        yield f"{spell(facts.now - record.at)} ago, {record.check} for {record.vendor}: {record.outcome}{status}"


def _waiting(facts: Facts) -> Iterator[str]:
    broker = facts.broker
    if broker is None:
        yield f"not known: {facts.broker_cause}"
        return
    yield "; ".join(f"lane {lane}: {_count(count)}, of every CCAS" for lane, count in broker.lanes.items())
    for queue, count in broker.overflows.items():
        yield f"{queue}: {count} of its jobs"
    for reply_queue, unread in broker.replies.items():
        yield f"{reply_queue}: {_count(unread)}, to be read by its vendor"
    for letters in broker.letters:
        yield f"{letters.count} {letters.kind} of {letters.vendor}, since {_instant(letters.since)} ({letters.reason})"


def _providers(facts: Facts) -> str:
    told = [
        f"{provider_of(one.breaker)} until {one.until[11:16]} UTC at least ({one.code})"
        for one in facts.held_back
    ]
    return f"held back: {'; '.join(told)}" if told else "none is held back"


def _rejected(facts: Facts) -> Iterator[str]:
    for one in facts.rejected:
        yield f"{one.count} jobs of {one.vendor} within the hour, the last at {one.last_at[11:16]} UTC ({', '.join(one.codes)})"


def _workers(facts: Facts) -> str:
    told = [
        f"{'+'.join(worker.sees.lanes)} on {worker.host}: {worker.sees.state}" for worker in facts.workers
    ]
    return "; ".join(told) or "none is alive"


def _count(count: int | None) -> str:
    return "no such queue" if count is None else f"{count} waiting"


def _instant(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an instant that is not known"
