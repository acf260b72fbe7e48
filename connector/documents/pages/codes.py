"""The codes that one check may be answered with: those of what it does not do are left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connector.catalogue.definition import CheckDefinition, Source
from connector.checks.reasons import reason
from connector.sources.traits import traits_of
from schemas.codes import Call, CheckCode, CheckStatus

_OF_A_DELEGATION: Final = frozenset({CheckCode.DELEGATION_MISSING, CheckCode.DELEGATION_AMBIGUOUS})


@dataclass(frozen=True, slots=True)
class ExpectedCode:
    """A code with what an agent reads of it, in French."""

    code: CheckCode
    status: CheckStatus
    title: str
    detail: str
    retryable: bool


def expected_codes(definition: CheckDefinition) -> Iterator[ExpectedCode]:
    """Yield the codes that a known check may be answered with, in the contract's order."""
    own_details = {
        CheckCode.NO_RECORD: definition.no_record_detail,
        CheckCode.NOT_CONCERNED: definition.not_concerned_detail,
    }
    impossible = _impossible(definition)
    for code in CheckCode:
        if code not in impossible:
            why = reason(code, detail=own_details.get(code))
            yield ExpectedCode(code, traits_of(code).status, why.title, why.detail, why.retryable)


def _impossible(definition: CheckDefinition) -> frozenset[CheckCode]:
    calls = {endpoint.call for endpoint in definition.endpoints}
    sources = {endpoint.source for endpoint in definition.endpoints}
    left_out = {CheckCode.UNKNOWN_CHECK}
    if Call.FRANCE_CONNECT not in calls:
        left_out.add(CheckCode.FRANCE_CONNECT_INVALID)
    if not sources & {Source.API_PARTICULIER, Source.API_PARTICULIER_V2}:
        left_out |= _OF_A_DELEGATION
    if definition.not_concerned_detail is None:
        left_out.add(CheckCode.NOT_CONCERNED)
    return frozenset(left_out)
