"""Who is concerned by a provider that is down is named once, until it answers."""

from connector.telemetry.affected_tenants import MOST_NAMED, AffectedTenants


def test_each_tenant_is_named_once_until_the_provider_answers() -> None:
    affected_tenants = AffectedTenants()
    for provider, tenant in (("a", "1"), ("a", "2"), ("b", "3"), ("a", "1")):
        affected_tenants.note(provider, tenant)
    assert affected_tenants.tell_new("a") == ["1", "2"]
    affected_tenants.note("a", "4")
    affected_tenants.note("a", "1")
    assert affected_tenants.tell_new("a") == ["4"]
    assert affected_tenants.tell_new("a") == []
    affected_tenants.forget("a")
    affected_tenants.forget("a")
    assert (affected_tenants.tell_new("a"), affected_tenants.tell_new("b")) == ([], ["3"])


def test_another_outage_names_all_of_them_again() -> None:
    affected_tenants = AffectedTenants()
    for tenant in ("1", "2"):
        affected_tenants.note("a", tenant)
        affected_tenants.tell_new("a")
    assert affected_tenants.tell_all("a") == ["1", "2"]
    assert affected_tenants.tell_new("a") == []


def test_so_many_are_named_and_no_more() -> None:
    affected_tenants = AffectedTenants()
    for number in range(100):
        affected_tenants.note("a", str(number))
    assert len(affected_tenants.tell_new("a")) == MOST_NAMED
    affected_tenants.note("a", "another")
    assert affected_tenants.tell_new("a") == []
