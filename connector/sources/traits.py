"""What each code of a check implies, in one table: its French wording, and what the connector does about it.

A new code is one row here. Everything that follows from a code is read from its row: whether it is retried, counted as a
refusal, told to a provider's breaker, told to the operator, and what an agent reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Any, Final

from schemas.codes import CheckCode, CheckStatus


class Signal(Enum):
    """What a call's end says of the provider behind the API."""

    UP = auto()
    DOWN = auto()
    NOTHING = auto()
    """The platform refused before the provider was asked, or the deadline cut the call short."""


class Refusal(Enum):
    """What the platform refused when it refused a call, which its firewall counts against the address."""

    TOKEN = auto()
    """What authenticates a tenant's calls, whatever is asked: counted against the tenant."""
    SCOPE = auto()
    """A scope that the token lacks: counted against that check of the tenant."""
    QUOTA = auto()
    """A call beyond the quota: counted against the tenant, and its checks wait."""
    PERSON = auto()
    """The person's FranceConnect token: counted against the address alone."""


class Alert(StrEnum):
    """Whom an outcome concerns beyond the vendor who asked; the operator is told once a day."""

    TOKEN = "token"  # noqa: S105 - a word, not a secret
    """The tenant's token, or what else authenticates its calls."""
    DELEGATION = "delegation"
    """The delegations by which a tenant lets a vendor's token act for it."""
    RECORD = "record"
    """The tenant's own record in the registry: its SIRET is refused."""
    REQUEST = "request"
    """The connector itself: its request is refused as wrong. The maintainers are to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One row of the table."""

    title: str
    """French, a few words."""
    detail: str
    """French: what is so, and what to do next."""
    status: CheckStatus = CheckStatus.ERROR
    says: Signal = Signal.NOTHING
    is_retryable: bool = False
    """The same question may succeed later."""
    is_retried: bool = False
    """The connector itself asks again, before it says so."""
    least_wait_seconds: float = 0.0
    """To wait at the least before asking again, where the source does not say."""
    tells_its_end: bool = False
    """A wait that comes with it is the provider's announcement of when it will be back."""
    is_of_a_window: bool = False
    """A provider's regular maintenance explains it, where the source does not say how long it lasts."""
    refuses: Refusal | None = None
    alerts: Alert | None = None


def _failure(title: str, detail: str, **others: Any) -> Traits:
    """Return the traits of a provider's failure: it opens the provider's breaker, and passes."""
    return Traits(title=title, detail=detail, says=Signal.DOWN, is_retryable=True, is_retried=True, **others)


def _answer(status: CheckStatus, title: str, detail: str) -> Traits:
    """Return the traits of an answer about the person, which the provider itself has given."""
    return Traits(status=status, title=title, detail=detail, says=Signal.UP)


def _refused_token(title: str, detail: str) -> Traits:
    return Traits(title=title, detail=detail, refuses=Refusal.TOKEN, alerts=Alert.TOKEN)


