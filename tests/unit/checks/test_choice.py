"""Which variants of an identity are worth asking, and which answer stands."""

import pytest

from connector.catalogue.variants import Variant
from connector.checks.advance import choose, is_worth_asking
from connector.checks.reasons import reason
from schemas.codes import CheckCode, CheckStatus
from schemas.reply import CheckReply, Source

NOBODY, FOUND, ABSENT, FAILED = (
    CheckStatus.NOT_IDENTIFIED,
    CheckStatus.FOUND,
    CheckStatus.NOT_FOUND,
    CheckStatus.ERROR,
)
CODES = {
    NOBODY: CheckCode.IDENTITY_UNMATCHED,
    ABSENT: CheckCode.NO_RECORD,
    FAILED: CheckCode.PROVIDER_UNAVAILABLE,
}
PLAIN, NARROWING = Variant((), "first_prenom"), Variant((), "all_prenoms", narrows=True)


def answer(status: CheckStatus, variant: str | None = None, code: CheckCode | None = None) -> CheckReply:
    source = Source(
        api="api_particulier",
        api_version=3,
        endpoint="/v3/dss/quotient_familial/identite",
        provider="CNAV",
        variant=variant,
        http_status=200,
        attempts=1,
        duration_ms=12,
        cached=False,
    )
    why = reason(code or CODES[status]) if status is not FOUND else None
    return CheckReply(id="qf", check="quotient_familial", status=status, reason=why, source=source)


@pytest.mark.parametrize(
    ("statuses", "chosen"),
    [
        ([FOUND], 0),
        ([NOBODY], 0),
        ([FAILED], 0),
        ([NOBODY, FOUND], 1),
        ([NOBODY, NOBODY, ABSENT], 2),
        ([NOBODY, NOBODY, NOBODY], 0),
        ([NOBODY, FAILED], 0),
        ([NOBODY, NOBODY, FAILED], 0),
        ([NOBODY, FAILED, FOUND], 2),
    ],
)
def test_the_variant_that_identifies_the_person_answers_else_the_identity_as_given(
    statuses: list[CheckStatus], chosen: int
) -> None:
    answers = [answer(status, f"variant-{place}") for place, status in enumerate(statuses)]
    reply = choose(answers, len(answers))
    assert reply.status is statuses[chosen]
    assert reply.source
    assert reply.source.variant == f"variant-{chosen}"
    assert reply.source.attempts == len(statuses)


def test_where_a_variant_could_not_be_asked_the_answer_says_so_and_may_be_asked_again() -> None:
    whole = choose([answer(NOBODY), answer(NOBODY)], 2)
    incomplete = choose([answer(NOBODY), answer(FAILED)], 2)
    assert whole.reason
    assert incomplete.reason
    assert not whole.reason.retryable
    assert incomplete.reason.retryable
    assert incomplete.reason.detail.startswith(whole.reason.detail)
    assert "variantes" in incomplete.reason.detail


AMBIGUOUS = answer(NOBODY, code=CheckCode.IDENTITY_AMBIGUOUS)
REFUSED = answer(FAILED, code=CheckCode.TOKEN_EXPIRED)


@pytest.mark.parametrize(
    ("variant", "answers", "expected"),
    [
        (PLAIN, [], True),
        (PLAIN, [answer(NOBODY)], True),
        (PLAIN, [answer(FOUND)], False),
        (PLAIN, [answer(ABSENT)], False),
        (PLAIN, [answer(FAILED)], False),
        (PLAIN, [answer(NOBODY), answer(FAILED)], True),
        (PLAIN, [answer(NOBODY), REFUSED], False),
        (PLAIN, [answer(NOBODY), answer(FOUND)], False),
        (PLAIN, [AMBIGUOUS], False),
        (NARROWING, [AMBIGUOUS], True),
        (PLAIN, [answer(NOBODY), AMBIGUOUS], False),
    ],
)
def test_a_variant_is_asked_while_it_may_identify_the_person(
    variant: Variant, answers: list[CheckReply], *, expected: bool
) -> None:
    assert is_worth_asking(variant, answers) is expected
