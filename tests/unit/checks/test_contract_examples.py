"""The examples of the wire contract, against the models and the published JSON Schema files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from connector.checks.parsing import read_job
from schemas import Reply, VerificationRequest

ROOT = Path(__file__).parents[3]
CONTRACT = ROOT.parent / "shared" / "contract.md"
PUBLISHED = ROOT / "schemas" / "json"
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples() -> tuple[str, str]:
    if not CONTRACT.is_file():
        pytest.skip(f"the contract's text is not at {CONTRACT}")
    request, reply = JSON_BLOCK.findall(CONTRACT.read_text(encoding="utf-8"))
    return request, reply


@pytest.fixture
def request_text() -> str:
    return examples()[0]


@pytest.fixture
def reply_text() -> str:
    return examples()[1]


def published(name: str) -> Draft202012Validator:
    schema = json.loads((PUBLISHED / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def complaints(name: str, document: object) -> list[str]:
    return [error.json_path for error in published(name).iter_errors(document)]


def test_request_example_is_a_job(request_text: str) -> None:
    job = read_job(request_text.encode())
    assert isinstance(job, VerificationRequest)
    assert [check.label for check in job.checks] == ["quotient_familial", "rsa"]
    assert job.identity is not None
    assert job.identity.date_naissance == "1987-06"


def test_request_example_fits_its_published_schema(request_text: str) -> None:
    assert complaints("verification.request.v1", json.loads(request_text)) == []


def test_request_schema_refuses_an_unknown_field(request_text: str) -> None:
    assert complaints("verification.request.v1", json.loads(request_text) | {"surprise": 1}) == ["$"]


def test_params_of_the_request_example_fit_their_published_schema(request_text: str) -> None:
    for check in json.loads(request_text)["checks"]:
        assert complaints(f"{check['check']}.params.v1", check.get("params", {})) == []


def test_reply_example_is_a_reply(reply_text: str) -> None:
    reply = Reply.model_validate_json(reply_text)
    assert [check.status.value for check in reply.checks] == ["found", "error"]


def test_reply_example_fits_its_published_schema(reply_text: str) -> None:
    assert complaints("verification.reply.v1", json.loads(reply_text)) == []


def test_data_of_the_reply_example_fits_its_published_schema(reply_text: str) -> None:
    found = json.loads(reply_text)["checks"][0]
    assert complaints("quotient_familial.data.v1", found["data"]) == []


def test_reply_schema_is_open(reply_text: str) -> None:
    reply: dict[str, Any] = json.loads(reply_text)
    reply["surprise"] = 1
    reply["checks"][0]["surprise"] = 1
    assert complaints("verification.reply.v1", reply) == []
    assert Reply.model_validate(reply).job_id == reply["job_id"]


def test_reply_example_is_written_back_as_it_was_read(reply_text: str) -> None:
    written = json.loads(Reply.model_validate_json(reply_text).model_dump_json())
    assert written == with_what_is_empty_as_a_rule(json.loads(reply_text))


def test_reply_example_with_what_is_empty_as_a_rule_fits_its_published_schema(reply_text: str) -> None:
    whole = with_what_is_empty_as_a_rule(json.loads(reply_text))
    assert complaints("verification.reply.v1", whole) == []


def with_what_is_empty_as_a_rule(reply: dict[str, Any]) -> dict[str, Any]:
    """Add the member that the page says of a check and its example leaves out."""
    return reply | {"checks": [check | {"unreadable": []} for check in reply["checks"]]}
