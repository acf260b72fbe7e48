"""Counting what a source answered that nobody expected."""

from structlog.testing import capture_logs

from connector.sources.schema_drift import DriftCounter, DriftKind, SchemaDrift

FIELD = SchemaDrift(DriftKind.UNKNOWN_FIELD, "identite.nouveau")


def test_each_check_kind_place_and_type_is_counted_apart() -> None:
    drift_counter = DriftCounter()
    for check in ("quotient_familial", "quotient_familial", "scolarite"):
        drift_counter.count(check, FIELD)
    for found in ("number", "number", "array"):
        drift_counter.count("scolarite", SchemaDrift(DriftKind.WRONG_TYPE, "identite.nom", found))
    drift_counter.count("scolarite", SchemaDrift(DriftKind.WRONG_TYPE, "identite.nouveau"))
    assert drift_counter.counts() == {
        ("quotient_familial", DriftKind.UNKNOWN_FIELD, "identite.nouveau", ""): 2,
        ("scolarite", DriftKind.UNKNOWN_FIELD, "identite.nouveau", ""): 1,
        ("scolarite", DriftKind.WRONG_TYPE, "identite.nom", "number"): 2,
        ("scolarite", DriftKind.WRONG_TYPE, "identite.nom", "array"): 1,
        ("scolarite", DriftKind.WRONG_TYPE, "identite.nouveau", ""): 1,
    }


def test_a_surprise_is_logged_with_the_type_that_was_found_where_there_is_one() -> None:
    drift_counter = DriftCounter()
    with capture_logs() as logs:
        drift_counter.count("scolarite", SchemaDrift(DriftKind.WRONG_TYPE, "identite.nom", "number"))
        drift_counter.count("scolarite", FIELD)
    told = {"event": "source.surprise", "log_level": "warning", "check": "scolarite", "count": 1}
    assert logs == [
        told | {"kind": "wrong_type", "place": "identite.nom", "found": "number"},
        told | {"kind": "unknown_field", "place": "identite.nouveau"},
    ]


def test_a_storm_is_logged_at_its_powers_of_ten() -> None:
    drift_counter = DriftCounter()
    with capture_logs() as logs:
        for _ in range(1500):
            drift_counter.count("scolarite", FIELD)
    assert [entry["count"] for entry in logs] == [1, 10, 100, 1000]


def test_a_source_that_invents_names_without_end_takes_bounded_memory() -> None:
    drift_counter = DriftCounter()
    with capture_logs() as logs:
        for number in range(5000):
            drift_counter.count("scolarite", SchemaDrift(DriftKind.WRONG_TYPE, f"champ_{number}", "number"))
    counts = drift_counter.counts()
    assert len(counts) == 1001
    assert counts["scolarite", DriftKind.WRONG_TYPE, "others", ""] == 4000
    assert len(logs) < 1010
