"""The manifests of Kubernetes are valid, and say what the code says."""

import math
import re
from http.client import HTTPS_PORT
from importlib.metadata import version
from inspect import signature
from pathlib import Path, PurePosixPath
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import psycopg
import pytest
import redis
from kombu.transport.pyamqp import SSLTransport

from connector.amqp.topology import lane_queue
from connector.jobs.records import Lane
from connector.settings.settings import PREFIX, load_settings
from connector.time_limits import CALL_TIMEOUT_SECONDS
from tests.deploy import (
    closing_seconds,
    is_setting,
    measured_mebibytes,
    parameters,
    rules,
    secret_settings,
    variables_in,
)
from tests.manifests import (
    BASE,
    COMPONENT,
    KUBERNETES,
    NAME,
    PRODUCTION,
    Manifest,
    kustomization,
    manifests,
    of_kind,
    settings_of,
)
from tests.unit.deploy.custom_resources import SCHEMAS
from workers.request import queues_of

_VERSIONS: Final = ("1.30", "1.33", "1.37")
"""Of Kubernetes."""
_DNS_PORT: Final = 53
ALL = list(manifests(PRODUCTION))
RUN = of_kind(BASE, "Deployment", "Job")
WORKERS = [one for one in RUN if one.component.startswith("worker-")]
NEEDS = {"broker_url", "database_url", "redis_url", "secret_key"}
"""Settings whose default is for one worker on a laptop."""


def names(manifest: Manifest) -> str:
    """Return what a manifest is called in the output."""
    return f"{manifest.kind}-{manifest.content['metadata']['name']}"


def mebibytes(quantity: str) -> int:
    """Return the size that a quantity of Kubernetes' says."""
    return int(quantity.removesuffix("Mi"))


def of_lane(found: list[Manifest], lane: Lane) -> Manifest:
    """Return the one that is for a lane's workers."""
    [one] = [one for one in found if one.component == f"worker-{lane}"]
    return one


@pytest.mark.parametrize("folder", [BASE, PRODUCTION], ids=lambda folder: folder.name)
def test_every_manifest_of_a_folder_is_one_of_its_resources(folder: Path) -> None:
    there = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert there == {name for name in kustomization(folder)["resources"] if name.endswith(".yaml")}
    assert len({(one.kind, one.content["metadata"]["name"]) for one in ALL}) == len(ALL)


@pytest.mark.parametrize("manifest", ALL, ids=names)
def test_a_manifest_is_valid(manifest: Manifest) -> None:
    if manifest.kind in SCHEMAS:
        jsonschema.validate(manifest.content, SCHEMAS[manifest.kind])
        return
    for kubernetes in _VERSIONS:
        kubernetes_validate.validate(dict(manifest.content), kubernetes, strict=True)


@pytest.mark.parametrize("manifest", RUN, ids=names)
def test_a_container_is_started_with_a_command_and_options_that_there_are(manifest: Manifest) -> None:
    told = parameters(manifest.words)
    if manifest in WORKERS:
        assert manifest.component == f"worker-{told['lane']}"


def test_each_lane_has_workers_that_may_leave_one_at_a_time() -> None:
    assert {one.component for one in WORKERS} == {f"worker-{lane}" for lane in Lane}
    for lane in Lane:
        budget = of_lane(of_kind(BASE, "PodDisruptionBudget"), lane)
        assert budget.spec["maxUnavailable"] == 1
        assert budget.spec["selector"] == of_lane(WORKERS, lane).spec["selector"]


def test_the_workers_of_the_lanes_differ_by_their_lane_alone() -> None:
    first, second = (
        re.sub(r"^#.*\n", "", one.file.read_text("utf-8")).replace(one.component.split("-")[1], "LANE")
        for one in WORKERS
    )
    assert first == second


@pytest.mark.parametrize(
    "manifest", [one for one in ALL if "template" in one.content.get("spec", {})], ids=names
)
def test_what_runs_has_the_labels_by_which_it_is_found(manifest: Manifest) -> None:
    labels = manifest.spec["template"]["metadata"]["labels"]
    assert labels == manifest.content["metadata"]["labels"]
    assert labels == {NAME: "ccas-connector", COMPONENT: manifest.component}
    assert manifest.spec.get("selector", {"matchLabels": labels}) == {"matchLabels": labels}


