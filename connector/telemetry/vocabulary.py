"""The words and forms that may leave for Sentry, by where they stand. What is not here does not leave."""

import re
from collections.abc import Collection, Mapping
from typing import Final, get_args

from connector.catalogue import CATALOGUE
from connector.jobs.records import VENDOR_NAME, Lane
from connector.jobs.settlement import DeadReason
from connector.sources.nomenclature.table import FRANCE_CONNECT, PROVIDERS
from connector.sources.schema_drift import DriftKind
from connector.telemetry.tracing import Status
from schemas.codes import CheckCode

Vocabulary = re.Pattern[str] | Collection[str]
"""The whole of a value is of the form, or among the words."""
HEX_32: Final = re.compile(r"[0-9a-f]{32}")
HEX_16: Final = re.compile(r"[0-9a-f]{16}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
NUMBER: Final = re.compile(r"\d{1,12}")
FILE: Final = re.compile(r"[\w./<>+-]{1,200}")
FUNCTION: Final = re.compile(r"[\w.<>]{1,200}")
TASK: Final = re.compile(r"[a-z]+(?:[._-][a-z]+){0,3}")
_PLACE: Final = re.compile(
    r"\?|others|(?:\w{1,65}\.){0,4}[\w?]{1,65}|[\w./<>+-]{1,200}:[\w.<>]{1,200}", re.ASCII
)

FIELDS: Final[Mapping[str, Vocabulary]] = {
    "vendor": re.compile(VENDOR_NAME),
    "tenant": re.compile(r"\d{14}"),
    "check": frozenset(CATALOGUE),
    "provider": frozenset({*(check.provider for check in CATALOGUE.values()), PROVIDERS[FRANCE_CONNECT]}),
    "code": frozenset(str(code) for code in CheckCode),
    "kind": frozenset(str(kind) for kind in DriftKind),
    "reason": frozenset({*(reason.value for reason in DeadReason), "unroutable", "refused", "unconfirmed"}),
    "lane": frozenset(str(lane) for lane in Lane),
    "api_code": re.compile(r"\d{2,5}|api_particulier_v\d{1,2}_[a-z_]{1,80}"),
    "place": _PLACE,
    "queue": re.compile(r"(?:replies|verifications|connector)\.[a-z0-9.-]{1,160}"),
    "exception": re.compile(r"[A-Za-z_][\w.<>]{0,120}"),
    "job_id": re.compile(r"[A-Za-z0-9._:-]{1,128}"),
    "task": TASK,
    "thread": re.compile(r"[\w-]{1,60}"),
    "variable": re.compile(r"CONNECTOR_[A-Z_]{1,40}"),
    "which": frozenset({"next"}),
    "where": re.compile(r"[\w./<>+-]{1,200}:\d{1,6}"),
    "found": frozenset({"array", "boolean", "null", "number", "object", "string"}),
    "count": NUMBER,
    "days_left": NUMBER,
    "left_out": NUMBER,
    "until": _INSTANT,
    "expires_at": _INSTANT,
}
"""Of the fields of a log event, those that leave, and what each may be."""
LISTS: Final[Mapping[str, str]] = {
    "tenants": "tenant",
    "places": "place",
    "queues": "queue",
    "api_codes": "api_code",
    "checks": "check",
}
"""Fields of several values, by the field that each value is one of."""
TAGS: Final = ("vendor", "tenant", "check", "provider", "code", "lane")
MOST_LISTED: Final = 50
SPANS: Final[Mapping[str, frozenset[str]]] = {
    "http.client": frozenset(
        f"GET {endpoint.path}" for check in CATALOGUE.values() for endpoint in check.endpoints
    ),
    "db": frozenset({"recall the reply"}),
}
"""The spans that leave: of an HTTP call, its endpoint's path as the catalogue has it, which shows nobody."""
JOB: Final = "queue.process"
SPAN_DATA: Final[Mapping[str, Vocabulary]] = {
    **{name: FIELDS[name] for name in ("check", "provider")},
    "http.response.status_code": re.compile(r"[1-5]\d\d"),
    "messaging.system": frozenset({"rabbitmq"}),
    "messaging.destination.name": FIELDS["queue"],
    "messaging.message.receive.latency": re.compile(r"\d{1,12}(\.\d{1,6})?"),
    "messaging.message.retry.count": NUMBER,
    "messaging.message.body.size": NUMBER,
}
SCHEDULE: Final[Mapping[str, Vocabulary]] = {
    "type": frozenset({"interval"}),
    "value": NUMBER,
    "unit": frozenset({"minute", "hour", "day"}),
}
STATUSES: Final = frozenset(get_args(Status))
LEVELS: Final = frozenset({"warning", "error", "fatal"})
ENVELOPE: Final[Mapping[str, Vocabulary]] = {
    "event_id": HEX_32,
    "release": re.compile(r"[\w.@+-]{1,100}"),
    "environment": re.compile(r"[\w.-]{1,64}"),
    "server_name": re.compile(r"[\w.-]{1,255}"),
    "platform": frozenset({"python"}),
    "timestamp": re.compile(rf"{_INSTANT.pattern}|\d{{1,12}}(\.\d{{1,9}})?"),
    "start_timestamp": re.compile(rf"{_INSTANT.pattern}|\d{{1,12}}(\.\d{{1,9}})?"),
}
