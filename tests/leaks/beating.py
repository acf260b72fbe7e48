"""One run of the real ``ccas-connector beat --once``: tokens of every standing, one that waits, and a record too old to keep."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from connector.clock import utc_now
from connector.demo.deployment import CLAMART, PROGRAM
from connector.jobs.records import SecretField
from connector.storage.database import open_database
from connector.storage.journal.record import FOUND, Record
from connector.storage.journal.store import JournalStore
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import TokenStore
from connector.vault import Vault
from tests.leaks.canaries import (
    AGENT,
    DOSSIER,
    IDENTIFIANT,
    NOM,
    PERSON,
    PURPOSE,
    REFERENCES,
    Canary,
    secrets_of,
)
from tests.leaks.run import Host, copied
from tests.sandbox_tokens import issue
from tests.sentry import LocalSentry

OLD: Final = Record(
    id="an-old-one",
    at=utc_now(),
    vendor="millesime",
    tenant=CLAMART,
    job_id="an-old-one",
    lane="batch",
    label="quotient_familial",
    check="quotient_familial",
    endpoint="/v3/dss/quotient_familial/identite",
    agent=AGENT,
    dossier=DOSSIER,
    purpose=PURPOSE,
    attempt=1,
    # Whatever the journal holds, no task tells it.
    person=NOM,
    identifier=IDENTIFIANT,
    outcome=FOUND,
)
_YEARS: Final = timedelta(days=5 * 366)


@dataclass(frozen=True, kw_only=True)
class Beaten:
    """What a beat told."""

    logs: str
    envelopes: bytes
    check_ins: Sequence[Any]
    events: frozenset[str]
    """Those that Sentry has heard of."""
    secrets: tuple[Canary, ...] = field(repr=False)

    @property
    def sought(self) -> tuple[Canary, ...]:
        """The canaries that must not be in what it told."""
        return (*PERSON, *REFERENCES, *self.secrets)


def keep_an_old_record(url: str) -> None:
    """Write a record into a database's journal that is older than any is kept."""
    engine = open_database(SecretStr(url))
    JournalStore(engine).write([replace(OLD, at=utc_now() - _YEARS)])
    engine.dispose()


def beat(host: Host, folder: Path, log_format: str) -> Beaten:
    """Run what is due on a copy of the registry, in which everything is."""
    environment = host.deployed.environment
    url = f"sqlite:///{copied(host.deployed, folder)}"
    keep_an_old_record(url)
    refused = issue("next", is_revoked=True)
    _let_wait(environment["CONNECTOR_SECRET_KEY"], url, refused)
    settings = {"CONNECTOR_DATABASE_URL": url, "CONNECTOR_LOG_FORMAT": log_format}
    with LocalSentry() as sentry:
        command = (*PROGRAM, "beat", "--once", "--log-level", "DEBUG")
        program = host.deployed.start(*command, settings={**settings, "CONNECTOR_SENTRY_DSN": sentry.dsn})
        status = program.wait()
        if status != 0:
            raise AssertionError("".join(program.said))
        check_ins = sentry.wait(lambda: sentry.items("check_in"), 3)
        return Beaten(
            logs="".join(program.said),
            envelopes=b"\n".join(sentry.raw),
            check_ins=check_ins,
            events=frozenset(event["tags"]["event"] for event in sentry.items("event")),
            secrets=secrets_of({**environment, "SANDBOX_TOKEN_NEXT": refused}),
        )


def _let_wait(key: str, url: str, token: str) -> None:
    """Have a token wait to replace a tenant's, as where the API could not be asked about it."""
    engine = open_database(SecretStr(url))
    former = RegistryStore(engine).load().tenants[CLAMART].sealed_token
    if former is None or not TokenStore(engine).put_next(
        CLAMART, former, Vault(SecretStr(key)).seal(CLAMART, SecretField.NEXT_TOKEN, token)
    ):
        raise AssertionError("the tenant has no token to be replaced")
    engine.dispose()
