"""What the API's nomenclature of errors says today that the connector does not know. Pure.

Source: ``GET /api/errors`` of API Particulier: ``providers``, ``generic_subcodes``, ``platform_codes`` by status, and
``endpoints`` with their ``errors`` by status.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from connector.catalogue.definition import CheckDefinition, Endpoint, Source
from connector.sources.json_document import read_json
from connector.sources.nomenclature.table import KINDS, PLATFORM_CODES, PROVIDERS, is_named, title_of
from connector.sources.outcome import ApiError, ErrorMeta, Readable
from connector.sources.outcome_table import outcome_table
from schemas.codes import CheckCode


class NomenclatureError(Exception):
    """A document is no nomenclature of the API's; the message names the member at fault."""

    def __init__(self, member: str) -> None:
        """``member`` is empty where nothing of the document can be read."""
        super().__init__(f"no nomenclature of errors ({member or 'body'})")
        self.member = member


class DriftKind(StrEnum):
    """How the nomenclature differs from what the connector knows."""

    UNKNOWN_CODE = "unknown_code"
    """A code that is not known by name: the table decides by its kind, or by the status alone."""
    UNKNOWN_KIND = "unknown_kind"
    """The last three digits mean something new."""
    CHANGED_KIND = "changed_kind"
    """The last three digits have another title: they may mean something else."""
    CHANGED_CODE = "changed_code"
    """A code has another title than before, or comes under a status that no row of the table fits."""
    CHANGED_PROVIDER = "changed_provider"
    """The first two digits name another provider."""
    MISSING_ENDPOINT = "missing_endpoint"
    """The catalogue asks an endpoint that the API no longer lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference."""

    kind: DriftKind
    code: str
    """The API's code, or its part that differs; the operation of a missing endpoint."""
    now: str
    """What the API says of it."""
    known: str
    """What the connector knows of it; empty where it knows nothing."""
    statuses: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    """Of the catalogue's endpoints, those that can answer it; none where any can."""
    means: CheckCode | None = None
    """What the connector makes of it meanwhile."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def _objects(values: Any) -> Any:
    """Read a member of another form as an object without members: it must not hide its neighbours."""
    if isinstance(values, dict):
        return {name: value if isinstance(value, dict) else {} for name, value in values.items()}
    return values


def _errors(by_status: Any) -> Any:
    """Leave out what is no error with a code."""
    if not isinstance(by_status, dict):
        return by_status
    return {
        status: [one for one in errors if isinstance(one, dict) and one.get("code")]
        for status, errors in by_status.items()
        if isinstance(errors, list)
    }


_Errors = Annotated[Mapping[str, tuple[ApiError, ...]], BeforeValidator(_errors)]


class _Titled(_Part):
    title: Readable[str] = ""


class _Endpoint(_Part):
    errors: _Errors = {}


class Nomenclature(_Part):
    """What ``GET /api/errors`` says, as far as the connector reads it."""

    providers: Mapping[str, Any]
    generic_subcodes: Annotated[Mapping[str, _Titled], BeforeValidator(_objects)]
    platform_codes: _Errors
    endpoints: Annotated[Mapping[str, _Endpoint], BeforeValidator(_objects)]


def read_nomenclature(body: bytes) -> Nomenclature:
    """Return the nomenclature in a body. Raises ``NomenclatureError``."""
    try:
        document = read_json(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.keys().isdisjoint(Nomenclature.model_fields):
        raise NomenclatureError("")
    try:
        return Nomenclature.model_validate(document)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))
        raise NomenclatureError(place) from None


_STATUS: Final = re.compile("[1-9][0-9]{2}")


def is_status(text: str) -> bool:
    """Tell whether a text of the nomenclature is an HTTP status."""
    return _STATUS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class _Listed:
    """A code as some endpoint, or the platform, lists it."""

    check: str
    endpoint: Endpoint
    operation: str | None
    status: str
    error: ApiError

    def means(self) -> tuple[CheckCode, bool]:
        """Return what the connector makes of it, and whether a row of the table says so."""
        who = PROVIDERS.get(self.error.code[:2])
        error = self.error.model_copy(update={"meta": ErrorMeta(provider=who)})
        status = int(self.status) if is_status(self.status) else 0
        table = outcome_table(self.endpoint.source, self.endpoint.call)
        outcome = table.outcome(self.check, status, error)
        return outcome.code, outcome.known


def drifts(nomenclature: Nomenclature, catalogue: Mapping[str, CheckDefinition]) -> tuple[Drift, ...]:
    """Return every difference: nothing where the connector knows all that its endpoints can answer."""
    return (
        *_kinds(nomenclature),
        *_providers(nomenclature),
        *_merged(_codes(nomenclature, catalogue)),
        *_missing(nomenclature, catalogue),
    )


def _kinds(nomenclature: Nomenclature) -> Iterator[Drift]:
    for digits, now in nomenclature.generic_subcodes.items():
        known = KINDS.get(digits)
        if known is None:
            yield Drift(kind=DriftKind.UNKNOWN_KIND, code=digits, now=now.title, known="")
        elif not _is_same(known.title, now.title):
            yield Drift(
                kind=DriftKind.CHANGED_KIND, code=digits, now=now.title, known=known.title, means=known.means
            )


def _providers(nomenclature: Nomenclature) -> Iterator[Drift]:
    # The platform names itself by either of its APIs.
    for digits, known in list(PROVIDERS.items())[1:]:
        now = nomenclature.providers.get(digits)
        if isinstance(now, str) and not _is_same(known, now):
            yield Drift(kind=DriftKind.CHANGED_PROVIDER, code=digits, now=now, known=known)


def _codes(nomenclature: Nomenclature, catalogue: Mapping[str, CheckDefinition]) -> Iterator[Drift]:
    for one in _listed(nomenclature, catalogue):
        code, means, is_known = one.error.code, *one.means()
        known = title_of(code)
        if not is_named(code):
            kind, known = DriftKind.UNKNOWN_CODE, ""
        elif not is_known or not _is_same(known, one.error.title) or _is_moved(one):
            kind = DriftKind.CHANGED_CODE
            known = f"{known} ({PLATFORM_CODES[code][0]})" if code in PLATFORM_CODES else known
        else:
            continue
        operations = () if one.operation is None else (one.operation,)
        yield Drift(
            kind=kind,
            code=code,
            now=one.error.title,
            known=known,
            statuses=(one.status,),
            operations=operations,
            means=means,
        )


def _is_moved(one: _Listed) -> bool:
    """Tell whether the platform lists one of its own codes under another status."""
    known = PLATFORM_CODES.get(one.error.code)
    return known is not None and str(known[0]) != one.status


def _listed(nomenclature: Nomenclature, catalogue: Mapping[str, CheckDefinition]) -> Iterator[_Listed]:
    every = list(_endpoints(catalogue))
    for check, endpoint in every:
        listed = nomenclature.endpoints.get(endpoint.operation, _Endpoint())
        for status, errors in listed.errors.items():
            for error in errors:
                yield _Listed(check, endpoint, endpoint.operation, status, error)
    for status, errors in nomenclature.platform_codes.items():
        for error in errors:
            yield _Listed(*every[0], None, status, error)


def _missing(nomenclature: Nomenclature, catalogue: Mapping[str, CheckDefinition]) -> Iterator[Drift]:
    for check, endpoint in _endpoints(catalogue):
        if endpoint.operation not in nomenclature.endpoints:
            yield Drift(
                kind=DriftKind.MISSING_ENDPOINT,
                code=endpoint.operation,
                now="",
                known=f"{check}, version {endpoint.api_version}",
            )


def _endpoints(catalogue: Mapping[str, CheckDefinition]) -> Iterator[tuple[str, Endpoint]]:
    for definition in catalogue.values():
        for endpoint in definition.endpoints:
            if endpoint.source is Source.API_PARTICULIER:
                yield definition.name, endpoint


def _merged(found: Iterator[Drift]) -> Iterator[Drift]:
    """Yield one difference per code, whichever endpoints list it."""
    by_code: dict[tuple[DriftKind, str, str], list[Drift]] = {}
    for drift in found:
        by_code.setdefault((drift.kind, drift.code, drift.now), []).append(drift)
    for (kind, code, now), same in by_code.items():
        yield Drift(
            kind=kind,
            code=code,
            now=now,
            known=same[0].known,
            statuses=tuple(sorted({status for drift in same for status in drift.statuses})),
            operations=tuple(sorted({operation for drift in same for operation in drift.operations})),
            means=same[0].means,
        )


_SPACES: Final = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " "})


def _is_same(known: str, now: str) -> bool:
    """Tell whether two titles are the same but for case, spaces and the form of apostrophes."""
    return not now or " ".join(known.translate(_SPACES).split()).casefold() == (
        " ".join(now.translate(_SPACES).split()).casefold()
    )
