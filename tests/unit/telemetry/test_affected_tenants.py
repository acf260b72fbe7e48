"""Who is concerned by a provider that is down is named once, until it answers."""

from connector.telemetry.affected_tenants import MOST_NAMED, AffectedTenants


def test_each_tenant_is_named_once_until_the_provider_answers() -> None:
    concerned = AffectedTenants()
    for provider, tenant in (("a", "1"), ("a", "2"), ("b", "3"), ("a", "1")):
        concerned.note(provider, tenant)
    assert concerned.tell_new("a") == ["1", "2"]
    concerned.note("a", "4")
    concerned.note("a", "1")
    assert concerned.tell_new("a") == ["4"]
    assert concerned.tell_new("a") == []
    concerned.forget("a")
    concerned.forget("a")
    assert (concerned.tell_new("a"), concerned.tell_new("b")) == ([], ["3"])


def test_another_outage_names_all_of_them_again() -> None:
    concerned = AffectedTenants()
    for tenant in ("1", "2"):
        concerned.note("a", tenant)
        concerned.tell_new("a")
    assert concerned.tell_all("a") == ["1", "2"]
    assert concerned.tell_new("a") == []


def test_so_many_are_named_and_no_more() -> None:
    concerned = AffectedTenants()
    for number in range(100):
        concerned.note("a", str(number))
    assert len(concerned.tell_new("a")) == MOST_NAMED
    concerned.note("a", "another")
    assert concerned.tell_new("a") == []
