"""Tokens, notices and turns in SQL: each change is made once, and only where what it replaces is still there."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event

from connector.jobs.records import SecretField, Tenant, Vendor
from connector.storage.database import DatabaseError, open_database
from connector.storage.notices import Notices
from connector.storage.registry.store import RegistryStore
from connector.storage.registry.token_store import Reseal, StoredToken, TokenStore
from connector.storage.schedule import Schedule, Turn
from connector.storage.schema import ensure_current

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
SIRET = "26920023600017"
TENANT = Tenant(
    siret=SIRET,
    name="CCAS",
    vendors=frozenset({"millesime"}),
    sealed_token="old",
    token_set_at=NOW,
    sealed_next_token="next",
    sealed_dgfip="dgfip",
    quotas={"particulier": "1/s"},
)
NEW = StoredToken(sealed="new", expires_at=LATER, set_at=NOW + timedelta(days=1))
IN_FORCE = replace(
    TENANT,
    sealed_token="new",
    token_expires_at=LATER,
    token_set_at=NOW + timedelta(days=1),
    sealed_next_token=None,
)
THREADS = 8


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"))
    ensure_current(opened)
    RegistryStore(opened).save([Vendor(name="millesime", product="M", publisher="U", preset="all")], [TENANT])
    yield opened
    opened.dispose()


def _tenant(engine: Engine) -> Tenant:
    return RegistryStore(engine).load().tenants[SIRET]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda store: store.set(SIRET, NEW), IN_FORCE),
        (lambda store: store.replace(SIRET, "old", NEW), IN_FORCE),
        (lambda store: store.promote(SIRET, "next", NEW), IN_FORCE),
        (lambda store: store.put_next(SIRET, "old", "other"), replace(TENANT, sealed_next_token="other")),
        (lambda store: store.drop_next(SIRET, "next"), replace(TENANT, sealed_next_token=None)),
        (lambda store: store.note_expiry(SIRET, "old", LATER), replace(TENANT, token_expires_at=LATER)),
        (
            lambda store: store.revoke(SIRET),
            replace(TENANT, sealed_token=None, token_set_at=None, sealed_next_token=None),
        ),
    ],
    ids=["set", "replace", "promote", "put next", "drop next", "note expiry", "revoke"],
)
def test_a_change_of_a_token_is_a_revision_and_leaves_the_rest_of_its_tenant(
    engine: Engine, change: Callable[[TokenStore], bool], expected: Tenant
) -> None:
    assert change(TokenStore(engine)) is True
    assert _tenant(engine) == expected
    assert RegistryStore(engine).revision() == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.set("26750045200011", NEW),
        lambda store: store.replace(SIRET, "older", NEW),
        lambda store: store.promote(SIRET, "other", NEW),
        lambda store: store.put_next(SIRET, "older", "other"),
        lambda store: store.drop_next(SIRET, "other"),
        lambda store: store.note_expiry(SIRET, "older", LATER),
        lambda store: store.revoke("26750045200011"),
    ],
    ids=["set", "replace", "promote", "put next", "drop next", "note expiry", "revoke"],
)
def test_what_was_changed_meanwhile_is_left_as_it_is(
    engine: Engine, change: Callable[[TokenStore], bool]
) -> None:
    assert change(TokenStore(engine)) is False
    assert _tenant(engine) == TENANT
    assert RegistryStore(engine).revision() == 1


def test_a_reseal_takes_what_is_still_there(engine: Engine) -> None:
    reseals = [
        Reseal(siret=SIRET, held_as=SecretField.TOKEN, former="older", sealed="lost"),
        Reseal(siret=SIRET, held_as=SecretField.NEXT_TOKEN, former="next", sealed="next again"),
        Reseal(siret=SIRET, held_as=SecretField.DGFIP, former="dgfip", sealed="dgfip again"),
    ]
    assert TokenStore(engine).reseal(reseals) == 2
    assert _tenant(engine) == replace(TENANT, sealed_next_token="next again", sealed_dgfip="dgfip again")
    assert RegistryStore(engine).revision() == 2
    assert TokenStore(engine).reseal(reseals) == 0
    assert RegistryStore(engine).revision() == 2


def test_a_token_is_in_force_until_it_is_replaced(engine: Engine) -> None:
    store = TokenStore(engine)
    assert store.is_in_force(SIRET, "old")
    store.set(SIRET, NEW)
    assert not store.is_in_force(SIRET, "old")
    assert not store.is_in_force("26750045200011", "old")


def test_a_database_that_another_holds_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    impatient = open_database(SecretStr(f"sqlite:///{tmp_path / 'registry.db'}"), lock_seconds=0)
    with engine.connect() as holder:
        holder.exec_driver_sql("UPDATE registry_revision SET revision = revision")
        with pytest.raises(DatabaseError, match="nothing was written"):
            TokenStore(impatient).set(SIRET, NEW)
    impatient.dispose()
    assert _tenant(engine) == TENANT


def _at_once(what: Callable[[], object]) -> list[object]:
    """Return what each of several threads, which begin at one moment, was given."""
    barrier, got = threading.Barrier(THREADS), list[object]()

    def run() -> None:
        barrier.wait()
        got.append(what())

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_a_notice_is_claimed_once_whoever_asks(engine: Engine) -> None:
    notices = Notices(engine)
    got = _at_once(lambda: notices.claim_notice("token.expires/1", NOW))
    assert sorted(map(bool, got)) == [False] * (THREADS - 1) + [True]
    assert not Notices(engine).claim_notice("token.expires/1", LATER)
    assert notices.claim_notice("token.expires/2", NOW)


@pytest.mark.parametrize(
    ("claim", "others", "nothing"),
    [
        (
            lambda engine: Notices(engine).claim_notice("name", NOW),
            "INSERT INTO notices VALUES ('name', '2026-11-23 09:00:00.000000')",
            False,
        ),
        (
            lambda engine: Schedule(engine).take("name", NOW, LATER),
            "INSERT INTO scheduled_tasks VALUES ('name', '2026-11-23 09:00:00.000000')",
            None,
        ),
    ],
    ids=["notice", "turn"],
)
def test_what_another_process_claims_between_a_look_and_a_claim_is_its(
    engine: Engine, claim: Callable[[Engine], object], others: str, nothing: object
) -> None:
    inserting = threading.Event()

    def note(*arguments: Any) -> None:
        if arguments[2].startswith("INSERT") and arguments[2] != others:
            inserting.set()

    event.listen(engine, "before_cursor_execute", note)
    got: list[object] = []
    with engine.connect() as other:
        other.exec_driver_sql(others)
        claiming = threading.Thread(target=lambda: got.append(claim(engine)))
        claiming.start()
        assert inserting.wait(60)
        other.commit()
    claiming.join()
    assert got == [nothing]


def test_a_task_that_was_never_seen_is_due_for_one_process(engine: Engine) -> None:
    schedule = Schedule(engine)
    got = _at_once(lambda: schedule.take("tokens", NOW, LATER))
    assert sorted(got, key=str) == [*[None] * (THREADS - 1), Turn("tokens", LATER)]


def test_a_turn_is_another_ones_only_once_it_is_due(engine: Engine) -> None:
    schedule = Schedule(engine)
    turn = schedule.take("tokens", NOW, LATER)
    assert turn == Turn("tokens", LATER)
    assert schedule.take("tokens", LATER - timedelta(seconds=1), LATER) is None
    got = _at_once(lambda: schedule.take("tokens", LATER, LATER + timedelta(minutes=15)))
    assert sorted(got, key=str) == [*[None] * (THREADS - 1), Turn("tokens", LATER + timedelta(minutes=15))]
    assert turn is not None
    assert schedule.move(turn, LATER) is None


def test_a_turn_is_held_longer_and_ended_by_its_holder(engine: Engine) -> None:
    schedule = Schedule(engine)
    turn = schedule.take("tokens", NOW, LATER)
    assert turn is not None
    longer = schedule.move(turn, LATER + timedelta(minutes=1))
    assert longer is not None
    assert schedule.take("tokens", LATER, LATER + timedelta(hours=1)) is None
    assert schedule.move(longer, LATER) == Turn("tokens", LATER)
    assert schedule.take("other", NOW, LATER) == Turn("other", LATER)
