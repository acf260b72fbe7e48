"""The pydantic classes that datamodel-code-generator makes of the published schemas hold every message, and type it.

The generator comes on the first run, into ``.cache``.
"""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from connector.catalogue import CATALOGUE
from tests.generated.corpus import jobs, replies, variant_of, with_instants
from tests.generated.python import ROOT, GeneratorError, python_classes

REPLIES = replies()
JOBS = jobs()
SCHEMAS = ROOT / "schemas" / "json"
WITH_PARAMS = [
    name
    for name, definition in CATALOGUE.items()
    if any(one.params.model_fields for one in definition.endpoints)
]


def _classes(envelope: str, folder: Path) -> ModuleType:
    try:
        return python_classes(SCHEMAS / f"verification.{envelope}.v1.schema.json", folder)
    except GeneratorError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def reply_classes(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return _classes("reply", tmp_path_factory.mktemp("reply"))


@pytest.fixture(scope="module")
def request_classes(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return _classes("request", tmp_path_factory.mktemp("request"))


def _written(message: BaseModel) -> Any:
    return with_instants(json.loads(message.model_dump_json(exclude_unset=True)))


def test_every_reply_is_read_and_written_back_as_it_was(reply_classes: ModuleType) -> None:
    for name, reply in REPLIES.items():
        read = reply_classes.Reply.model_validate_json(json.dumps(reply))
        assert _written(read) == with_instants(reply), name


@pytest.mark.parametrize("name", CATALOGUE)
def test_data_are_of_the_class_of_their_check(reply_classes: ModuleType, name: str) -> None:
    read = reply_classes.Reply.model_validate_json(json.dumps(REPLIES[name]))
    (answer,) = read.checks
    assert type(answer) is getattr(reply_classes, variant_of(name, "Reply"))
    assert type(answer.data) is getattr(reply_classes, variant_of(name, "Data"))
    assert not answer.data.model_extra, "each member of the example is a member of the class"


def test_an_answer_without_data_is_of_the_class_of_its_check_too(reply_classes: ModuleType) -> None:
    for name, reply in REPLIES.items():
        for answer, written in zip(
            reply_classes.Reply.model_validate_json(json.dumps(reply)).checks, reply["checks"], strict=True
        ):
            check = written["check"]
            title = variant_of(check, "Reply") if check in CATALOGUE else "OtherCheckReply"
            assert type(answer).__name__ == title, name


def test_every_job_is_read_and_written_back_as_it_was(request_classes: ModuleType) -> None:
    for name, job in JOBS.items():
        read = request_classes.VerificationRequest.model_validate_json(json.dumps(job))
        assert _written(read) == job, name


@pytest.mark.parametrize("name", WITH_PARAMS)
def test_parameters_are_of_the_class_of_their_check(request_classes: ModuleType, name: str) -> None:
    every = {
        field: None for endpoint in CATALOGUE[name].endpoints for field in endpoint.params.model_fields
    } | JOBS[name]["checks"][0].get("params", {})
    job = {**JOBS[name], "checks": [{"check": name, "params": every}]}
    read = request_classes.VerificationRequest.model_validate_json(json.dumps(job))
    (check,) = read.checks
    assert type(check) is getattr(request_classes, variant_of(name, "Request"))
    assert type(check.params) is getattr(request_classes, variant_of(name, "Params"))


def test_a_question_refuses_a_parameter_that_its_check_does_not_take(request_classes: ModuleType) -> None:
    check = {"check": "quotient_familial", "params": {"ine": "1"}}
    with pytest.raises(ValidationError):
        request_classes.QuotientFamilialRequest.model_validate(check)


def test_classes_are_called_as_the_schemas_are(
    reply_classes: ModuleType, request_classes: ModuleType
) -> None:
    """A name that the generator made up would end in a number."""
    for envelope, classes in (("reply", reply_classes), ("request", request_classes)):
        schema = json.loads((SCHEMAS / f"verification.{envelope}.v1.schema.json").read_text("utf-8"))
        made = {
            name
            for name, value in vars(classes).items()
            if isinstance(value, type) and value.__module__ == classes.__name__
        }
        assert len(made) > len(CATALOGUE)
        assert made <= {schema["title"], *schema["$defs"]}
