"""Without a protection of a worker a canary is found where the other tests look: none of them looks in vain."""

import pytest

from tests.leaks.protections import PROTECTIONS, Protection, grouped, unprotected_run
from tests.leaks.run import Host, Run, sought
from tests.leaks.search import found


@pytest.fixture(scope="module")
def unprotected(host: Host, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs without protections, as few as it takes, by the protection's name."""
    return {
        protection.name: done
        for group in grouped()
        for done in [unprotected_run(host, group, tmp_path_factory.mktemp("notes"))]
        for protection in group
    }


@pytest.mark.parametrize("protection", PROTECTIONS, ids=[each.name for each in PROTECTIONS])
def test_without_a_protection_a_canary_is_found(unprotected: dict[str, Run], protection: Protection) -> None:
    done = unprotected[protection.name]
    assert found(sought(done, protection.shown_in), done.places[protection.shown_in])
