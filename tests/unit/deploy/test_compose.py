"""The Compose file agrees with the code, with the image and with the files that it mounts."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from connector.jobs.delivery import MAX_ENVELOPE_BYTES
from connector.jobs.records import Lane
from connector.settings.settings import SettingsError, load_settings
from tests.containers import (
    COMPOSE,
    ROOT,
    command_of,
    compose,
    compose_schema,
    is_setting,
    own_services,
    read_yaml,
    seconds,
    stages,
    variables_in,
)
from tests.deploy import DEPLOY, RULES, dashboard, rules
from workers.health import METRICS_PATH

DOCUMENT = compose()
SERVICES: Mapping[str, Mapping[str, Any]] = DOCUMENT["services"]
OWN = own_services(DOCUMENT)
COMMANDS = {name: command_of(service["command"]) for name, service in OWN.items()}
WORKERS = {name: context.params for name, context in COMMANDS.items() if context.info_name == "worker"}
SCRAPES = {job["job_name"]: job for job in read_yaml(COMPOSE / "prometheus.yml")["scrape_configs"]}
README = (DEPLOY / "README.md").read_text("utf-8")
IGNORED = (ROOT / ".gitignore").read_text("utf-8").splitlines()
RABBITMQ = dict(
    re.findall(r"^([a-z._]+) = (.+)$", (COMPOSE / "rabbitmq.conf").read_text("utf-8"), re.MULTILINE)
)
MADE_BY_HAND = ("broker", "secrets")
"""Folders that the operator makes, which are never committed."""

each_service = pytest.mark.parametrize("name", SERVICES)
each_own = pytest.mark.parametrize("name", OWN)


def _mounts(name: str) -> Iterator[tuple[str, PurePosixPath]]:
    for volume in SERVICES[name].get("volumes", ()):
        source, target, *_ = volume.split(":")
        yield source, PurePosixPath(target)


def _mounted_at(name: str, target: str) -> Path:
    """Return the file of the repository that a service has at a path."""
    (source,) = [source for source, path in _mounts(name) if path == PurePosixPath(target)]
    return (COMPOSE / source).resolve()


def _sandbox_environment() -> dict[str, str]:
    lines = (COMPOSE / "sandbox.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_it_is_valid_by_the_specification_s_own_schema() -> None:
    Draft202012Validator(compose_schema()).validate(DOCUMENT)


def test_a_duration_is_read_as_compose_reads_it() -> None:
    assert [seconds(text) for text in ("90s", "1m30s", "1h")] == [90, 90, 3600]
    with pytest.raises(ValueError, match="no duration"):
        seconds("90")


@each_own
def test_a_service_runs_a_command_that_there_is_with_options_that_it_has(name: str) -> None:
    assert COMMANDS[name].command.callback is not None


@each_own
def test_a_service_is_given_settings_that_there_are(name: str) -> None:
    variables = SERVICES[name].get("environment", {})
    assert [variable for variable in variables if not is_setting(variable)] == []
    for variable, value in variables.items():
        # What the shell gives has the same name.
        assert variables_in(str(value)) <= {variable}


def test_the_files_name_no_variable_that_is_no_setting() -> None:
    named = {variable for file in COMPOSE.rglob("*.*") for variable in variables_in(file.read_text("utf-8"))}
    assert len(named) > 10
    assert {variable for variable in named if not is_setting(variable)} == set()


@each_service
def test_a_service_has_the_secrets_that_it_names(name: str) -> None:
    service = SERVICES[name]
    told = json.dumps([service.get("environment", {}), service.get("command", [])])
    assert set(re.findall(r"/run/secrets/(\w+)", told)) == set(service.get("secrets", ()))


def test_every_secret_is_declared_used_kept_out_of_the_repository_and_made_in_the_readme() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == DOCUMENT["secrets"].keys()
    for name, secret in DOCUMENT["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
    (looped,) = re.findall(r"^for name in ([\w ]+); do .*> secrets/\$name; done$", README, re.MULTILINE)
    made = {*re.findall(r"> secrets/(\w+)", README), *looped.split()}
    assert made == DOCUMENT["secrets"].keys()
    assert {f"/deploy/compose/{folder}/" for folder in MADE_BY_HAND} <= set(IGNORED)


@each_service
def test_no_secret_is_in_the_file_itself(name: str) -> None:
    """It comes from a file, from who starts it, or there is none."""
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD|KEY|TOKEN|SECRET|DSN|URL", variable):
            assert variable.endswith("_FILE") or re.fullmatch(r"\$\{[A-Z_]+:-\}", value), variable


@each_service
def test_what_is_mounted_is_in_the_repository_or_made_by_hand_or_a_declared_volume(name: str) -> None:
    for source, _target in _mounts(name):
        if not source.startswith("."):
            assert source in DOCUMENT["volumes"]
        elif Path(source).parts[0] not in MADE_BY_HAND:
            assert (COMPOSE / source).is_file(), source


def test_every_volume_is_used() -> None:
    used = {source for name in SERVICES for source, _target in _mounts(name)}
    assert DOCUMENT["volumes"].keys() <= used


@each_service
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()
    (of_the_image,) = [each.rest for each in stages()[-1] if each.word == "USER"]
    assert int(service.get("user", of_the_image if name in OWN else "0").split(":")[0]) > 0


@each_service
def test_what_a_service_logs_is_bounded(name: str) -> None:
    options = SERVICES[name]["logging"]["options"]
    assert re.fullmatch(r"\d+m", options["max-size"])
    assert int(options["max-file"]) > 1


@each_service
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


def test_each_lane_has_one_worker() -> None:
    assert sorted(params["lane"] for params in WORKERS.values()) == sorted(Lane)


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_has_longer_than_its_drain_before_it_is_killed(name: str) -> None:
    assert seconds(SERVICES[name]["stop_grace_period"]) >= WORKERS[name]["drain_seconds"] + 15


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_listens_where_the_image_asks_it_and_where_prometheus_does(name: str) -> None:
    (port,) = [int(each.rest) for each in stages()[-1] if each.word == "EXPOSE"]
    assert WORKERS[name]["http_port"] == port
    assert WORKERS[name]["http_host"] == "0.0.0.0"  # noqa: S104 - within the network of the Compose file
    assert f"{name}:{port}" in SCRAPES["ccas-connector"]["static_configs"][0]["targets"]
    assert "healthcheck" not in SERVICES[name]


@pytest.mark.parametrize("name", WORKERS)
def test_workers_of_two_processes_share_what_they_may_call(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert {"CONNECTOR_REDIS_URL_FILE", "CONNECTOR_JOURNAL_KEY_FILE"} <= environment.keys()
    # Not every user's clock and rights: the definitions make a user for each vendor.
    assert environment["CONNECTOR_REQUIRE_USER_ID"] == "true"


@pytest.mark.parametrize("name", sorted(OWN.keys() - WORKERS.keys()))
def test_a_service_without_a_worker_is_not_asked_for_one(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check == {"disable": True} or "health" not in check["test"]


@each_service
def test_a_service_waits_for_what_can_come(name: str) -> None:
    """A service that is waited for until it is healthy has a check; one until it has ended ends."""
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"
        assert "profiles" not in SERVICES[other]


def test_the_schema_is_made_before_anything_opens_the_registry() -> None:
    assert COMMANDS["upgrade"].command_path == "ccas-connector registry upgrade"
    for name in (*WORKERS, "beat", "definitions"):
        assert SERVICES[name]["depends_on"]["upgrade"] == {"condition": "service_completed_successfully"}


def test_the_broker_loads_the_definitions_that_the_connector_writes() -> None:
    """And nothing else of that folder: RabbitMQ would take a file of passwords for definitions."""
    params = COMMANDS["definitions"].params
    assert params["split"]
    ((source, target),) = _mounts("definitions")
    mounted = _mounted_at("rabbitmq", RABBITMQ["load_definitions"])
    written = {
        name: COMPOSE / source / params[name].relative_to(target) for name in ("out", "passwords_file")
    }
    assert written["out"].parent == mounted
    assert written["passwords_file"].parent != mounted
    # Its files are readable by their owner alone.
    assert SERVICES["definitions"]["user"] == SERVICES["rabbitmq"]["user"]
    assert "definitions" in SERVICES["rabbitmq"]["depends_on"]


def test_the_broker_takes_no_longer_message_than_the_connector_keeps() -> None:
    assert int(RABBITMQ["max_message_size"]) == MAX_ENVELOPE_BYTES


def test_prometheus_asks_every_worker_and_the_broker_for_what_the_rules_are_about() -> None:
    jobs = {job for rule in rules() for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert jobs <= SCRAPES.keys()
    (scraped,) = SCRAPES["ccas-connector"]["static_configs"]
    assert {target.partition(":")[0] for target in scraped["targets"]} == WORKERS.keys()
    assert SCRAPES["rabbitmq"]["metrics_path"] in README
    assert SCRAPES["rabbitmq"]["static_configs"] == [{"targets": ["rabbitmq:15692"]}]
    assert "15692" in README.replace(" ", "")
    assert "rabbitmq_prometheus" in (COMPOSE / "enabled_plugins").read_text("utf-8")


def test_prometheus_has_the_rules_of_the_repository() -> None:
    (named,) = read_yaml(COMPOSE / "prometheus.yml")["rule_files"]
    assert _mounted_at("prometheus", f"/etc/prometheus/{named}") == RULES
    (given,) = [word for word in SERVICES["prometheus"]["command"] if word.startswith("--config.file=")]
    assert _mounted_at("prometheus", given.partition("=")[2]) == COMPOSE / "prometheus.yml"


def test_prometheus_asks_a_worker_at_the_path_that_it_serves() -> None:
    # Prometheus's own, where a job names none.
    assert SCRAPES["ccas-connector"].get("metrics_path", "/metrics") == METRICS_PATH


def test_grafana_shows_the_dashboard_of_the_repository_over_the_prometheus_there_is() -> None:
    provisioning = "/etc/grafana/provisioning"
    for kind in ("datasources", "dashboards"):
        (target,) = [path for _, path in _mounts("grafana") if str(path.parent) == f"{provisioning}/{kind}"]
        assert _mounted_at("grafana", str(target)) == COMPOSE / "grafana" / f"{kind}.yaml"
    (source,) = read_yaml(COMPOSE / "grafana" / "datasources.yaml")["datasources"]
    address = urlsplit(source["url"])
    assert f"127.0.0.1:{address.port}:{address.port}" in SERVICES[str(address.hostname)]["ports"]
    (asked,) = [each for each in dashboard()["templating"]["list"] if each["type"] == "datasource"]
    assert source["type"] == asked["query"]
    assert source["isDefault"]
    (provider,) = read_yaml(COMPOSE / "grafana" / "dashboards.yaml")["providers"]
    folder = provider["options"]["path"]
    assert _mounted_at("grafana", f"{folder}/dashboard.json") == DEPLOY / "grafana" / "dashboard.json"


def test_the_sandbox_is_reached_where_it_listens_and_is_nobody_s_default() -> None:
    environment = _sandbox_environment()
    params = COMMANDS["sandbox"].params
    address = urlsplit(environment["CONNECTOR_API_PARTICULIER_URL"])
    assert (address.hostname, address.port) == ("sandbox", params["port"])
    assert f"http://127.0.0.1:{params['port']}/" in SERVICES["sandbox"]["healthcheck"]["test"][-1]
    assert SERVICES["sandbox"]["profiles"] == ["sandbox"]
    load_settings(environment)
    with pytest.raises(SettingsError, match="CONNECTOR_ALLOW_CLEAR_HTTP"):
        load_settings({**environment, "CONNECTOR_ALLOW_CLEAR_HTTP": ""})


def test_the_readme_s_commands_for_the_tools_are_commands_that_there_are() -> None:
    """And so are those of the image that make the keys."""
    lines = re.findall(
        r"(?:docker compose run --rm (?:-T )?tools|docker run --rm [^\n]*?ccas-connector) +([a-z][^\n#<>|]*)",
        README,
    )
    assert len(lines) >= 4
    for line in lines:
        command_of(line.replace('"', "").split())
