"""A storm of one cause is a handful of events, which say how many and who were left out."""

from connector.telemetry.throttle import MOST_CAUSES, MOST_GATHERED, MOST_PER_WINDOW, LeftOut, Throttle

CAUSE = ("token.refused", "token_invalid")
NOTHING = LeftOut()


def test_one_event_a_minute_is_told_of_a_cause_and_a_tenant() -> None:
    throttle = Throttle()
    told = [throttle.admit(CAUSE, "a", {"tenants": ("a",)}, float(second)) for second in range(121)]
    assert [second for second, left_out in enumerate(told) if left_out is not None] == [0, 60, 120]
    assert told[60] == LeftOut(59, {"tenants": ("a",)})


def test_another_tenant_and_another_cause_have_their_own() -> None:
    throttle = Throttle()
    assert throttle.admit(CAUSE, "a", {}, 0) == NOTHING
    assert throttle.admit(CAUSE, "b", {}, 0) == NOTHING
    assert throttle.admit(("other",), "a", {}, 0) == NOTHING


def test_many_tenants_of_one_cause_are_named_together_once_the_minute_is_over() -> None:
    throttle = Throttle()
    told = [throttle.admit(CAUSE, f"t{n}", {"tenants": (f"t{n}",)}, 0) for n in range(200)]
    assert told.count(NOTHING) == MOST_PER_WINDOW
    assert throttle.due(59) == {}
    assert throttle.is_silent is False
    (left_out,) = throttle.due(60).values()
    assert left_out.count == 200 - MOST_PER_WINDOW
    assert left_out.values["tenants"] == tuple(
        f"t{n}" for n in range(MOST_PER_WINDOW, MOST_PER_WINDOW + MOST_GATHERED)
    )
    assert throttle.due(1000) == {}


def test_an_ending_process_tells_what_was_left_out_at_once() -> None:
    throttle = Throttle()
    for _ in range(3):
        throttle.admit(CAUSE, "a", {}, 0)
    assert throttle.due(1, all_of_them=True) == {CAUSE: LeftOut(2, {})}


def test_causes_that_are_quiet_are_forgotten() -> None:
    throttle = Throttle()
    for number in range(3 * MOST_CAUSES):
        throttle.admit((str(number),), "a", {}, number)
    assert len(throttle._seen) <= MOST_CAUSES + 1  # noqa: SLF001 - what it holds is what it costs
