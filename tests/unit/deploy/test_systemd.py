"""The units of systemd say what the code says: its commands, settings, lanes and limits of time."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from connector.jobs.records import Lane
from connector.limits.intake import ROOM
from connector.settings.settings import load_settings
from connector.vault import new_key
from tests.deploy import (
    DEPLOY,
    OF_THE_OPERATOR,
    RULES,
    closing_seconds,
    is_setting,
    measured_mebibytes,
    metrics_in,
    parameters,
    rules,
    secret_settings,
    variables_in,
)
from tests.units import (
    BEAT,
    SYSTEMD,
    WORKER,
    credentials_of,
    environment_of,
    lane_environment,
    one_of,
    optional_credentials_of,
    settings_of,
    words_of,
)
from workers.cli import worker
from workers.single_instance import PREDECESSOR_SECONDS

UNITS = (WORKER, BEAT)
ENVIRONMENTS = sorted(SYSTEMD.glob("*.env"))
README = (DEPLOY / "README.md").read_text("utf-8")
SECRETS = {
    "broker-url": "amqps://connector:secret@rabbitmq.example:5671/ccas",
    "database-url": "postgresql://connector:secret@postgresql.example/ccas?sslmode=require",
    "redis-url": "rediss://connector:secret@redis.example:6379/0",
    "secret-key": new_key(),
}


def test_there_is_a_settings_file_for_the_worker_of_each_lane() -> None:
    assert {file.stem.removeprefix("worker-") for file in SYSTEMD.glob("worker-*.env")} == set(Lane)


@pytest.mark.parametrize("lane", Lane)
def test_a_worker_is_started_with_options_that_there_are_and_takes_one_lane(lane: Lane) -> None:
    assert parameters(words_of(WORKER, lane, lane_environment(lane)))["lane"] == lane


def test_beat_is_started_with_options_that_there_are() -> None:
    assert parameters(words_of(BEAT, Lane.BATCH, {})) == {"once": False, "log_level": "INFO"}


def test_each_worker_of_a_machine_has_a_port_of_its_own_which_prometheus_is_told() -> None:
    ports = [parameters(words_of(WORKER, lane, lane_environment(lane)))["http_port"] for lane in Lane]
    targets = re.search(r"targets: (\[.*\])", README)
    assert targets is not None
    assert ports == [int(target.rpartition(":")[2]) for target in json.loads(targets[1])]
    assert len(set(ports)) == len(Lane)


@pytest.mark.parametrize("file", [*UNITS, *ENVIRONMENTS], ids=lambda file: file.name)
def test_every_variable_is_a_setting(file: Path) -> None:
    assert [name for name in variables_in(file.read_text("utf-8")) if not is_setting(name)] == []


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.name)
def test_each_line_of_a_settings_file_is_explained(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    given = [index for index, line in enumerate(lines) if re.match(r"#?[A-Z_]+=", line)]
    assert given
    assert all(lines[index - 1].startswith("# ") for index in given)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_credential_is_the_file_of_the_setting_of_its_name(unit: Path) -> None:
    variables = dict(one.split("=", 1) for one in settings_of(unit)["Environment"])
    names = credentials_of(unit)
    assert variables == {f"CONNECTOR_{name.upper().replace('-', '_')}_FILE": f"%d/{name}" for name in names}
    assert names == {name: f"/etc/ccas-connector/credentials/{name}" for name in names}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_settings_of_a_unit_are_read_whether_or_not_what_may_be_missing_is_there(
    unit: Path, tmp_path: Path
) -> None:
    """What may be missing is absent then; and nothing is given twice, as a line of the settings file and as a secret."""
    missing = optional_credentials_of(unit)
    for name in credentials_of(unit):
        file = tmp_path / name
        file.write_text(missing[name] if name in missing else f"{SECRETS[name]}\n", "utf-8")
        file.chmod(0o400)
    variables = dict(one.split("=", 1) for one in settings_of(unit)["Environment"])
    environment = {name: value.replace("%d", str(tmp_path)) for name, value in variables.items()}
    settings = load_settings(environment_of(SYSTEMD / "connector.env") | environment)
    assert settings.secret_key is not None
    assert {name for name in missing if getattr(settings, name.replace("-", "_")) is None} == set(missing)


def test_beat_gets_no_secret_that_it_does_not_need() -> None:
    assert set(credentials_of(WORKER)) - set(credentials_of(BEAT)) == {
        "broker-url",
        "redis-url",
        "journal-key",
    }


def test_no_setting_of_a_secret_stands_in_the_settings_file() -> None:
    told = variables_in((SYSTEMD / "connector.env").read_text("utf-8"))
    assert not {name.removeprefix("CONNECTOR_").lower() for name in told} & (
        secret_settings() | OF_THE_OPERATOR
    )
    assert {name.replace("-", "_") for name in credentials_of(WORKER)} == secret_settings()


@pytest.mark.parametrize("lane", Lane)
def test_a_worker_is_killed_only_after_it_has_had_time_to_drain(lane: Lane) -> None:
    drain_seconds = parameters(words_of(WORKER, lane, lane_environment(lane)))["drain_seconds"]
    assert float(one_of(WORKER, "TimeoutStopSec")) > closing_seconds(drain_seconds)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_program_is_started_again_for_as_long_as_it_takes(unit: Path) -> None:
    assert one_of(unit, "Restart") == "always"
    assert one_of(unit, "StartLimitIntervalSec") == "0"
    assert float(one_of(unit, "RestartSec")) > PREDECESSOR_SECONDS


def test_a_worker_may_have_the_memory_that_it_was_measured_to_need_and_twice_that() -> None:
    high, most = (int(one_of(WORKER, name).removesuffix("M")) for name in ("MemoryHigh", "MemoryMax"))
    assert 2 * measured_mebibytes() < high < most


def test_a_worker_may_have_a_connection_for_each_job_that_it_may_be_told_to_take() -> None:
    [concurrency] = [option.type for option in worker.params if option.name == "concurrency"]
    assert isinstance(concurrency, click.IntRange)
    assert concurrency.max is not None
    assert int(one_of(WORKER, "LimitNOFILE")) > ROOM * concurrency.max


def test_a_worker_of_the_batch_lane_may_lower_its_priority() -> None:
    """``os.nice`` is the system call ``setpriority``, which is one of @resources."""
    filters = settings_of(WORKER)["SystemCallFilter"]
    refused = next(index for index, one in enumerate(filters) if one.startswith("~") and "@resources" in one)
    assert "setpriority" in filters[refused + 1 :]


def test_a_worker_can_tell_when_it_was_started() -> None:
    """The client of Prometheus reads /proc/stat for that, which is none of the processes' files."""
    asked = {name for rule in rules() for name in metrics_in(rule["expr"])}
    assert "process_start_time_seconds" in asked, RULES
    assert settings_of(WORKER).get("ProcSubset", ["all"]) == ["all"]


def test_both_units_are_closed_alike() -> None:
    """But for what a worker needs: the metrics of its process, and its priority."""
    worker_s, beat_s = (_closing(unit) for unit in UNITS)
    assert worker_s - beat_s == {("SystemCallFilter", "setpriority")}
    assert beat_s - worker_s == {("ProcSubset", "pid")}


def _closing(unit: Path) -> set[tuple[str, str]]:
    told = settings_of(unit)
    names = list(told)
    return {(name, value) for name in names[names.index("StateDirectory") : -1] for value in told[name]}


def test_the_user_that_the_units_run_as_is_the_one_that_is_made() -> None:
    lines = (SYSTEMD / "ccas-connector.sysusers.conf").read_text("utf-8").splitlines()
    [made] = [shlex.split(line) for line in lines if not line.startswith("#")]
    assert {one_of(unit, "User") for unit in UNITS} == {made[1]}
    assert {f"/var/lib/{one_of(unit, 'StateDirectory')}" for unit in UNITS} == {made[-1]}
