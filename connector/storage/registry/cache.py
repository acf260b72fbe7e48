"""The registry as a worker sees it: a value in memory, refreshed from the database every few seconds."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.catalogue.grants import Grant, grant_of
from connector.events import Event
from connector.jobs.records import Flow, Registry, SecretField, Vendor
from connector.storage.causes import database_cause
from connector.storage.registry.freshness import Freshness
from connector.storage.registry.key_check import check_key
from connector.storage.registry.store import RegistryStore
from connector.vault import Vault

REFRESH_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


class RegistryCache:
    """Holds the current registry. Reading never waits; a change is seen within ``REFRESH_SECONDS``.

    When the database is away the last registry stays in force, and the failure is logged once. For how long it may, ``freshness`` tells.
    """

    def __init__(self, store: RegistryStore, vault: Vault, freshness: Freshness) -> None:
        self._store = store
        self._vault = vault
        self._registry = store.load()
        self._freshness = freshness
        self._secrets: dict[tuple[str, SecretField, str], str] = {}
        self._grants: dict[tuple[str, tuple[str, ...]], Grant] = {}
        self._failing = False

    @property
    def registry(self) -> Registry:
        """The registry as of the last refresh."""
        return self._registry

    @property
    def is_trusted(self) -> bool:
        """Whether calls may be made by it, as old as it may be."""
        return self._freshness.is_trusted

    @property
    def is_away(self) -> bool:
        """The last refresh has failed: what is in force may be old."""
        return self._failing

    def grant(self, vendor: Vendor) -> Grant:
        """Return what a vendor may ask and receive."""
        key = vendor.preset, vendor.extra_scopes
        grant = self._grants.get(key)
        if grant is None:
            grant = self._grants[key] = grant_of(vendor)
        return grant

    def secret(self, siret: str, held_as: SecretField, sealed: str) -> str:
        """Return an opened secret of a tenant. Raises ``VaultError`` as ``Vault.open`` does."""
        secret = self._secrets.get((siret, held_as, sealed))
        if secret is None:
            secret = self._vault.open(siret, held_as, sealed)
            self._secrets[siret, held_as, sealed] = secret
        return secret

    async def open_overflow(self, flow: Flow) -> int:
        """Note that a flow's overflow queue is in use; every worker knows it within ``REFRESH_SECONDS``.

        Returns the number of this change. Raises ``DatabaseError`` when it is not noted.
        """
        return await asyncio.to_thread(self._store.overflows.open, flow)

    async def close_overflow(self, flow: Flow, at: datetime) -> bool:
        """Note that workers are to leave a flow's queue alone. Raises ``DatabaseError``."""
        return await asyncio.to_thread(self._store.overflows.close, flow, at)

    async def remove_overflow(
        self, flow: Flow, closed_before: datetime, delete_queue: Callable[[], bool]
    ) -> bool:
        """Forget a queue as ``OverflowStore.remove`` does; ``delete_queue`` is called in another thread."""
        return await asyncio.to_thread(self._store.overflows.remove, flow, closed_before, delete_queue)

    def check_key(self) -> None:
        """Raise ``VaultError`` as ``connector.storage.registry.key_check.check_key`` does."""
        check_key(self._registry.tenants.values(), self.secret)

    async def keep_fresh(self, on_change: Callable[[Registry], None]) -> None:
        """Refresh for ever, at once to begin with; ``on_change`` is called with each new registry."""
        while True:
            refreshing = asyncio.create_task(self._refresh())
            # A database that says nothing makes it old too.
            try:
                while not (await asyncio.wait({refreshing}, timeout=REFRESH_SECONDS))[0]:
                    self._freshness.tell()
            finally:
                refreshing.cancel()
            if refreshing.result():
                on_change(self._registry)
                _log.info(
                    Event.REGISTRY_REFRESHED,
                    revision=self._registry.revision,
                    tenants=len(self._registry.tenants),
                )
            await asyncio.sleep(REFRESH_SECONDS)

    async def _refresh(self) -> bool:
        try:
            fresh = await asyncio.to_thread(self._newer)
        except SQLAlchemyError as error:
            if not self._failing:
                _log.warning(
                    Event.REGISTRY_UNREACHABLE, error=type(error).__name__, cause=database_cause(error)
                )
            self._failing = True
            self._freshness.tell()
            return False
        self._failing = False
        self._freshness.confirm()
        if fresh is None:
            return False
        self._registry, self._secrets, self._grants = fresh, {}, {}
        return True

    def _newer(self) -> Registry | None:
        if self._store.is_current(self._registry):
            return None
        return self._store.load()
