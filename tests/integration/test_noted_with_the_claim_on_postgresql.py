"""The journal's records that go with the reply memory, on PostgreSQL: the tests of ``tests/unit/storage/test_noted_with_the_claim.py``."""

from tests.unit.storage.test_noted_with_the_claim import *  # noqa: F403 - each of them