TRAITS: Final[Mapping[CheckCode, Traits]] = MappingProxyType(
    {
        CheckCode.NO_RECORD: _answer(
            CheckStatus.NOT_FOUND,
            "Aucun dossier",
            "L'organisme qui détient la donnée n'a pas de dossier pour cette personne, ou ne reconnaît pas son identité. "
            "Vérifier ce qui a été saisi sur une pièce d'identité, puis redemander.",
        ),
        CheckCode.NOT_CONCERNED: _answer(
            CheckStatus.NOT_FOUND,
            "Personne non concernée",
            "L'organisme connaît cette personne, et cette question ne la concerne pas. Il n'y a rien à corriger.",
        ),
        CheckCode.IDENTITY_UNMATCHED: _answer(
            CheckStatus.NOT_IDENTIFIED,
            "Personne non identifiée",
            "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le "
            "lieu de naissance sur une pièce d'identité, puis redemander.",
        ),
        CheckCode.IDENTITY_AMBIGUOUS: _answer(
            CheckStatus.NOT_IDENTIFIED,
            "Plusieurs personnes correspondent",
            "Plusieurs personnes correspondent à cette identité. Ajouter tous les prénoms et la date de naissance complète, "
            "puis redemander.",
        ),
        CheckCode.UNKNOWN_CHECK: Traits(
            title="Vérification inconnue",
            detail="Cette vérification n'existe pas dans le catalogue du connecteur. Prévenir l'éditeur du logiciel.",
        ),
        CheckCode.FORBIDDEN_CHECK: Traits(
            title="Vérification non autorisée",
            detail=(
                "L'habilitation de ce logiciel ne permet pas cette vérification. Demander au CCAS et à l'éditeur du "
                "logiciel de l'étendre."
            ),
        ),
        CheckCode.MISSING_PARAMETER: Traits(
            title="Paramètre manquant",
            detail="Il manque une information que la source exige. La compléter, puis redemander.",
        ),
        CheckCode.INVALID_PARAMETER: Traits(
            title="Paramètre invalide",
            detail="Une information n'est pas acceptée par la source. La corriger, puis redemander.",
        ),
        CheckCode.TOKEN_MISSING: Traits(
            title="Jeton absent",
            detail=(
                "Aucun jeton d'accès n'est enregistré pour ce CCAS. Demander à l'hébergeur du connecteur de l'enregistrer."
            ),
        ),
        CheckCode.TOKEN_INVALID: _refused_token(
            "Jeton invalide",
            "Le jeton d'accès de ce CCAS n'est pas reconnu. Demander à l'hébergeur du connecteur de le vérifier.",
        ),
        CheckCode.TOKEN_EXPIRED: _refused_token(
            "Jeton expiré",
            "Le jeton d'accès de ce CCAS a expiré. Le CCAS doit renouveler son habilitation sur DataPass.",
        ),
        CheckCode.TOKEN_REVOKED: _refused_token(
            "Jeton révoqué",
            "Le jeton d'accès de ce CCAS a été révoqué. Le CCAS doit en demander un nouveau sur DataPass.",
        ),
        CheckCode.INSUFFICIENT_SCOPE: Traits(
            title="Privilèges insuffisants",
            detail=(
                "L'habilitation de ce CCAS ne couvre pas cette donnée. Demander l'extension de l'habilitation sur DataPass."
            ),
            refuses=Refusal.SCOPE,
        ),
        CheckCode.DELEGATION_MISSING: Traits(
            title="Délégation absente",
            detail=(
                "Ce CCAS n'a pas délégué son habilitation à l'éditeur du logiciel, ou l'a retirée. Le CCAS doit donner "
                "cette délégation sur l'espace de l'API, puis redemander."
            ),
            refuses=Refusal.TOKEN,
            alerts=Alert.DELEGATION,
        ),
        CheckCode.DELEGATION_AMBIGUOUS: Traits(
            title="Plusieurs délégations possibles",
            detail=(
                "Ce CCAS a donné plusieurs délégations à l'éditeur du logiciel, et rien ne dit laquelle employer. "
                "Le CCAS doit n'en garder qu'une, sur l'espace de l'API, puis redemander."
            ),
            alerts=Alert.DELEGATION,
        ),
        CheckCode.IP_FORBIDDEN: _refused_token(
            "Adresse refusée",
            "L'API refuse l'adresse du connecteur. L'hébergeur du connecteur doit prendre contact avec l'API.",
        ),
        CheckCode.RATE_LIMITED: Traits(
            title="Trop de demandes",
            detail="Le quota de ce CCAS est atteint. Redemander plus tard.",
            is_retryable=True,
            is_retried=True,
            # A window of a quota is a second at the least.
            least_wait_seconds=1.0,
            refuses=Refusal.QUOTA,
        ),
        CheckCode.PROVIDER_UNAVAILABLE: _failure(
            "Organisme indisponible",
            "L'organisme qui détient la donnée ne répond pas pour le moment. Redemander plus tard.",
            is_of_a_window=True,
        ),
        CheckCode.PROVIDER_TIMEOUT: _failure(
            "Délai dépassé",
            "L'organisme qui détient la donnée n'a pas répondu à temps. Redemander plus tard.",
        ),
        CheckCode.PROVIDER_MAINTENANCE: _failure(
            "Organisme en maintenance",
            "L'organisme qui détient la donnée est en maintenance. Redemander une fois celle-ci terminée.",
            tells_its_end=True,
            is_of_a_window=True,
        ),
        CheckCode.PROVIDER_RATE_LIMITED: _failure(
            "Organisme saturé",
            "L'organisme qui détient la donnée refuse de nouvelles demandes pour le moment. Redemander plus tard.",
            tells_its_end=True,
            least_wait_seconds=1.0,
        ),
        CheckCode.PROVIDER_CONFLICT: Traits(
            title="Demande déjà en cours",
            detail="La même demande est déjà en cours de traitement à la source. Redemander dans quelques minutes.",
            is_retryable=True,
            is_retried=True,
            # The first call must have ended, or the second is refused like it.
            least_wait_seconds=5.0,
        ),
        CheckCode.NETWORK_ERROR: _failure(
            "Erreur de réseau", "La source n'a pas pu être jointe. Redemander plus tard."
        ),
        CheckCode.UPSTREAM_ERROR: _failure(
            "Erreur de la source", "La source a répondu par une erreur. Redemander plus tard."
        ),
        CheckCode.UNEXPECTED_RESPONSE: Traits(
            title="Réponse inattendue",
            detail=(
                "La réponse de la source n'est pas celle que le connecteur attend. L'hébergeur du connecteur en est averti."
            ),
        ),
        CheckCode.SOURCE_WITHDRAWN: Traits(
            title="Source retirée",
            detail="Cette source n'est plus servie. Demander le justificatif à la personne.",
        ),
        CheckCode.FRANCE_CONNECT_INVALID: Traits(
            title="Session FranceConnect invalide",
            detail="La session FranceConnect de l'usager n'est plus valide. L'usager doit s'identifier de nouveau.",
            refuses=Refusal.PERSON,
        ),
        CheckCode.EXPIRED: Traits(
            title="Demande expirée",
            detail="La réponse n'a pas pu être obtenue avant l'échéance de la demande. Redemander.",
            is_retryable=True,
        ),
    },
)


def traits_of(code: CheckCode) -> Traits:
    """Return what a code implies."""
    return TRAITS[code]


def refusal_of(code: CheckCode | None) -> Refusal | None:
    """Return what the platform refused with an answer; None for data, and where it refused nothing."""
    return None if code is None else TRAITS[code].refuses


def signal_of(code: CheckCode | None) -> Signal:
    """Return what an answer says of its provider; None is the code of data."""
    return Signal.UP if code is None else TRAITS[code].says


def is_retryable(code: CheckCode) -> bool:
    """Tell whether the same question may succeed later."""
    return TRAITS[code].is_retryable
