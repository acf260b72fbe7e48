"""One token, checked: against the grants of its tenant's vendors, with a call only where it may serve."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.jobs.records import SecretField, Tenant, Vendor
from connector.sources.introspection import Accepted, Introspection, Refused, Undecided
from connector.tokens.check import TokenReport, TokenState, check_token
from connector.vault import VaultError
from schemas.codes import CheckCode
from tests.tokens import jwt

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=300)
SONATE = frozenset({"dgfip_avis_imposition", "cnaf_quotient_familial"})
VENDORS = {
    "sonate-opus": Vendor(name="sonate-opus", product="S", publisher="A", preset="sonate-opus"),
    "own": Vendor(
        name="own", product="O", publisher="O", preset="sonate-opus", extra_scopes=("prime_activite",)
    ),
}
TENANT = Tenant(
    siret="26920023600017",
    name="C",
    vendors=frozenset({"sonate-opus"}),
    sealed_token="sealed",
    token_set_at=NOW,
    token_expires_at=LATER,
)


class Api:
    """Says one thing of every token, and keeps what it was asked about."""

    def __init__(self, says: Introspection) -> None:
        self._says = says
        self.asked: list[str] = []

    async def ask(self, token: str) -> Introspection:
        """Answer."""
        self.asked.append(token)
        return self._says


async def _check(tenant: Tenant, api: Api, holds: str = "in force") -> TokenReport:
    return await check_token(tenant, VENDORS, lambda _siret, _held_as, _sealed: holds, api.ask, NOW)


async def test_a_token_with_what_the_grants_need_needs_no_hand() -> None:
    api = Api(Accepted(SONATE))
    report = await _check(TENANT, api)
    assert report == TokenReport(tenant=TENANT, state=TokenState.ACCEPTED)
    assert not report.needs_a_hand(NOW)
    assert api.asked == ["in force"]


async def test_scopes_are_told_that_are_missing_or_superfluous() -> None:
    tenant = replace(TENANT, vendors=frozenset({"sonate-opus", "own", "gone"}))
    report = await _check(tenant, Api(Accepted(frozenset({"cnaf_quotient_familial", "z", "y"}))))
    assert report.missing == ("dgfip_avis_imposition", "prime_activite")
    assert report.superfluous == ("y", "z")
    assert report.needs_a_hand(NOW)


async def test_a_scope_beyond_the_grants_needs_no_hand() -> None:
    report = await _check(TENANT, Api(Accepted(SONATE | {"z"})))
    assert (report.superfluous, report.needs_a_hand(NOW)) == (("z",), False)


@pytest.mark.parametrize(("days", "needs"), [(61, False), (60, True), (1, True)])
async def test_a_token_that_expires_soon_needs_a_hand(days: int, needs: bool) -> None:  # noqa: FBT001 - a parameter
    expiring = replace(TENANT, token_expires_at=NOW + timedelta(days=days))
    assert (await _check(expiring, Api(Accepted(SONATE)))).needs_a_hand(NOW) is needs


@pytest.mark.parametrize(
    ("says", "state"),
    [
        (Refused(CheckCode.TOKEN_REVOKED), TokenState.REFUSED),
        (Undecided(CheckCode.NETWORK_ERROR), TokenState.UNDECIDED),
    ],
)
async def test_what_the_api_does_not_take_needs_a_hand(says: Refused | Undecided, state: TokenState) -> None:
    report = await _check(TENANT, Api(says))
    assert (report.state, report.code, report.needs_a_hand(NOW)) == (state, says.code, True)


async def test_an_expiry_that_is_not_stored_is_read_from_the_token() -> None:
    tenant = replace(TENANT, token_expires_at=None)
    assert (
        await _check(tenant, Api(Accepted(SONATE)), jwt(expires_at=LATER))
    ).tenant.token_expires_at == LATER
    assert (await _check(tenant, Api(Accepted(SONATE)), "no jwt")).tenant.token_expires_at is None


async def test_nothing_is_asked_where_the_answer_is_known() -> None:
    api = Api(Accepted(SONATE))
    expired = NOW - timedelta(days=1)
    reports = [
        await _check(replace(TENANT, sealed_token=None, token_expires_at=None), api),
        await _check(replace(TENANT, token_expires_at=expired), api),
        await _check(replace(TENANT, token_expires_at=None), api, jwt(expires_at=expired)),
    ]
    assert [report.state for report in reports] == [
        TokenState.MISSING,
        TokenState.EXPIRED,
        TokenState.EXPIRED,
    ]
    assert all(report.needs_a_hand(NOW) for report in reports)
    assert api.asked == []


async def test_a_token_that_no_key_opens_is_unreadable() -> None:
    def opened(_siret: str, _held_as: SecretField, _sealed: str) -> str:
        raise VaultError("no key")

    api = Api(Accepted(SONATE))
    report = await check_token(TENANT, VENDORS, opened, api.ask, NOW)
    assert (report.state, report.needs_a_hand(NOW), api.asked) == (TokenState.UNREADABLE, True, [])
