"""The daily check warns once per threshold and of the first refusal; a token that waits is put in force."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from connector.jobs.records import SecretField, Tenant
from connector.sources.introspection import Accepted, Introspection, Refused, Undecided
from connector.storage.database import open_database
from connector.storage.notices import Notices
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import StoredToken, TokenStore
from connector.storage.schema import ensure_current
from connector.telemetry.token_alerts import EXPIRES, NEXT_REFUSED, REFUSED, TokenAlert, log_alert
from connector.tokens.scheduled.pace import Pace
from connector.tokens.scheduled.tokens import (
    CHECKED_AGAIN,
    CHECKED_EVERY,
    TokenCheck,
    TokenPromotion,
    TokenWork,
)
from connector.vault import Vault, new_key
from schemas.codes import CheckCode
from tests.fakes import START, ManualTime
from tests.tokens import jwt

CLAMART, BOURG = "26920023600017", "26750045200011"
VAULT = Vault(SecretStr(new_key()))
AWAY = Undecided(CheckCode.NETWORK_ERROR)


class Host:
    """A registry, an API and a clock; ``says`` is what the API answers, by the token's signature."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.time = ManualTime()
        self.says: Mapping[str, Introspection] = {}
        self.asked: list[str] = []
        self.alerts: list[TokenAlert] = []

    def work(self) -> TokenWork:
        """Return what a beat that has just started acts through."""
        return TokenWork(
            registry=RegistryStore(self.engine),
            tokens=TokenStore(self.engine),
            notices=Notices(self.engine),
            vault=VAULT,
            ask=self._ask,
            pace=Pace(sleep=ManualTime().sleep),
            alert=self.alerts.append,
            clock=self.time.clock,
        )

    async def _ask(self, token: str) -> Introspection:
        name = token.rpartition(".")[2]
        self.asked.append(name)
        return self.says.get(name, Accepted(frozenset()))

    def add(self, siret: str, name: str, days: float | None, **changes: object) -> Tenant:
        """Add a tenant whose token expires in so many days."""
        expires_at = None if days is None else START + timedelta(days=days)
        tenant = Tenant(
            siret=siret,
            name="CCAS",
            vendors=frozenset(),
            sealed_token=VAULT.seal(siret, SecretField.TOKEN, jwt(name, expires_at)),
            token_set_at=START,
            token_expires_at=expires_at,
        )
        RegistryStore(self.engine).save([], [replace(tenant, **changes)])  # type: ignore[arg-type]
        return tenant

    def tenant(self, siret: str = CLAMART) -> Tenant:
        """Return a tenant as it is stored."""
        return RegistryStore(self.engine).load().tenants[siret]

    async def check(self) -> timedelta:
        """Run the daily check, from the start of a beat."""
        return await TokenCheck(self.work()).run(_keep)

    async def promote(self) -> timedelta:
        """Try the tokens that wait."""
        return await TokenPromotion(self.work()).run(_keep)

    @property
    def told(self) -> list[tuple[str, str, int | None, CheckCode | None]]:
        """What somebody was told."""
        return [(alert.event, alert.tenant, alert.days_left, alert.code) for alert in self.alerts]


async def _keep() -> None:
    pass


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    ensure_current(engine)
    yield Host(engine)
    engine.dispose()


async def test_each_threshold_is_told_once_over_a_tokens_life(host: Host) -> None:
    host.add(CLAMART, "first", 90)
    for _day in range(93):
        await host.check()
        await host.check()
        host.time.advance(24 * 3600)
    assert host.told == [
        (EXPIRES, CLAMART, 60, None),
        (EXPIRES, CLAMART, 30, None),
        (EXPIRES, CLAMART, 7, None),
        (EXPIRES, CLAMART, 1, None),
        *[(REFUSED, CLAMART, None, CheckCode.TOKEN_EXPIRED)] * 2,
    ]
    assert host.alerts[0].expires_at == START + timedelta(days=90)
    assert f"ccas-connector tenants token rotate {CLAMART}" in host.alerts[0].to_do


async def test_of_several_thresholds_that_passed_at_once_the_nearest_is_told(host: Host) -> None:
    host.add(CLAMART, "first", 5)
    await host.check()
    assert host.told == [(EXPIRES, CLAMART, 5, None)]


async def test_another_token_has_warnings_of_its_own(host: Host) -> None:
    host.add(CLAMART, "first", 5)
    await host.check()
    sealed = VAULT.seal(CLAMART, SecretField.TOKEN, jwt("second"))
    expires_at = START + timedelta(days=6)
    TokenStore(host.engine).set(CLAMART, StoredToken(sealed=sealed, expires_at=expires_at, set_at=START))
    await host.check()
    assert host.told == [(EXPIRES, CLAMART, 5, None), (EXPIRES, CLAMART, 6, None)]


async def test_a_refusal_is_told_once_per_token_and_day(host: Host) -> None:
    host.add(CLAMART, "first", 300)
    host.add(BOURG, "other", 300)
    host.says = {"first": Refused(CheckCode.TOKEN_REVOKED), "second": Refused(CheckCode.IP_FORBIDDEN)}
    for _ in range(3):
        await host.check()
        await host.check()
        host.time.advance(24 * 3600)
    assert host.told == [(REFUSED, CLAMART, None, CheckCode.TOKEN_REVOKED)] * 3
    sealed, set_at = VAULT.seal(CLAMART, SecretField.TOKEN, jwt("second")), host.time.now
    TokenStore(host.engine).set(CLAMART, StoredToken(sealed=sealed, expires_at=None, set_at=set_at))
    for _ in range(2):
        await host.check()
    assert host.told[3:] == [(REFUSED, CLAMART, None, CheckCode.IP_FORBIDDEN)]
    assert "address" in host.alerts[3].to_do


