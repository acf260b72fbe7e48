"""Several processes on one database, SQLite or PostgreSQL: imports, upgrades, claims."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.clock import utc_now
from connector.demo.deployment import BOURG, CLAMART, PROGRAM
from connector.jobs.records import Registry, SecretField
from connector.sandbox.tokens import SandboxToken, issue_token
from connector.storage.database import open_database
from connector.storage.journal.store import JournalStore, Wanted
from connector.storage.registry.store import RegistryStore
from connector.storage.replies.store import MemoryStore
from connector.storage.schema import ensure_current
from connector.storage.upgrading import upgrade
from connector.vault import Vault, new_key
from tests.claims import JOBS, claims_of

LONG_SECONDS = 60
WORKERS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The settings of a process on a database without a schema."""
    on_server = request.param == "postgresql"
    url = request.getfixturevalue("postgres") if on_server else f"sqlite:///{tmp_path / 'registry.db'}"
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")},
        "CONNECTOR_DATABASE_URL": url,
        "CONNECTOR_SECRET_KEY": new_key(),
    }


def _start(stack: ExitStack, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    process = stack.enter_context(
        subprocess.Popen(
            arguments,
            env=dict(environment),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    return process


def _registry(environment: Mapping[str, str]) -> Registry:
    engine = open_database(SecretStr(environment["CONNECTOR_DATABASE_URL"]))
    try:
        ensure_current(engine)
        return RegistryStore(engine).load()
    finally:
        engine.dispose()


def _upgrade(environment: Mapping[str, str]) -> None:
    engine = open_database(SecretStr(environment["CONNECTOR_DATABASE_URL"]))
    upgrade(engine)
    engine.dispose()


def _file(folder: Path, name: str, siret: str, token: Path | None = None) -> Path:
    """Write a tenants' file that gives the vendor and the tenant CLAMART, or another, words of its own."""
    path = folder / f"{name}.toml"
    path.write_text(
        f"""
        [vendors.millesime]
        product = "{name}"
        publisher = "Up"
        preset = "millesime"
        [tenants.{siret}]
        name = "{name}"
        vendors = ["millesime"]
        {f'token = {{ file = "{token}" }}' if token else ""}
        """,
        "utf-8",
    )
    return path


def test_an_import_that_another_has_overtaken_says_so_and_overwrites_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A token that is read from a pipe holds each import between what it has read and what it will write."""
    _upgrade(environment)
    names = ("first", "second")
    tokens = {
        name: issue_token(
            SandboxToken(name=name, scopes=frozenset(), expires_at=utc_now() + timedelta(days=30))
        )
        for name in names
    }
    with ExitStack() as stack:
        processes = {}
        for name in names:
            os.mkfifo(tmp_path / name)
            file = _file(tmp_path, f"of-{name}", CLAMART, tmp_path / name)
            processes[name] = _start(stack, environment, *PROGRAM, "tenants", "import", str(file))
        # Opened once the import reads it: by then, both have read the registry.
        pipes = {name: (tmp_path / name).open("w", encoding="utf-8") for name in names}
        ends = {}
        for name in names:
            with pipes[name] as pipe:
                pipe.write(tokens[name])
            ends[name] = processes[name].communicate(timeout=LONG_SECONDS)
    assert processes["first"].returncode == 0
    assert processes["second"].returncode == 2
    (line,) = ends["second"][1].splitlines()
    assert re.search("the registry has changed since it was read, and nothing was written: run", line)
    assert tokens["second"] not in line
    registry = _registry(environment)
    tenant = registry.tenants[CLAMART]
    assert (registry.revision, tenant.name, registry.vendors["millesime"].product) == (
        1,
        "of-first",
        "of-first",
    )
    assert tenant.sealed_token is not None
    opened = Vault(SecretStr(environment["CONNECTOR_SECRET_KEY"])).open(
        CLAMART, SecretField.TOKEN, tenant.sealed_token
    )
    assert opened == tokens["first"]


def test_imports_at_once_into_a_new_database_each_succeed_or_say_why_not(
    environment: dict[str, str], tmp_path: Path
) -> None:
    if environment["CONNECTOR_DATABASE_URL"].startswith("postgresql"):
        _upgrade(environment)
    sirets = {"first": CLAMART, "second": BOURG}
    with ExitStack() as stack:
        processes = {
            name: _start(stack, environment, *PROGRAM, "tenants", "import", str(_file(tmp_path, name, siret)))
            for name, siret in sirets.items()
        }
        errors = {name: process.communicate(timeout=LONG_SECONDS)[1] for name, process in processes.items()}
    done = {name for name, process in processes.items() if process.returncode == 0}
    assert done
    for name in sirets.keys() - done:
        assert processes[name].returncode == 2
        (line,) = errors[name].splitlines()
        assert "the registry has changed" in line
    registry = _registry(environment)
    assert set(registry.tenants) == {sirets[name] for name in done}
    assert registry.revision == len(done)
    assert registry.vendors["millesime"].product in done


def _at_once(environment: Mapping[str, str], module: str, *arguments: str) -> list[str]:
    """Run a module in several processes, which set off together, and return what each says."""
    url = environment["CONNECTOR_DATABASE_URL"]
    with ExitStack() as stack:
        processes = [
            _start(
                stack,
                environment,
                *(sys.executable, "-m", module, url),
                *(argument.format(number) for argument in arguments),
            )
            for number in range(WORKERS)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ends = [process.communicate(timeout=LONG_SECONDS) for process in processes]
    assert [errors for _, errors in ends] == [""] * WORKERS
    return [said for said, _ in ends]


def test_upgrades_at_once_all_succeed(environment: dict[str, str]) -> None:
    _at_once(environment, "tests.upgrades")
    assert _registry(environment).revision == 0


@pytest.mark.parametrize("were_held", [False, True])
def test_each_job_that_several_processes_claim_runs_in_one(
    environment: dict[str, str], *, were_held: bool
) -> None:
    """A new job, and one that a worker held which died an hour ago. The record of its call is there once."""
    engine = open_database(SecretStr(environment["CONNECTOR_DATABASE_URL"]))
    upgrade(engine)
    if were_held:
        MemoryStore(engine).exchange(claims_of("dead", range(JOBS)), [], utc_now() - timedelta(hours=1))
    engine.dispose()
    ran = [job for said in _at_once(environment, "tests.claims", "process-{}") for job in json.loads(said)]
    assert len(ran) == JOBS
    assert len(set(ran)) == JOBS
    engine = open_database(SecretStr(environment["CONNECTOR_DATABASE_URL"]))
    assert JournalStore(engine).count(Wanted()) == JOBS
    engine.dispose()
