"""The catalogue: one definition per check, from which planning, decoding and the sandbox's routes follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from connector.defects import Defect, invalid
from connector.identity import Query, dss_identity
from schemas.base import DataModel, RequestModel
from schemas.checks.quotient_familial import QuotientFamilialData, QuotientFamilialParams
from schemas.checks.revenu_solidarite_active import RevenuSolidariteActiveData, RevenuSolidariteActiveParams
from schemas.identity import Identity

DataT = TypeVar("DataT", bound=DataModel)


class Answer(DataModel, Generic[DataT]):
    """A successful answer of API Particulier; its ``links`` and ``meta`` are not of the contract."""

    data: DataT


def _no_rule(_params: Any, _today: date) -> Defect | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition:
    """One check of the catalogue, called with ``identite``."""

    name: str
    path: str
    """Path of the endpoint, without the name of the call."""
    operation: str
    """API Particulier's ``x-operationId``, without the name of the call."""
    api_version: int
    provider: str
    """Who holds the data, where the answer does not say."""
    scopes: tuple[str, ...]
    """Any one of them opens the endpoint; each opens its blocks of the data."""
    params: type[RequestModel]
    params_rule: Callable[[Any, date], Defect | None] = _no_rule
    """What the parameters' model cannot say, since it depends on the day."""
    params_names: tuple[tuple[str, str], ...] = ()
    """Each parameter, and the API's name of it."""
    identity_query: Callable[[Identity, date], Query | Defect] = dss_identity
    answer: type[Answer[Any]]
    no_record_detail: str | None = None
    """What an agent should know when the source has no file, where there is more to say than that."""
    provider_of: Callable[[Any], str | None] = lambda _data: None
    """Reads the provider from the data, where it is there."""

    def params_query(self, params: RequestModel) -> Query:
        """Return the check's own parameters as the API names them."""
        return tuple(
            (api_name, str(value))
            for name, api_name in self.params_names
            if (value := getattr(params, name)) is not None
        )

    @property
    def endpoint(self) -> str:
        """Path of the call ``identite``."""
        return f"{self.path}/identite"

    @property
    def blocks(self) -> tuple[str, ...]:
        """Top-level members of the data, each of which a scope may withhold."""
        return tuple(self.answer.model_fields["data"].annotation.model_fields)  # type: ignore[union-attr]


def _quotient_not_in_future(params: QuotientFamilialParams, today: date) -> Defect | None:
    """Refuse a month to come, as the API does, which completes an absent year or month with the current one."""
    annee, mois = params.annee or today.year, params.mois or today.month
    if (annee, mois) <= (today.year, today.month):
        return None
    return invalid(
        "annee" if annee > today.year else "mois",
        "Le quotient familial n'existe pas encore pour un mois à venir.",
    )


def _quotient_provider(data: QuotientFamilialData) -> str | None:
    return data.quotient_familial.fournisseur if data.quotient_familial else None


CATALOGUE: Final[Mapping[str, CheckDefinition]] = MappingProxyType(
    {
        definition.name: definition
        for definition in (
            CheckDefinition(
                name="quotient_familial",
                path="/v3/dss/quotient_familial",
                operation="api_particulier_v3_cnav_quotient_familial",
                api_version=3,
                provider="CNAV",
                scopes=("cnaf_quotient_familial", "cnaf_allocataires", "cnaf_enfants", "cnaf_adresse"),
                params=QuotientFamilialParams,
                params_rule=_quotient_not_in_future,
                params_names=(("annee", "annee"), ("mois", "mois")),
                answer=Answer[QuotientFamilialData],
                no_record_detail=(
                    "La CAF et la MSA n'ont pas de quotient familial pour cette personne à ce mois. En début de "
                    "mois, la CAF ne le publie qu'après le premier week-end : redemander ensuite, ou demander "
                    "un mois antérieur."
                ),
                provider_of=_quotient_provider,
            ),
            CheckDefinition(
                name="revenu_solidarite_active",
                path="/v3/dss/revenu_solidarite_active",
                operation="api_particulier_v3_cnav_revenu_solidarite_active",
                api_version=3,
                provider="CNAV",
                scopes=("revenu_solidarite_active", "revenu_solidarite_active_majoration"),
                params=RevenuSolidariteActiveParams,
                answer=Answer[RevenuSolidariteActiveData],
                no_record_detail=(
                    "Aucun dossier n'a été trouvé. Un nouveau droit peut mettre 30 jours à apparaître, et un "
                    "dossier peut sembler absent quand une caisse ne répond pas : en cas de doute, redemander."
                ),
            ),
        )
    },
)