def test_every_variable_is_a_setting() -> None:
    text = "".join(file.read_text("utf-8") for file in KUBERNETES.rglob("*.yaml"))
    assert [name for name in variables_in(text) if not is_setting(name)] == []


@pytest.mark.parametrize("manifest", RUN, ids=names)
def test_each_variable_that_names_a_file_names_one_that_is_mounted(manifest: Manifest) -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in manifest.container["volumeMounts"]}
    volumes = {volume["name"]: volume["secret"] for volume in manifest.pod["volumes"]}
    assert set(mounts.values()) == set(volumes)
    given = {one["name"]: PurePosixPath(one["value"]) for one in manifest.container["env"]}
    for variable, path in given.items():
        setting = variable.removeprefix(PREFIX).removesuffix("_FILE").lower()
        assert path.name == setting.replace("_", "-")
        assert volumes[mounts[str(path.parent)]]["secretName"] == "ccas-connector"
    items = volumes[mounts["/run/secrets/ccas-connector"]].get("items")
    if items is not None:
        assert {item["path"] for item in items} == {path.name for path in given.values()}
        assert all(item["key"] == item["path"] for item in items)


def test_workers_have_every_secret_and_the_others_what_they_need() -> None:
    given = {
        one.component: {
            variable["name"].removeprefix(PREFIX).removesuffix("_FILE").lower()
            for variable in one.container["env"]
        }
        for one in RUN
    }
    everything = secret_settings()
    assert given == {
        **{f"worker-{lane}": everything for lane in Lane},
        "beat": everything - {"broker_url", "redis_url", "journal_key"},
        "upgrade": {"database_url"},
    }
    assert everything >= NEEDS


@pytest.mark.parametrize("folder", [BASE, PRODUCTION], ids=lambda folder: folder.name)
def test_the_settings_are_read(folder: Path) -> None:
    settings = load_settings(settings_of(folder))
    assert settings.log_format == "json"
    in_production = settings.api_particulier_url.get_secret_value() == "https://particulier.api.gouv.fr"
    assert in_production == (folder == PRODUCTION)


@pytest.mark.parametrize("manifest", WORKERS, ids=names)
def test_a_worker_listens_where_it_is_probed(manifest: Manifest) -> None:
    told = parameters(manifest.words)
    [port] = manifest.container["ports"]
    assert port["containerPort"] == told["http_port"]
    assert told["http_host"] == "0.0.0.0"  # noqa: S104 - the pod's own address, whichever it is
    probes = ("startupProbe", "livenessProbe", "readinessProbe")
    assert {manifest.container[probe]["httpGet"]["port"] for probe in probes} == {port["name"]}


@pytest.mark.parametrize("manifest", WORKERS, ids=names)
def test_a_worker_is_killed_only_after_it_has_had_time_to_drain(manifest: Manifest) -> None:
    drain_seconds = parameters(manifest.words)["drain_seconds"]
    assert manifest.pod["terminationGracePeriodSeconds"] > closing_seconds(drain_seconds)


@pytest.mark.parametrize("manifest", WORKERS, ids=names)
def test_a_worker_may_have_the_memory_that_it_was_measured_to_need_and_twice_that(manifest: Manifest) -> None:
    resources = manifest.container["resources"]
    measured = measured_mebibytes()
    assert measured < mebibytes(resources["requests"]["memory"])
    assert 2 * measured < mebibytes(resources["limits"]["memory"])


@pytest.mark.parametrize("manifest", RUN, ids=names)
def test_what_runs_may_nothing_that_it_does_not_need(manifest: Manifest) -> None:
    identity = manifest.pod["securityContext"]
    assert identity["runAsNonRoot"] is True
    assert identity["runAsUser"] == identity["runAsGroup"] == identity["fsGroup"] != 0
    assert identity["seccompProfile"] == {"type": "RuntimeDefault"}
    assert manifest.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(mount["readOnly"] for mount in manifest.container["volumeMounts"])
    assert {volume["secret"]["defaultMode"] for volume in manifest.pod["volumes"]} == {0o440}


