"""Reading an answer member by member: for every check, whatever becomes of one member, no other is lost."""

import copy
import functools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint, Source
from connector.catalogue.grants import NOTHING_HIDDEN, Hidden
from connector.catalogue.variants import Variant
from connector.checks.decide import Decision, decide
from connector.checks.plan import PlannedCall
from connector.documents.examples import example_job
from connector.sandbox.cases import SHIPPED
from connector.sources.exchange import Answered
from connector.sources.reading import MOST_UNREADABLE
from connector.sources.schema_drift import DriftKind, SchemaDrift
from schemas.codes import CheckCode, CheckStatus
from schemas.request import CheckRequest
from tests.nullability import FILE, OMITTED, ROWS, answers, changed, reference_rows, values_at

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "Zebulon"
ASKED = Variant((), None)

Path = tuple[int | str, ...]


def _calls() -> list[tuple[CheckDefinition, Endpoint]]:
    """Return one endpoint of each version of each check: its calls answer alike."""
    found: dict[tuple[str, int], tuple[CheckDefinition, Endpoint]] = {}
    for definition in CATALOGUE.values():
        for endpoint in definition.endpoints:
            found.setdefault((definition.name, endpoint.api_version), (definition, endpoint))
    return list(found.values())


CALLS = _calls()
EVERY_CALL = pytest.mark.parametrize(
    ("definition", "endpoint"), CALLS, ids=[f"{one.name}-{end.api_version}" for one, end in CALLS]
)


def payload(endpoint: Endpoint) -> Any:
    """Return the documented example of an endpoint's answer, whole."""
    return json.loads(_example(endpoint.operation))


