"""What a check of the catalogue is: the one definition from which everything about it follows.

Planning, calling, decoding, the sandbox's routes, the published documents and ``checks show`` all read it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, JsonValue

from connector.catalogue.identity import IdentityProfile
from connector.jobs.defects import Defect
from schemas.base import DataModel, RequestModel, Scope
from schemas.codes import Call, SourceApi


class Source(StrEnum):
    """Who is asked, and in which protocol."""

    API_PARTICULIER = "api_particulier"
    """Versions 3 and later."""
    API_PARTICULIER_V2 = "api_particulier_v2"
    API_IMPOT_PARTICULIER = "api_impot_particulier"

    @property
    def api(self) -> SourceApi:
        """Its name in a reply, which tells versions apart otherwise."""
        return (
            SourceApi.API_IMPOT_PARTICULIER
            if self is Source.API_IMPOT_PARTICULIER
            else SourceApi.API_PARTICULIER
        )


class QuotaGroup(StrEnum):
    """Endpoints that share one quota of a token."""

    PARTICULIER = "particulier"
    """Every endpoint of API Particulier from version 3 on."""
    AVIS_IMPOSITION = "avis_imposition"


class NotAnAnswerError(Exception):
    """A document is not the answer that was asked for; the message shows nothing of it."""

    def __init__(self, place: str, found: object) -> None:
        super().__init__(f"no answer at {place}")
        self.place = place
        """The member that should have been there; ``body`` for the whole."""
        self.found = found
        """What was there."""


def as_object(value: Any, place: str) -> dict[str, Any]:
    """Return a JSON object. Raises ``NotAnAnswerError`` for anything else."""
    if not isinstance(value, dict):
        raise NotAnAnswerError(place, value)
    return value


def data_of_answer(document: Any, _params: Any) -> dict[str, Any]:
    """Return the data of an answer of API Particulier; its ``links`` and ``meta`` are not of the contract.

    Raises ``NotAnAnswerError``.
    """
    return as_object(as_object(document, "body").get("data"), "data")


Form = Callable[[Any, Any], dict[str, Any]]
"""From a source's document and the check's parameters to data in the form of the contract, not yet validated; raises
``NotAnAnswerError``."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An answer is to another question than the one asked."""

    pointer: str
    """JSON Pointer to the member of the data that says so."""
    detail: str
    """French."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One way of asking one version of a source."""

    call: Call
    api_version: int
    source: Source = Source.API_PARTICULIER
    path: str
    """Path of the call; what stands in braces is filled from the query, so that it shows nobody."""
    operation: str
    """The API's ``x-operationId``, which also names the folder of its cases."""
    params: type[RequestModel]
    """The check's own parameters; ``serialization_alias`` is the API's name of each."""
    data: type[DataModel]
    form: Form = data_of_answer
    identity: IdentityProfile | None = None
    """What the endpoint takes of an identity; only for ``identite``."""
    never_returns: frozenset[str] = frozenset()
    """Blocks of ``data`` that only other calls return: absent, they are not withheld."""
    blocks: tuple[str, ...] = field(init=False)
    """Members of the data that a scope may withhold, dotted where they are not at its top."""

    def __post_init__(self) -> None:
        paths = (path for path, _scope in scoped_members(self.data))
        blocks = tuple(path for path in paths if path.split(".")[0] not in self.never_returns)
        object.__setattr__(self, "blocks", blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition:
    """One check of the catalogue."""

    name: str
    title: str
    """French, for agents and integrators."""
    summary: str
    """French, names in backquotes, for integrators: what the answer says, how to read it, and what its inputs are."""
    provider: str
    """Who holds the data, where the answer does not say."""
    essential: tuple[str, ...]
    """What the check exists for, as JSON Pointers into its data: where one of them cannot be read, there is no answer."""
    endpoints: tuple[Endpoint, ...]
    """The version frozen for version 1 of the contract first, then those that ``api_version`` pins."""
    other_scopes: tuple[str, ...] = ()
    """Scopes of the endpoint that open it without a block of their own."""
    quota_group: QuotaGroup = QuotaGroup.PARTICULIER
    params_rule: Callable[[Any, date], Defect | None] = lambda _params, _today: None
    """What the parameters' model cannot say: it depends on the day in Paris, or on several members at once."""
    answer_rule: Callable[[Any, Any], Contradiction | None] = lambda _data, _params: None
    """From the data and the parameters: whether the answer is to another question than the one asked."""
    params_note: str | None = None
    """French: what ``params_rule`` demands that no single parameter shows."""
    no_record_detail: str | None = None
    """What an agent should know when the source has no file, where there is more to say than that."""
    not_concerned_detail: str | None = None
    """What an agent reads when the source knows the person, and the question does not concern them."""
    notes: tuple[str, ...] = ()
    """French: what an integrator, and an agent, should know of the answers of this check."""
    provider_of: Callable[[Any], str | None] = lambda _data: None
    """Reads the provider from the data, where it is there."""
    example_params: Mapping[str, JsonValue] = field(default_factory=dict)
    """Parameters of the documented example, which is asked with the first endpoint's call."""

    @property
    def api_version(self) -> int:
        """The version asked unless a job pins another."""
        return self.endpoints[0].api_version

    @property
    def api_versions(self) -> tuple[int, ...]:
        """Every version that the connector asks, the frozen one first."""
        return tuple(dict.fromkeys(endpoint.api_version for endpoint in self.endpoints))

    def of_version(self, api_version: int) -> tuple[Endpoint, ...]:
        """Return the calls of one version, none where it is not served."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.api_version == api_version)

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that opens something of this check, in the order of its blocks."""
        of_blocks = (scope for endpoint in self.endpoints for _path, scope in scoped_members(endpoint.data))
        return tuple(dict.fromkeys((*of_blocks, *self.other_scopes)))


def scoped_members(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each member of a data model that a scope opens, as a dotted path, with the scope."""
    for name, member in model.model_fields.items():
        path = f"{prefix}{name}"
        scope = next((entry.name for entry in member.metadata if isinstance(entry, Scope)), None)
        if scope is not None:
            yield path, scope
        for inner in models_within(member.annotation):
            yield from scoped_members(inner, f"{path}.")


def models_within(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation mentions: ``Model | None``, ``tuple[Model, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_within(argument)


CALL_SUFFIXES: Final[Mapping[Call, str]] = {
    Call.IDENTITE: "with_civility",
    Call.FRANCE_CONNECT: "with_france_connect",
    Call.INE: "with_ine",
    Call.IDENTIFIANT: "with_identifiant",
}
"""How API Particulier names its calls in an ``x-operationId``."""


def particulier_endpoint(
    call: Call,
    path: str,
    operation: str,
    data: type[DataModel],
    params: type[RequestModel],
    **others: Any,
) -> Endpoint:
    """Return an endpoint of API Particulier 3 or later: ``path`` and ``operation`` without the call's name."""
    return Endpoint(
        call=call,
        api_version=int(path.removeprefix("/v").split("/")[0]),
        path=f"{path}/{call}",
        operation=f"{operation}_{CALL_SUFFIXES[call]}",
        params=params,
        data=data,
        **others,
    )
