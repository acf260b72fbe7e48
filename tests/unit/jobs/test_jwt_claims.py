"""The expiry is read from the token itself; what is no JWT is refused in one sentence that shows nothing of it."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.jobs.jwt_claims import NotAJwtError, expiry_of
from connector.sandbox.tokens import SandboxToken, issue_token
from tests.tokens import jwt, part

LATER = datetime(2028, 5, 23, 9, 0, tzinfo=UTC)
HEADER, PAYLOAD = part({"alg": "HS256"}), part({"exp": 1})


def test_the_expiry_is_the_claim_exp() -> None:
    assert expiry_of(jwt(expires_at=LATER)) == LATER


def test_a_token_of_the_sandbox_says_when_it_expires() -> None:
    assert expiry_of(issue_token(SandboxToken(name="é", scopes=frozenset(), expires_at=LATER))) == LATER


def test_a_fraction_of_a_second_is_dropped() -> None:
    assert expiry_of(jwt(exp=LATER.timestamp() + 0.7)) == LATER


def test_a_token_that_has_expired_is_still_read() -> None:
    assert expiry_of(jwt(expires_at=LATER - timedelta(days=3650))) == LATER - timedelta(days=3650)


def test_a_token_without_an_expiry_has_none() -> None:
    assert expiry_of(jwt()) is None
    assert expiry_of(jwt(exp=None)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sesame",
        "5f3b1c0e-7c0a-4d0e-9d1f-0f6a3c1b2a90",
        "eyJ.sesame.token",
        f"{HEADER}.{PAYLOAD}",
        f"{HEADER}.{PAYLOAD}.",
        f".{PAYLOAD}.sesame",
        f"{HEADER}..sesame",
        f"{HEADER}.{PAYLOAD}.sesame.sesame",
        f"{HEADER}.{PAYLOAD}.sesame.a.b",
        f"{HEADER}.{PAYLOAD}=.sesame",
        f"{HEADER}.{PAYLOAD}.sesame\n",
        f"{HEADER}.{PAYLOAD}.ses ame",
        f"{HEADER}.{PAYLOAD}.sésame",
        f"{HEADER}.A.sesame",
        f"{HEADER}.{part(b'[]')}.sesame",
        f"{HEADER}.{part(b'5')}.sesame",
        f"{HEADER}.{part(b'{')}.sesame",
        f"{HEADER}.{part(bytes([255]))}.sesame",
        f"{HEADER}.{part(b'[' * 100_000)}.sesame",
        f"{part(b'no')}.{PAYLOAD}.sesame",
        jwt(exp="2028-05-23"),
        jwt(exp=True),
        jwt(exp=[1]),
        jwt(exp=1e300),
        jwt(exp=10**400),
        jwt(exp=float("inf")),
        jwt(exp=float("nan")),
    ],
)
def test_what_is_no_jwt_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(NotAJwtError) as caught:
        expiry_of(text)
    message = str(caught.value)
    assert "a JWT is expected" in message
    assert "sesame" not in message
    assert "\n" not in message
