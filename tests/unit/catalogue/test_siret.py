"""SIRET numbers, checked as API Particulier checks its recipient."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.siret import is_siret

LA_POSTE = "356000000"
DIGITS = "0123456789"
THIRTEEN_DIGITS = st.text(DIGITS, min_size=13, max_size=13).filter(lambda text: not text.startswith(LA_POSTE))
unhurried = settings(deadline=None)


def complete(thirteen: str) -> str:
    """Return a number with its Luhn key, in the words of the algorithm's description."""
    total = 0
    for position, digit in enumerate(reversed(thirteen)):
        weighted = int(digit) * (2 if position % 2 == 0 else 1)
        total += weighted - 9 if weighted > 9 else weighted
    return f"{thirteen}{-total % 10}"


@pytest.mark.parametrize("siret", ["26920023600017", "13002526500013", "00000000000000"])
def test_siret_with_its_key_is_accepted(siret: str) -> None:
    assert is_siret(siret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26920023600018",
        "2692002360001",
        "269200236000170",
        " 26920023600017",
        "26920023600017\n",
        "269 200 236 00017",
        "2692002360001A",
        "٢٦٩٢٠٠٢٣٦٠٠٠١٧",
        "²6920023600017",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert not is_siret(text)


@unhurried
@given(THIRTEEN_DIGITS)
def test_any_number_completed_with_its_luhn_key_is_accepted(thirteen: str) -> None:
    assert is_siret(complete(thirteen))


@unhurried
@given(THIRTEEN_DIGITS, st.integers(0, 13), st.integers(1, 9))
def test_any_single_changed_digit_is_refused(thirteen: str, position: int, shift: int) -> None:
    siret = complete(thirteen)
    changed = DIGITS[(int(siret[position]) + shift) % 10]
    mistaken = siret[:position] + changed + siret[position + 1 :]
    assume(not mistaken.startswith(LA_POSTE))
    assert not is_siret(mistaken)


@unhurried
@given(st.text(DIGITS, min_size=5, max_size=5))
def test_establishments_of_la_poste_pass_on_form_alone(nic: str) -> None:
    assert is_siret(LA_POSTE + nic)


@pytest.mark.parametrize("text", [LA_POSTE, f"{LA_POSTE}1234", f"{LA_POSTE}123456", f"{LA_POSTE}1234A"])
def test_la_poste_is_held_to_the_form(text: str) -> None:
    assert not is_siret(text)