@functools.cache
def _example(operation: str) -> str:
    case = yaml.load((SHIPPED / operation / "200-exemple.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return str(case["payload"])


def params_of(definition: CheckDefinition, endpoint: Endpoint) -> Any:
    """Return the parameters of the documented example."""
    given_ = example_job(definition)["checks"][0].get("params") or {}
    taken = {name: value for name, value in given_.items() if name in endpoint.params.model_fields}
    if "ine" in endpoint.params.model_fields:
        taken["ine"] = "0990000001A"
    return endpoint.params.model_validate(taken)


def decided(
    definition: CheckDefinition, endpoint: Endpoint, body: bytes, hidden: Hidden = NOTHING_HIDDEN
) -> Decision:
    """Return what the body of a 200 means for a check."""
    call = PlannedCall(
        request=CheckRequest(check=definition.name),
        definition=definition,
        endpoint=endpoint,
        params=params_of(definition, endpoint),
        variants=(ASKED,),
        hidden=hidden,
    )
    return decide(call, ASKED, Answered(http_status=200, headers={}, body=body, duration_ms=5), NOW)


def told(definition: CheckDefinition, endpoint: Endpoint, document: Any) -> Decision:
    """Return what a document means for a check."""
    return decided(definition, endpoint, json.dumps(document).encode())


def members(value: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the place of every member and item of a document."""
    inner: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in inner:
        yield (*at, name)
        yield from members(child, (*at, name))


def at(document: Any, path: Path) -> Any:
    """Return what stands at a place."""
    for part in path:
        document = document[part]
    return document


def replaced(document: Any, path: Path, value: Any) -> Any:
    """Return a document with another value at a place; ``OMITTED`` leaves it out."""
    made = copy.deepcopy(document)
    *around, last = path
    holder = at(made, tuple(around))
    if value is OMITTED and isinstance(holder, dict):
        del holder[last]
    else:
        holder[last] = None if value is OMITTED else value
    return made


def root_of(endpoint: Endpoint) -> Path:
    """Return where in an answer the members of its data stand."""
    return ("data",) if endpoint.source is Source.API_PARTICULIER else ()


def is_around(path: Path, essential: str) -> bool:
    """Tell whether a place is what a pointer names, or holds it."""
    names = tuple(essential.split("/")[1:])
    return path == names[: len(path)]


def _as_told(part: int | str) -> int | str:
    """Return a member's name as replies have it: version 2 of the tax notice writes capitals."""
    return part if isinstance(part, int) else re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", part)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
WRONG = st.one_of(
    JSON,
    st.just(OMITTED),
    st.sampled_from(
        ["0000-00-00", "1980-00-00", "31/12/1999", "412", "412.0", "", " ", 412.0, 1e400, True, 0]
    ),
)
MANY = settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@EVERY_CALL
@MANY
@given(data=st.data())
def test_one_member_of_any_kind_costs_itself_alone(
    definition: CheckDefinition, endpoint: Endpoint, data: st.DataObject
) -> None:
    whole = payload(endpoint)
    root = root_of(endpoint)
    path = data.draw(st.sampled_from(list(members(at(whole, root), root))))
    decision = told(definition, endpoint, replaced(whole, path, data.draw(WRONG)))

    reply = decision.reply
    if endpoint.source is Source.API_IMPOT_PARTICULIER:
        # What it says is made into other members: that it ends in an answer is what can be said here.
        assert reply.status in {CheckStatus.FOUND, CheckStatus.ERROR}
        return
    inside = tuple(_as_told(part) for part in path[len(root) :])
    if reply.status is CheckStatus.ERROR:
        assert reply.reason is not None
        assert reply.reason.code is CheckCode.UNEXPECTED_RESPONSE
        assert any(is_around(inside, essential) for essential in definition.essential)
        return
    expected = told(definition, endpoint, whole).reply.data
    assert reply.data is not None
    for other in members(expected):
        is_concerned = other[: len(inside)] == inside or inside[: len(other)] == other
        if not is_concerned:
            assert at(reply.data, other) == at(expected, other)
    for pointer in reply.unreadable:
        assert pointer.startswith("/" + "/".join(map(str, inside)))


@EVERY_CALL
@MANY
@given(data=st.data())
def test_any_member_may_be_null_or_absent(
    definition: CheckDefinition, endpoint: Endpoint, data: st.DataObject
) -> None:
    whole = payload(endpoint)
    root = root_of(endpoint)
    taken = data.draw(
        st.lists(st.sampled_from(list(members(at(whole, root), root))), max_size=6, unique=True)
    )
    document = whole
    for path in sorted(taken, key=len, reverse=True):
        document = replaced(document, path, data.draw(st.sampled_from([None, OMITTED])))
    reply = told(definition, endpoint, document).reply
    if reply.status is CheckStatus.ERROR:
        # A notice of which nothing is left is none.
        assert endpoint.source is Source.API_IMPOT_PARTICULIER
    else:
        assert (reply.status, reply.unreadable) == (CheckStatus.FOUND, ())


@EVERY_CALL
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_unknown_members_anywhere_are_dropped_and_lose_nothing(
    definition: CheckDefinition, endpoint: Endpoint, data: st.DataObject
) -> None:
    whole = payload(endpoint)
    root = root_of(endpoint)
    objects = [root, *(one for one in members(at(whole, root), root) if isinstance(at(whole, one), dict))]
    # Version 2 says with a block of empty texts that there is nobody, which one with anything else in it is not.
    path = data.draw(st.sampled_from([one for one in objects if one != ("declarant2",)]))
    document = copy.deepcopy(whole)
    at(document, path)[f"{SECRET}_{data.draw(st.text(max_size=4))}"] = data.draw(JSON)
    decision = told(definition, endpoint, document)
    assert decision.reply.data == told(definition, endpoint, whole).reply.data
    assert SECRET not in str(decision.drifts)


ODD = {
    "a list": b"[]",
    "a text": b'"Zebulon"',
    "a number": b"12",
    "null": b"null",
    "nothing": b"",
    "a page": b"<html>Zebulon</html>",
    "gzip that was cut short": b"\x1f\x8b\x08\x00Zebulon",
    "half a document": b'{"data": {"nom": "Zebulon"',
    "deep nesting": b"[" * 100_000,
    "no UTF-8": b'{"data": {"nom": "Zebulon\xff"}}',
}


@EVERY_CALL
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_a_body_that_is_no_answer_is_unexpected_and_shows_nothing(
    definition: CheckDefinition, endpoint: Endpoint, body: bytes
) -> None:
    decision = decided(definition, endpoint, body)
    assert decision.reply.status is CheckStatus.ERROR
    assert decision.reply.reason is not None
    assert decision.reply.reason.code is CheckCode.UNEXPECTED_RESPONSE
    assert "body" in decision.reply.reason.detail
    assert [(one.kind, one.place) for one in decision.drifts] == [(DriftKind.WRONG_TYPE, "body")]
    assert SECRET not in repr(decision) + decision.reply.model_dump_json()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": null}', "null"),
        (b"{}", "null"),
        (b'{"data": []}', "array"),
        (b'{"data": "Zebulon"}', "string"),
        (b'{"errors": [{"code": "23003", "title": "Zebulon"}]}', "null"),
    ],
)
def test_an_answer_without_its_data_names_their_place(body: bytes, found: str) -> None:
    definition = CATALOGUE["quotient_familial"]
    decision = decided(definition, definition.endpoints[0], body)
    assert decision.reply.reason is not None
    assert decision.reply.reason.code is CheckCode.UNEXPECTED_RESPONSE
    assert "data" in decision.reply.reason.detail
    assert decision.drifts == (SchemaDrift(DriftKind.WRONG_TYPE, "data", found),)
    assert SECRET not in repr(decision) + decision.reply.model_dump_json()


QUOTIENT = CATALOGUE["quotient_familial"]


def data_of(decision: Decision) -> Any:
    """Return the data of an answer that is found."""
    assert decision.reply.status is CheckStatus.FOUND
    return decision.reply.data


def quotient(path: Path, value: Any, hidden: Hidden = NOTHING_HIDDEN) -> Decision:
    document = replaced(payload(QUOTIENT.endpoints[0]), ("data", *path), value)
    return decided(QUOTIENT, QUOTIENT.endpoints[0], json.dumps(document).encode(), hidden)


def test_a_value_of_another_type_is_left_out_named_and_counted() -> None:
    decision = quotient(("adresse", "pays"), 33)
    assert decision.reply.unreadable == ("/adresse/pays",)
    assert "pays" not in data_of(decision)["adresse"]
    assert decision.drifts == (SchemaDrift(DriftKind.WRONG_TYPE, "adresse.pays", "number"),)


def test_an_item_that_cannot_be_read_is_null_in_its_place() -> None:
    decision = quotient(("enfants", 0), SECRET)
    first, second = data_of(decision)["enfants"]
    assert (first, second["prenoms"], decision.reply.unreadable) == (None, "LINA", ("/enfants/0",))
    assert SECRET not in repr(decision) + decision.reply.model_dump_json()


def test_a_block_that_cannot_be_read_is_unreadable_and_not_withheld() -> None:
    reply = quotient(("adresse",), SECRET).reply
    assert (reply.status, reply.unreadable, reply.withheld) == (CheckStatus.FOUND, ("/adresse",), ())


@pytest.mark.parametrize("path", [("quotient_familial", "valeur"), ("quotient_familial",)])
@pytest.mark.parametrize("value", [SECRET, [], True, 412.5, 10**400])
def test_what_the_check_exists_for_is_an_error_where_it_cannot_be_read(path: Path, value: Any) -> None:
    decision = quotient(path, value)
    assert decision.reply.reason is not None
    assert decision.reply.reason.code is CheckCode.UNEXPECTED_RESPONSE
    assert ".".join(map(str, path)) in decision.reply.reason.detail
    assert SECRET not in repr(decision) + decision.reply.model_dump_json()


@pytest.mark.parametrize("value", [412, 412.0, "412", "412.0", " 412 "])
def test_a_whole_number_is_read_in_every_form(value: Any) -> None:
    decision = quotient(("quotient_familial", "valeur"), value)
    assert (data_of(decision)["quotient_familial"]["valeur"], decision.reply.unreadable) == (412, ())


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2017-02-08", "2017-02-08"),
        ("08/02/2017", "2017-02-08"),
        ("2017-02-08T00:00:00+01:00", "2017-02-08"),
        ("2017-02-00", "2017-02"),
        ("2017-00-00", "2017"),
        ("00/00/2017", "2017"),
        ("0000-00-00", None),
        ("00/00/0000", None),
        ("", None),
    ],
)
def test_a_birth_is_read_as_far_as_it_is_known(sent: str, read: str | None) -> None:
    decision = quotient(("enfants", 0, "date_naissance"), sent)
    assert (data_of(decision)["enfants"][0]["date_naissance"], decision.reply.unreadable) == (read, ())


