"""Counting what a source answered that nobody expected."""

from structlog.testing import capture_logs

from connector.surprises import Surprise, SurpriseKind, Tally

FIELD = Surprise(SurpriseKind.UNKNOWN_FIELD, "data.nouveau")


def test_each_check_kind_and_place_is_counted_apart() -> None:
    tally = Tally()
    for check in ("quotient_familial", "quotient_familial", "scolarite"):
        tally.count(check, FIELD)
    tally.count("scolarite", Surprise(SurpriseKind.WRONG_TYPE, "data.nouveau"))
    assert tally.counts() == {
        ("quotient_familial", SurpriseKind.UNKNOWN_FIELD, "data.nouveau"): 2,
        ("scolarite", SurpriseKind.UNKNOWN_FIELD, "data.nouveau"): 1,
        ("scolarite", SurpriseKind.WRONG_TYPE, "data.nouveau"): 1,
    }


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
            tally.count("scolarite", Surprise(SurpriseKind.UNKNOWN_FIELD, f"data.champ_{number}"))
    counts = tally.counts()
    assert len(counts) == 1001
    assert counts["scolarite", SurpriseKind.UNKNOWN_FIELD, "others"] == 4000
    assert len(logs) < 1010
