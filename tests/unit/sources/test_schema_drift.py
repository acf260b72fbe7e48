"""Counting what a source answered that nobody expected."""

from structlog.testing import capture_logs

from connector.sources.schema_drift import Surprise, SurpriseKind, Tally

FIELD = Surprise(SurpriseKind.UNKNOWN_FIELD, "identite.nouveau")


def test_each_check_kind_place_and_type_is_counted_apart() -> None:
    tally = Tally()
    for check in ("quotient_familial", "quotient_familial", "scolarite"):
        tally.count(check, FIELD)
    for found in ("number", "number", "array"):
        tally.count("scolarite", Surprise(SurpriseKind.WRONG_TYPE, "identite.nom", found))
    tally.count("scolarite", Surprise(SurpriseKind.WRONG_TYPE, "identite.nouveau"))
    assert tally.counts() == {
        ("quotient_familial", SurpriseKind.UNKNOWN_FIELD, "identite.nouveau", ""): 2,
        ("scolarite", SurpriseKind.UNKNOWN_FIELD, "identite.nouveau", ""): 1,
        ("scolarite", SurpriseKind.WRONG_TYPE, "identite.nom", "number"): 2,
        ("scolarite", SurpriseKind.WRONG_TYPE, "identite.nom", "array"): 1,
        ("scolarite", SurpriseKind.WRONG_TYPE, "identite.nouveau", ""): 1,
    }


def test_a_surprise_is_logged_with_the_type_that_was_found_where_there_is_one() -> None:
    tally = Tally()
    with capture_logs() as logs:
        tally.count("scolarite", Surprise(SurpriseKind.WRONG_TYPE, "identite.nom", "number"))
        tally.count("scolarite", FIELD)
    told = {"event": "source.surprise", "log_level": "warning", "check": "scolarite", "count": 1}
    assert logs == [
        told | {"kind": "wrong_type", "place": "identite.nom", "found": "number"},
        told | {"kind": "unknown_field", "place": "identite.nouveau"},
    ]


def test_a_storm_is_logged_at_its_powers_of_ten() -> None:
    tally = Tally()
    with capture_logs() as logs:
        for _ in range(1500):
            tally.count("scolarite", FIELD)
    assert [entry["count"] for entry in logs] == [1, 10, 100, 1000]


def test_a_source_that_invents_names_without_end_takes_bounded_memory() -> None:
    tally = Tally()
    with capture_logs() as logs:
        for number in range(5000):
            tally.count("scolarite", Surprise(SurpriseKind.WRONG_TYPE, f"champ_{number}", "number"))
    counts = tally.counts()
    assert len(counts) == 1001
    assert counts["scolarite", SurpriseKind.WRONG_TYPE, "others", ""] == 4000
    assert len(logs) < 1010