async def test_a_token_that_has_expired_is_told_of_and_never_asked_about(host: Host) -> None:
    host.add(CLAMART, "first", -1)
    await host.check()
    await host.check()
    assert host.told == [(REFUSED, CLAMART, None, CheckCode.TOKEN_EXPIRED)]
    assert host.asked == []


async def test_an_expiry_that_is_not_known_yet_is_read_and_kept(host: Host) -> None:
    host.add(CLAMART, "first", 300, token_expires_at=None)
    await host.check()
    assert host.tenant().token_expires_at == START + timedelta(days=300)
    revision = RegistryStore(host.engine).revision()
    await host.check()
    assert RegistryStore(host.engine).revision() == revision


async def test_an_api_that_is_away_is_left_alone_and_expiries_are_told_all_the_same(host: Host) -> None:
    sirets = [f"3560000000000{number}" for number in range(8)]
    for siret in sirets:
        host.add(siret, siret, 5)
    host.says = dict.fromkeys(sirets, AWAY)
    with capture_logs() as logs:
        assert await host.check() == CHECKED_AGAIN
    assert len(host.asked) == 5
    assert [(alert.event, alert.tenant) for alert in host.alerts] == [(EXPIRES, siret) for siret in sirets]
    assert [(entry["event"], entry["tokens"]) for entry in logs] == [("tokens.undecided", 8)]
    host.says = {}
    assert await host.check() == CHECKED_EVERY
    assert len(host.alerts) == len(sirets)


async def test_one_call_that_fails_is_no_absence_of_the_api(host: Host) -> None:
    host.add(CLAMART, "first", 300)
    host.add(BOURG, "other", 300)
    host.says = {"other": AWAY}
    assert await host.check() == CHECKED_EVERY
    assert host.alerts == []


async def test_a_refused_token_that_was_replaced_meanwhile_is_not_told_of(host: Host) -> None:
    host.add(CLAMART, "first", 300)
    work = host.work()

    async def ask(_token: str) -> Introspection:
        sealed = VAULT.seal(CLAMART, SecretField.TOKEN, jwt("second"))
        TokenStore(host.engine).set(CLAMART, StoredToken(sealed=sealed, expires_at=None, set_at=START))
        return Refused(CheckCode.TOKEN_REVOKED)

    await TokenCheck(replace(work, ask=ask)).run(_keep)
    assert host.alerts == []
    assert host.tenant().token_expires_at is None


async def test_a_tenant_without_a_token_is_left_alone(host: Host) -> None:
    host.add(CLAMART, "first", None, sealed_token=None)
    await host.check()
    assert (host.asked, host.alerts) == ([], [])


async def test_a_token_that_waits_is_in_force_once_the_api_has_answered_it(host: Host) -> None:
    later: datetime = START + timedelta(days=540)
    host.add(
        CLAMART,
        "first",
        5,
        sealed_next_token=VAULT.seal(CLAMART, SecretField.NEXT_TOKEN, jwt("second", later)),
    )
    host.says = {"second": AWAY}
    await host.promote()
    assert host.tenant().token_expires_at == START + timedelta(days=5)
    assert host.tenant().sealed_next_token is not None
    host.says = {}
    host.time.advance(180)
    await host.promote()
    tenant = host.tenant()
    assert tenant.sealed_token is not None
    assert VAULT.open(CLAMART, SecretField.TOKEN, tenant.sealed_token) == jwt("second", later)
    assert (tenant.token_expires_at, tenant.token_set_at) == (later, host.time.now)
    assert tenant.sealed_next_token is None
    await host.promote()
    assert host.asked == ["second", "second"]
    assert host.alerts == []


async def test_a_token_that_waits_and_is_refused_is_told_of_once_and_dropped(host: Host) -> None:
    host.add(
        CLAMART, "first", 90, sealed_next_token=VAULT.seal(CLAMART, SecretField.NEXT_TOKEN, jwt("second"))
    )
    host.says = {"second": Refused(CheckCode.TOKEN_INVALID)}
    await host.promote()
    await host.promote()
    assert host.told == [(NEXT_REFUSED, CLAMART, None, CheckCode.TOKEN_INVALID)]
    assert host.tenant().sealed_next_token is None
    assert host.tenant().token_expires_at == START + timedelta(days=90)


async def test_an_address_that_is_refused_drops_no_token(host: Host) -> None:
    host.add(
        CLAMART, "first", 90, sealed_next_token=VAULT.seal(CLAMART, SecretField.NEXT_TOKEN, jwt("second"))
    )
    host.says = {"second": Refused(CheckCode.IP_FORBIDDEN)}
    await host.promote()
    assert host.tenant().sealed_next_token is not None


def test_an_alert_is_a_warning_in_the_logs() -> None:
    alert = TokenAlert(event=EXPIRES, tenant=CLAMART, days_left=7, expires_at=START, to_do="renew")
    with capture_logs() as logs:
        log_alert(alert)
    (entry,) = logs
    assert entry == {
        "event": "token.expires",
        "log_level": "warning",
        "tenant": CLAMART,
        "days_left": 7,
        "expires_at": START.isoformat(),
        "to_do": "renew",
    }
