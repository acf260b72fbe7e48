"""An integrator's mistakes: the reply alone says what to change, and the guide lists exactly these answers."""

import json

import pytest

from tests.jobs import identity
from tests.mistakes.sent import Mistake, answer_to, told_in, unmatched, with_
from tests.mistakes.table import GUIDE, MISTAKES, with_section

PRIVATE = (
    "EXEMPLE",
    "CLAIRE",
    "JEANNE",
    "STEPHANIE",
    "ESSAI",
    "LECŒUR",
    "1991",
    "0990",
    "30 99",
    "92140",
    "75015",
    "69003",
    "13001",
)
"""What the messages hold of a person."""


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
async def test_a_mistake_is_told_with_what_to_change(mistake: Mistake) -> None:
    """The whole of it: a word that is lost or added shows here, and in the guide."""
    reply = await answer_to(mistake.sent)
    assert (reply.status, told_in(reply)) == (mistake.status, mistake.told)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_no_detail_repeats_what_was_sent_of_a_person(mistake: Mistake) -> None:
    told = json.dumps([each.detail for each in mistake.told], ensure_ascii=False)
    assert not [value for value in PRIVATE if value in told]


def test_the_guide_lists_these_answers() -> None:
    """``python -m tests.mistakes`` writes the section."""
    guide = GUIDE.read_text(encoding="utf-8")
    assert with_section(guide) == guide


def test_each_mistake_is_another() -> None:
    whats = [mistake.what for mistake in MISTAKES]
    assert len(set(whats)) == len(whats)


@pytest.mark.parametrize("nom", ["EXEMPLE", "D\u2019EXEMPLE"])
@pytest.mark.parametrize("variants", [False, True])
async def test_what_the_variants_have_tried_is_not_told_as_a_reason(nom: str, *, variants: bool) -> None:
    """The job's own identity stands in the reply; a name that is normalised as well changes nothing of that."""
    person = identity(nom, nom_usage="ESSAI", prenoms=["CLAIRE ANNE"], date_naissance="1991")
    reply = await answer_to(unmatched(with_(identity=person, identity_variants=variants)))
    (told,) = told_in(reply)
    assert told.detail.endswith("La date de naissance n'est pas complète : l'ajouter si elle est connue.")
    assert ("Le nom d'usage restreint" in told.detail, "Un prénom contient" in told.detail) == (
        not variants,
    ) * 2