@pytest.mark.parametrize("manifest", RUN, ids=names)
def test_what_runs_has_an_account_without_a_token(manifest: Manifest) -> None:
    [account] = of_kind(BASE, "ServiceAccount")
    assert manifest.pod["serviceAccountName"] == account.content["metadata"]["name"]
    assert not account.content["automountServiceAccountToken"]
    assert not manifest.pod["automountServiceAccountToken"]


def test_the_network_lets_out_to_the_servers_and_in_to_the_metrics_alone() -> None:
    [policy] = of_kind(BASE, "NetworkPolicy")
    postgresql = next(one.compiled for one in psycopg.pq.Conninfo.get_defaults() if one.keyword == b"port")
    assert postgresql is not None
    shared_state = signature(redis.Redis).parameters["port"].default
    out = [(port["protocol"], port["port"]) for rule in policy.spec["egress"] for port in rule["ports"]]
    assert out == [
        ("UDP", _DNS_PORT),
        *(
            ("TCP", port)
            for port in (_DNS_PORT, SSLTransport.default_ssl_port, int(postgresql), shared_state, HTTPS_PORT)
        ),
    ]
    [into] = policy.spec["ingress"]
    [ports] = {frozenset(port["name"] for port in one.container["ports"]) for one in WORKERS}
    assert {port["port"] for port in into["ports"]} == ports
    assert policy.spec["podSelector"] == {"matchLabels": {NAME: "ccas-connector"}}
    assert policy.spec["policyTypes"] == ["Ingress", "Egress"]


def test_prometheus_knows_the_workers_by_the_name_that_the_rules_ask_for() -> None:
    [monitor] = of_kind(PRODUCTION, "PodMonitor")
    asked = {name for rule in rules() for name in re.findall(r'job="([^"]+)"', rule["expr"])}
    for worker in WORKERS:
        labels = worker.spec["template"]["metadata"]["labels"]
        assert {labels[monitor.spec["jobLabel"]]} == asked
        assert monitor.spec["selector"]["matchLabels"].items() <= labels.items()
        [endpoint] = monitor.spec["podMetricsEndpoints"]
        assert endpoint["port"] in {port["name"] for port in worker.container["ports"]}


@pytest.mark.parametrize("lane", Lane)
def test_a_lane_has_as_many_workers_as_wait_for_the_api_and_no_more(lane: Lane) -> None:
    """Calls in flight are at most those of the address's quota, each for as long as a call may take."""
    scaled, worker = of_lane(of_kind(PRODUCTION, "ScaledObject"), lane), of_lane(WORKERS, lane)
    assert scaled.spec["scaleTargetRef"] == {"name": worker.content["metadata"]["name"]}
    assert "replicas" not in worker.spec
    queue = lane_queue(lane)
    room = queues_of((lane,), parameters(worker.words)["concurrency"])[queue]
    [trigger] = scaled.spec["triggers"]
    assert (trigger["metadata"]["queueName"], trigger["metadata"]["value"]) == (queue, str(room))
    [quota] = load_settings(settings_of(PRODUCTION)).egress_quota
    in_flight = quota.calls / quota.period_seconds * CALL_TIMEOUT_SECONDS
    assert scaled.spec["maxReplicaCount"] == math.ceil(in_flight / room)
    assert 1 < scaled.spec["minReplicaCount"] <= scaled.spec["fallback"]["replicas"]
    assert scaled.spec["fallback"]["replicas"] < scaled.spec["maxReplicaCount"]


def test_keda_has_an_address_of_its_own_for_the_broker() -> None:
    [access] = of_kind(PRODUCTION, "TriggerAuthentication")
    asked: set[Any] = {
        trigger["authenticationRef"]["name"]
        for one in of_kind(PRODUCTION, "ScaledObject")
        for trigger in one.spec["triggers"]
    }
    assert asked == {access.content["metadata"]["name"]}


def test_the_image_is_of_this_version() -> None:
    [image] = kustomization(PRODUCTION)["images"]
    assert image["newTag"] == version("ccas-connector")
    assert {one.container["image"] for one in RUN} == {image["name"]}
