"""What the server's code can send as null, through worker and sandbox: a vendor finds each answer, that member null."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.demo.vendor import VendorClient
from connector.sandbox.cases import SHIPPED
from connector.sandbox.france_connect import issue_france_connect_token
from schemas.codes import Call
from tests.deployments import Deployment
from tests.jobs import identity, job
from tests.nullability import OMITTED, Answer, answers, changed, values_at

ANSWERS = answers()
PERSONS = {"nomNaissance", "prenoms", "identifiant", "ine", "immatriculation"}
"""The parameters that tell one case from the others."""


def endpoint_of(answer: Answer) -> tuple[CheckDefinition, Endpoint]:
    """Return the first call of the version that a row is about."""
    definition = CATALOGUE[answer.check]
    return definition, definition.of_version(answer.api_version)[0]


def letters(number: int) -> str:
    """Return a number as a name may hold it."""
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:04}")


def own_params(number: int, example: dict[str, Any]) -> dict[str, Any]:
    """Return what makes the case of one answer its own."""
    own = {
        "nomNaissance": "NULLE",
        "prenoms": [letters(number)],
        "identifiant": f"nul-{number}",
        "ine": f"{number:010}N",
        "immatriculation": f"NU-{number:03}-LL",
    }
    return {name: own[name] for name in example if name in own}


def written(folder: Path) -> None:
    """Write one case per answer, and the FranceConnect token of each that needs one."""
    for number, answer in enumerate(ANSWERS):
        _definition, endpoint = endpoint_of(answer)
        example = yaml.load(
            (SHIPPED / endpoint.operation / "200-exemple.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
        )
        payload = json.loads(example["payload"])
        payload["data"] = changed(payload["data"], answer.change)
        case = {
            "params": example["params"] | own_params(number, example["params"]),
            "status": 200,
            "payload": json.dumps(payload),
        }
        path = folder / endpoint.operation / f"200-{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(case), "utf-8")


def asked(number: int, answer: Answer) -> dict[str, Any]:
    """Return the job that gets one answer."""
    definition, endpoint = endpoint_of(answer)
    example = yaml.load(
        (SHIPPED / endpoint.operation / "200-exemple.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )["params"]
    own = own_params(number, example)
    given = {**definition.example_params, **own}
    check = {
        "check": definition.name,
        "call": endpoint.call.value,
        "api_version": endpoint.api_version,
        "params": {name: value for name, value in given.items() if name in endpoint.params.model_fields},
    }
    if endpoint.call is Call.FRANCE_CONNECT:
        person = {name: value for name, value in example.items() if name not in endpoint.params.model_fields}
        token = issue_france_connect_token(
            person | {name: own[name] for name in person if name in own},
            frozenset(definition.scopes),
            datetime.now(UTC) + timedelta(minutes=10),
        )
        return job(check, identity=None, france_connect_token=token)
    return job(
        check,
        identity=identity("NULLE", prenoms=[letters(number)]) if endpoint.call is Call.IDENTITE else None,
    )


@pytest.fixture(scope="module")
def vendor(own_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorClient]:
    """A vendor beside a worker whose sandbox holds the cases."""
    folder = tmp_path_factory.mktemp("cases")
    written(folder)
    with (
        Deployment(own_broker, ["--cases", str(folder)], preset="all") as deployment,
        deployment.worker(),
        VendorClient(own_broker, "millesime") as client,
    ):
        yield client


def _replies_to(vendor: VendorClient, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for each in jobs:
        vendor.publish(each)
    return [json.loads(message.body) for message in vendor.replies(len(jobs), timeout_seconds=60)]


def test_each_answer_that_the_server_can_send_is_found(vendor: VendorClient) -> None:
    jobs = [asked(number, answer) for number, answer in enumerate(ANSWERS)]
    # Of those with a FranceConnect token no more than its share is in flight: one after the other, as persons come.
    together = [each for each in jobs if "france_connect_token" not in each]
    apart = [[each] for each in jobs if "france_connect_token" in each]
    replies = {reply["job_id"]: reply for some in (together, *apart) for reply in _replies_to(vendor, some)}
    odd: list[tuple[Any, ...]] = []
    for each, answer in zip(jobs, ANSWERS, strict=True):
        (check,) = replies[each["job_id"]]["checks"]
        path, sent = answer.change
        if (check["status"], check["unreadable"]) != ("found", []):
            odd.append((answer.name, check["status"], check["unreadable"], check["reason"]))
        elif sent is None or sent is OMITTED:
            seen = values_at(check["data"], path)
            if any(value is not sent for value in seen):
                odd.append((answer.name, seen))
    assert odd == []
