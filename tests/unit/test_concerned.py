"""Who is concerned by a provider that is going down is named until it answers."""

from connector.concerned import MOST_NAMED, Concerned


def test_each_tenant_is_named_once_until_the_provider_answers() -> None:
    concerned = Concerned()
    for provider, tenant in (("a", "1"), ("a", "2"), ("b", "3"), ("a", "1")):
        concerned.note(provider, tenant)
    assert concerned.named("a") == ["1", "2"]
    concerned.forget("a")
    concerned.forget("a")
    assert (concerned.named("a"), concerned.named("b")) == ([], ["3"])


def test_so_many_are_named_and_no_more() -> None:
    concerned = Concerned()
    for number in range(100):
        concerned.note("a", str(number))
    assert len(concerned.named("a")) == MOST_NAMED
