"""The scheduled tasks about tokens: each is checked every day, and one that waits is tried every few minutes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from connector.clock import Clock, paris_day
from connector.events import Event
from connector.jobs.jwt_claims import NotAJwtError, expiry_of
from connector.jobs.records import SecretField, Tenant
from connector.jobs.token_life import due_warning, expiry_notice, refusal_notice
from connector.sources.introspection import Accepted, Refused, Undecided
from connector.storage.notices import Notices
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import StoredToken, TokenStore
from connector.telemetry.token_alerts import Alert, TokenAlert, expires, next_refused, refused
from connector.tokens.check import Ask, TokenReport, TokenState, check_token
from connector.tokens.scheduled.pace import Pace
from connector.vault import Vault, VaultError
from schemas.codes import CheckCode

CHECKED_EVERY: Final = timedelta(days=1)
CHECKED_AGAIN: Final = timedelta(minutes=15)
"""Where the API was away."""
TRIED_EVERY: Final = timedelta(minutes=3)
_MOST_UNDECIDED: Final = 5
"""Calls in a row without an answer: the API is away, for the other tokens too."""
_log = structlog.get_logger(__name__)
Keep = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWork:
    """What both tasks act through."""

    registry: RegistryStore
    tokens: TokenStore
    notices: Notices
    vault: Vault
    ask: Ask
    pace: Pace
    alert: Alert
    clock: Clock

    async def asked(self, token: str) -> Accepted | Refused | Undecided:
        """Ask the API about a token, when it may be asked again."""
        await self.pace.wait()
        return await self.ask(token)


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Checks every token, and warns 60, 30, 7 and 1 days before one expires, once each, and of its refusal, once a day."""

    work: TokenWork
    name: str = "tokens.check"
    every: timedelta = CHECKED_EVERY
    late_after: timedelta = timedelta(hours=1)

    async def run(self, keep: Keep) -> timedelta:
        """Check every token; return when to check them again: sooner where the API does not answer."""
        work = self.work
        registry = await asyncio.to_thread(work.registry.load)
        undecided, in_a_row = 0, 0
        for tenant in registry.tenants.values():
            await keep()
            now = work.clock()
            # An expiry is told whether or not the API is there.
            ask = _leave_alone if in_a_row >= _MOST_UNDECIDED else work.asked
            report = await check_token(tenant, registry.vendors, work.vault.open, ask, now)
            await asyncio.to_thread(self._note, tenant, report, now)
            if report.state is TokenState.UNDECIDED:
                undecided, in_a_row = undecided + 1, in_a_row + 1
            elif report.state in {TokenState.ACCEPTED, TokenState.REFUSED}:
                in_a_row = 0
        due_in = CHECKED_AGAIN if in_a_row >= _MOST_UNDECIDED else CHECKED_EVERY
        if undecided:
            _log.warning(Event.TOKENS_UNDECIDED, tokens=undecided, again_in_seconds=due_in.total_seconds())
        return due_in

    def _note(self, tenant: Tenant, report: TokenReport, now: datetime) -> None:
        if report.state is TokenState.UNREADABLE:
            _log.error(Event.TOKEN_UNREADABLE, tenant=tenant.siret)
        sealed, expires_at = tenant.sealed_token, report.tenant.token_expires_at
        if sealed is None or not self.work.tokens.is_in_force(tenant.siret, sealed):
            # Replaced while it was being checked.
            return
        if tenant.token_expires_at is None and expires_at is not None:
            self.work.tokens.note_expiry(tenant.siret, sealed, expires_at)
        for name, alert in notices_of(report, now):
            if self.work.notices.claim_notice(name, now):
                self.work.alert(alert)


async def _leave_alone(_token: str) -> Undecided:
    return Undecided(CheckCode.NETWORK_ERROR)


def notices_of(report: TokenReport, now: datetime) -> tuple[tuple[str, TokenAlert], ...]:
    """Return what is to be told of a token at this instant, each under the name by which it is told once."""
    tenant = report.tenant
    if report.state in {TokenState.REFUSED, TokenState.EXPIRED} and report.code is not None:
        return ((refusal_notice(tenant, paris_day(now)), refused(tenant, report.code)),)
    if tenant.token_expires_at is None or report.state in {TokenState.MISSING, TokenState.UNREADABLE}:
        return ()
    warning = due_warning(tenant.token_expires_at, now)
    if warning is None:
        return ()
    return ((expiry_notice(tenant.siret, tenant.token_expires_at, warning), expires(tenant, warning)),)


@dataclass(frozen=True, slots=True)
class TokenPromotion:
    """Puts in force the tokens that wait for the API's answer, and drops those that it refuses."""

    work: TokenWork
    name: str = "tokens.promote"
    every: timedelta = TRIED_EVERY
    late_after: timedelta = timedelta(minutes=20)

    async def run(self, keep: Keep) -> timedelta:
        """Try every token that waits."""
        registry = await asyncio.to_thread(self.work.registry.load)
        for tenant in registry.tenants.values():
            if tenant.sealed_next_token is not None:
                await keep()
                await self._try(tenant, tenant.sealed_next_token)
        return TRIED_EVERY

    async def _try(self, tenant: Tenant, sealed: str) -> None:
        work = self.work
        try:
            token = work.vault.open(tenant.siret, SecretField.NEXT_TOKEN, sealed)
            expires_at = expiry_of(token)
        except (VaultError, NotAJwtError):
            _log.error(Event.TOKEN_UNREADABLE, tenant=tenant.siret, which="next")
            return
        said = await work.asked(token)
        if isinstance(said, Accepted):
            in_force = StoredToken(
                sealed=work.vault.seal(tenant.siret, SecretField.TOKEN, token),
                expires_at=expires_at,
                set_at=work.clock(),
            )
            if await asyncio.to_thread(work.tokens.promote, tenant.siret, sealed, in_force):
                _log.info(Event.TOKEN_PROMOTED, tenant=tenant.siret)
        elif isinstance(said, Refused) and said.code is not CheckCode.IP_FORBIDDEN:
            is_dropped = await asyncio.to_thread(work.tokens.drop_next, tenant.siret, sealed)
            if is_dropped:
                work.alert(next_refused(tenant, said.code))
