"""How a check is asked: once, or in several variants of the identity, and which answer then stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connector.catalogue.definition import Endpoint, Source
from connector.catalogue.identity import NAMES, IdentityProfile, Query, identity_query
from connector.checks.variants import NARROWING, NORMALISED, variants
from schemas.base import RequestModel
from schemas.codes import CheckCode, CheckStatus
from schemas.identity import Identity
from schemas.reply import CheckReply
from schemas.request import VerificationRequest

_IDENTIFIED: Final = (CheckStatus.FOUND, CheckStatus.NOT_FOUND)
_INCOMPLETE: Final = "Toutes les variantes de l'identité n'ont pas pu être essayées : redemander plus tard peut donner une réponse."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of asking."""

    query: Query = field(repr=False)
    variant: str | None = None
    """How the identity asked differs from the one given, where it does."""
    narrows: bool = False
    """It says more of the person than the one before, so that it may tell several people apart."""


class PersonQueries:
    """Works out the ways of asking for a job's person, once for each form that an endpoint takes an identity in.

    A job may hold twenty checks of one form, and twenty first names, whose variants cost more than all else in a plan.
    """

    def __init__(self, job: VerificationRequest) -> None:
        self._job = job
        self._of: dict[IdentityProfile, tuple[Attempt, ...]] = {}

    def of(self, profile: IdentityProfile, identity: Identity) -> tuple[Attempt, ...]:
        """Return the query as given, then those of its variants where the job asks for them."""
        if profile not in self._of:
            self._of[profile] = tuple(self._worked_out(profile, identity))
        return self._of[profile]

    def _worked_out(self, profile: IdentityProfile, identity: Identity) -> Iterator[Attempt]:
        person = identity_query(profile, identity)
        change = NORMALISED if _is_normalised(identity, person) else None
        yield Attempt(person, change)
        if self._job.identity_variants:
            for name, query in variants(person, profile.most_prenoms):
                yield Attempt(query, f"{change}+{name}" if change else name, name in NARROWING)


def attempts_of(
    job: VerificationRequest, endpoint: Endpoint, params: RequestModel, persons: PersonQueries
) -> tuple[Attempt, ...]:
    """Return the ways in which a call may be asked, at least one, in the order in which they are tried."""
    before = (("recipient", job.tenant),) if endpoint.source is Source.API_PARTICULIER else ()
    after = tuple(_params_query(params))
    if endpoint.identity is None or job.identity is None:
        return (Attempt(before + after),)
    return tuple(
        Attempt(before + person.query + after, person.variant, person.narrows)
        for person in persons.of(endpoint.identity, job.identity)
    )


def _params_query(params: RequestModel) -> Iterator[tuple[str, str]]:
    for name, value in params.model_dump(by_alias=True, exclude_none=True).items():
        for item in value if isinstance(value, tuple) else (value,):
            yield name, str(item)


def _is_normalised(identity: Identity, person: Query) -> bool:
    """Tell whether a name is sent otherwise than it was given."""
    given = {identity.nom_naissance, identity.nom_usage, *(identity.prenoms or ())}
    return any(name in NAMES and value not in given for name, value in person)


def is_worth_asking(attempt: Attempt, answers: Sequence[CheckReply]) -> bool:
    """Tell whether a variant may identify the person, after these answers to the attempts before it.

    Where several people match, one that says less would only pick one of them. A variant that failed for a time
    does not end the search.
    """
    if not answers:
        return True
    if answers[0].status is not CheckStatus.NOT_IDENTIFIED or answers[-1].status in _IDENTIFIED:
        return False
    if any(_is_error(answer) and not _may_pass(answer) for answer in answers):
        return False
    is_ambiguous = any(_code(answer) is CheckCode.IDENTITY_AMBIGUOUS for answer in answers)
    return attempt.narrows or not is_ambiguous


def choose(answers: Sequence[CheckReply], calls: int) -> CheckReply:
    """Return the answer of a check whose attempts, in order, were given these, in so many ``calls`` altogether.

    A variant's answer counts when it identifies the person; else the answer to the identity as it was given
    stands, and says so where a variant could not be asked.
    """
    first, last = answers[0], answers[-1]
    chosen = last if last.status in _IDENTIFIED else first
    if chosen.source is None or calls == chosen.source.attempts == len(answers):
        return chosen
    changed: dict[str, Any] = {"source": chosen.source.model_copy(update={"attempts": calls})}
    if chosen is first and len(answers) > 1 and first.reason and any(map(_is_error, answers)):
        detail = f"{first.reason.detail} {_INCOMPLETE}"
        changed["reason"] = first.reason.model_copy(update={"detail": detail, "retryable": True})
    return chosen.model_copy(update=changed)


def _is_error(answer: CheckReply) -> bool:
    return answer.status is CheckStatus.ERROR


def _code(answer: CheckReply) -> CheckCode | None:
    return answer.reason.code if answer.reason else None


def _may_pass(answer: CheckReply) -> bool:
    return answer.reason is not None and answer.reason.retryable
