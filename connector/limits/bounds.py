"""Which quotas a call counts against: its tenant's token's, by group of endpoints, and the egress address's."""

from dataclasses import dataclass, field
from typing import Final

from connector.catalogue.definition import Source
from connector.checks.plan import PlannedCall
from connector.jobs.rate import Quota, Rate, read_quota
from connector.jobs.records import Tenant
from connector.limits.limiter import Bound
from schemas.codes import Call

OF_THE_ADDRESS: Final = frozenset({Source.API_PARTICULIER, Source.API_PARTICULIER_V2})
"""Sources behind the firewall that counts an address's calls."""
EGRESS: Final = "egress"
OF_A_SECOND: Final = 1 / 15
"""What part of that in a second: hundreds of calls at once would keep a worker from what others have published meanwhile."""
OF_A_VENDOR: Final = 0.75
"""What part of the address's quota one vendor's interactive calls may use, where there are several vendors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The quotas of a host; tenants may have their own."""

    token: Quota = ()
    egress: Quota = ()
    france_connect: Quota = ()
    """Of the calls with FranceConnect's tokens that one vendor sends for one tenant."""
    _read: dict[str, Quota] = field(default_factory=dict, repr=False, compare=False)

    def bounds(self, planned: PlannedCall, tenant: Tenant, vendor: str | None = None) -> tuple[Bound, ...]:
        """Return what a call of a tenant's counts against; none where no quota is set.

        ``vendor`` is the one who may use a part of the address's quota alone, where that is to leave some to others.
        A call with FranceConnect's token counts against the address alone, once ``of_france_connect`` has let it through: that
        token is the person's, not the tenant's.
        """
        bounds: list[Bound] = []
        if not is_of_the_person(planned):
            token = self._of(tenant, str(planned.definition.quota_group))
            if token:
                bounds.append(Bound(token_key(planned, tenant), token))
        if planned.endpoint.source in OF_THE_ADDRESS:
            bounds += self.of_the_address()
            if self.egress and vendor is not None:
                bounds.append(Bound(f"{EGRESS}/{vendor}", _part_of(self.egress)))
        return tuple(bounds)

    def of_france_connect(self, vendor: str, tenant: Tenant) -> tuple[Bound, ...]:
        """Return what a call with FranceConnect's token counts against besides the address: no token of the tenant's bounds it."""
        key = f"france_connect/{tenant.siret}/{vendor}"
        return (Bound(key, self.france_connect),) if self.france_connect else ()

    def of_the_address(self) -> tuple[Bound, ...]:
        """Return what a call without a token counts against."""
        return (Bound(EGRESS, self.egress),) if self.egress else ()

    def _of(self, tenant: Tenant, group: str) -> Quota:
        text = tenant.quotas.get(group)
        if text is None:
            return self.token
        quota = self._read.get(text)
        if quota is None:
            try:
                quota = read_quota(text)
            except ValueError:
                # Written by another version: the general quota is the safe one.
                quota = self.token
            self._read[text] = quota
        return quota


def _part_of(quota: Quota) -> Quota:
    """Return what one vendor may use of the address's quota, and of that in a second."""
    part = tuple(Rate(max(1, int(OF_A_VENDOR * rate.calls)), rate.period_seconds) for rate in quota)
    least = min(rate.calls for rate in part)
    return (*part, Rate(max(1, int(OF_A_SECOND * least)), 1.0))


def token_key(planned: PlannedCall, tenant: Tenant) -> str:
    """Return the name of the quota of a call's token: the tenant's, by group of endpoints, or a person's, which has none."""
    group = "france_connect" if is_of_the_person(planned) else planned.definition.quota_group
    return f"token/{tenant.siret}/{group}"


def is_of_the_person(planned: PlannedCall) -> bool:
    """Tell whether a call is made with the person's FranceConnect token rather than a secret of the tenant's."""
    return planned.endpoint.call is Call.FRANCE_CONNECT