def test_what_the_vendor_may_not_receive_is_not_named_either() -> None:
    decision = quotient(("adresse", "pays"), 33, {"adresse": {}})
    assert (decision.reply.unreadable, decision.reply.withheld) == ((), ("adresse",))
    hidden = quotient(("quotient_familial", "valeur"), SECRET, {"quotient_familial": {}})
    assert hidden.reply.status is CheckStatus.FOUND


def test_half_a_surrogate_pair_costs_its_text_alone() -> None:
    document = replaced(payload(QUOTIENT.endpoints[0]), ("data", "adresse", "pays"), "PAYS")
    body = json.dumps(document).replace('"PAYS"', '"\\ud800"').encode()
    reply = decided(QUOTIENT, QUOTIENT.endpoints[0], body).reply
    assert (reply.status, reply.unreadable) == (CheckStatus.FOUND, ("/adresse/pays",))


def test_with_more_than_a_thousand_values_at_fault_it_is_no_answer() -> None:
    odd = quotient(("enfants",), [0] * MOST_UNREADABLE).reply
    assert len(odd.unreadable) == MOST_UNREADABLE
    lost = quotient(("enfants",), [0] * (MOST_UNREADABLE + 1))
    assert lost.reply.reason is not None
    assert lost.reply.reason.code is CheckCode.UNEXPECTED_RESPONSE


