"""What an agent is told when nobody matches."""

from typing import Final

from tests.mistakes.sent import Mistake, Told, born_in, person, unmatched

MISTAKES: Final = (
    Mistake(
        "code postal de Clamart (`92140`) dans `code_commune`",
        unmatched(born_in(code_pays="99100", code_commune="92140")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. Le code de la commune de naissance ressemble à un code postal : si c'en est un, donner le code INSEE.",
            ),
        ),
    ),
    Mistake(
        "code postal de Paris (`75015`)",
        unmatched(born_in(code_pays="99100", code_commune="75015")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. La commune de naissance est donnée par un code postal : donner le code INSEE (75101 à 75120 pour un arrondissement de Paris).",
            ),
        ),
    ),
    Mistake(
        "code postal de Lyon (`69003`)",
        unmatched(born_in(code_pays="99100", code_commune="69003")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. Le code de la commune de naissance ressemble à un code postal : si c'en est un, donner le code INSEE (69381 à 69389 pour un arrondissement de Lyon).",
            ),
        ),
    ),
    Mistake(
        "code postal de Marseille (`13001`)",
        unmatched(born_in(code_pays="99100", code_commune="13001")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. Le code de la commune de naissance ressemble à un code postal : si c'en est un, donner le code INSEE (13201 à 13216 pour un arrondissement de Marseille).",
            ),
        ),
    ),
    Mistake(
        "le même, refusé comme paramètre",
        unmatched(born_in(code_pays="99100", code_commune="92140"), code="36561"),
        "failed",
        (
            Told(
                "invalid_parameter",
                "identity",
                "Une information n'est pas acceptée par la source. La corriger, puis redemander. Le code de la commune de naissance ressemble à un code postal : si c'en est un, donner le code INSEE.",
            ),
        ),
    ),
    Mistake(
        '`["JEANNE STEPHANIE"]` : deux prénoms en un élément',
        unmatched(person(prenoms=["JEANNE STEPHANIE"])),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. Un prénom contient une espace : si ce sont plusieurs prénoms, les donner séparément ; s'il est composé, avec un trait d'union.",
            ),
        ),
    ),
    Mistake(
        "`nom_usage` donné",
        unmatched(person(nom_usage="ESSAI")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. Le nom d'usage restreint la recherche : redemander sans lui.",
            ),
        ),
    ),
    Mistake(
        "né en France, sans commune",
        unmatched(born_in(code_pays="99100")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. La commune de naissance n'est pas donnée : l'ajouter.",
            ),
        ),
    ),
    Mistake(
        "l'année de naissance seule",
        unmatched(person(date_naissance="1991")),
        "completed",
        (
            Told(
                "identity_unmatched",
                None,
                "Aucune personne ne correspond à cette identité. Vérifier le nom et les prénoms de naissance, la date et le lieu de naissance sur une pièce d'identité, puis redemander. La date de naissance n'est pas complète : l'ajouter si elle est connue.",
            ),
        ),
    ),
)