@pytest.mark.parametrize(
    ("params", "is_answered"),
    [
        ({}, True),
        ({"annee": 2026, "mois": 10}, True),
        ({"annee": 2026}, True),
        ({"mois": 9}, False),
        ({"annee": 2025, "mois": 10}, False),
    ],
)
def test_the_quotient_of_another_month_than_the_one_asked_is_no_answer(
    params: dict[str, int], *, is_answered: bool
) -> None:
    endpoint = QUOTIENT.of_version(3)[1]
    call = PlannedCall(
        request=CheckRequest(check="quotient_familial"),
        definition=QUOTIENT,
        endpoint=endpoint,
        params=endpoint.params.model_validate(params),
        variants=(ASKED,),
        hidden=NOTHING_HIDDEN,
    )
    body = json.dumps(payload(endpoint)).encode()
    decision = decide(call, ASKED, Answered(http_status=200, headers={}, body=body, duration_ms=5), NOW)
    if is_answered:
        assert decision.reply.status is CheckStatus.FOUND
    else:
        assert decision.reply.reason is not None
        assert decision.reply.reason.code is CheckCode.UNEXPECTED_RESPONSE
        assert decision.drifts == (SchemaDrift(DriftKind.OTHER_THAN_ASKED, "quotient_familial.mois"),)


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=CATALOGUE)
def test_each_check_names_members_that_it_exists_for(definition: CheckDefinition) -> None:
    known = {
        "/" + "/".join(str(part) for part in path[1:])
        for endpoint in definition.endpoints
        if endpoint.source is Source.API_PARTICULIER
        for path in members(payload(endpoint), ())
        if path[0] == "data"
    }
    assert definition.essential
    if known:
        assert set(definition.essential) <= known


@pytest.mark.skipif(not FILE.is_file(), reason="the reference is not beside the project")
def test_no_row_of_the_reference_is_left_out() -> None:
    assert {section: set(rows) for section, rows in ROWS.items()} == reference_rows()


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: answer.name)
def test_what_the_servers_code_can_send_is_an_answer(answer: Any) -> None:
    definition = CATALOGUE[answer.check]
    endpoint = definition.of_version(answer.api_version)[0]
    document = payload(endpoint)
    path, sent = answer.change
    reply = told(definition, endpoint, document | {"data": changed(document["data"], answer.change)}).reply
    assert (reply.status, reply.unreadable) == (CheckStatus.FOUND, ())
    if sent is None or sent is OMITTED:
        assert {None if value is None else value for value in values_at(reply.data, path)} == {sent}
