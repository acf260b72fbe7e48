"""Describe, in French, how a member's text is written when it is right, and what a wrong one looks like: never the text itself."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

INSTANT_EXAMPLE: Final = "2026-11-23T10:00:30+01:00"
_LONGEST_READ: Final = 200
"""Of a longer text nothing is told but what is expected."""

SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "job_id": "de 1 à 128 caractères parmi A-Z a-z 0-9 . _ : -",
        "tenant": "les 14 chiffres du SIRET, sans espace",
        "code_pays": "le code INSEE du pays, 99100 pour la France, 99 puis trois chiffres pour un autre pays",
        "code_commune": "le code INSEE de la commune, cinq caractères comme 69383 ou 2A004",
        "code_departement": "le code INSEE du département, comme 69, 2A ou 974",
        "ine": "11 lettres et chiffres, sans espace",
        "identifiant": "celui de la personne chez l'organisme, sans espace au début",
        "numero_fiscal": "13 chiffres, sans espace",
        "reference_avis": "13 ou 14 lettres et chiffres, sans espace, dont les deux premiers donnent l'année",
        "code_etablissement": "le code UAI, sept chiffres puis une lettre",
        "annee_scolaire": "une année scolaire, comme 2025-2026 ou 2025",
        "codes_bcn_departements": "des codes de département de la BCN, de trois caractères comme 092 ou 02A",
        "codes_bcn_regions": "des codes de région académique de la BCN, de deux chiffres",
        "immatriculation": "une immatriculation, comme AA-123-BB ou 1234 AB 75",
    }
)
"""By the member's name. Any other pattern of a job is that of a text without control characters."""
_NO_CONTROL_CHARACTER: Final = "un texte sans caractère de contrôle (saut de ligne, tabulation)"

_FRENCH_DATE: Final = r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}.*"
_BY_MEMBER: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "job_id": {r".*\s.*": "un texte avec une espace ou un saut de ligne", r".{129,}": "plus de 128 caractères"},
        "tenant": {
            r"\d{9}": "neuf chiffres, comme un SIREN : y ajouter les cinq chiffres de l'établissement",
            r"\d{13}": "13 chiffres : un zéro de tête a pu se perdre dans un nombre",
            r"(?=.*\s)[\d\s]+": "des chiffres séparés par des espaces : les retirer",
        },
        "date_naissance": {
            _FRENCH_DATE: "une date en JJ/MM/AAAA : l'écrire AAAA-MM-JJ",
            r"\d{4}-\d{2}-\d{2}[T ].*": "une date suivie d'une heure : la retirer",
            r"\d{8}": "huit chiffres sans tiret : écrire AAAA-MM-JJ",
            r"\d{4}-\d{2}(-\d{2})?": "un mois ou un jour qui n'existe pas",
            r"\d{4}-\d{1,2}(-\d{1,2})?": "un mois ou un jour d'un seul chiffre : en écrire deux",
        },
        "expires_at": {
            _FRENCH_DATE: "une date en JJ/MM/AAAA",
            r"\d{10}|\d{13}": "une heure Unix, semble-t-il",
            r"\d{4}-\d{2}-\d{2}": "une date sans heure",
            r"\d{4}-\d{2}-\d{2} \d{2}:.*": "une espace entre la date et l'heure, au lieu de T",
            r".*[+-]\d{4}": "un décalage sans deux-points",
        },
        "code_pays": {
            r"[A-Za-z]{2,3}": "un code ISO en lettres",
            r"\d{1,3}": "un code de trois chiffres ou moins : ISO, ou un indicatif téléphonique",
            r"[^\d]{4,}": "un nom",
        },
        "code_commune": {
            r"20\d{3}": "20 puis trois chiffres, code postal ou ancien code de Corse : le code INSEE commence par 2A ou 2B",
            r"\d{4}": "quatre chiffres : un zéro de tête a pu se perdre dans un nombre",
            r"[^\d]{3,}": "un nom : le donner dans « nom_commune », avec « code_departement »",
            r"2[ab]\d{3}": "une minuscule : écrire 2A ou 2B",
        },
        "code_departement": {
            r"\d": "un seul chiffre : un zéro de tête a pu se perdre dans un nombre",
            r"2[ab]": "une minuscule : écrire 2A ou 2B",
            r"[^\d]{3,}": "un nom",
            r"\d{5}": "cinq chiffres, comme un code postal ou de commune",
        },
        "numero_fiscal": {
            r"(?=.*\s)[\d\s]+": "des chiffres séparés par des espaces : les retirer",
            r"\d{1,12}": "moins de 13 chiffres",
            r"\d{14,}": "plus de 13 chiffres",
        },
        "reference_avis": {
            r"(?=.*\s)[\w\s]+": "des espaces : les retirer",
            r"\w{1,12}": "moins de 13 caractères",
            r"\w{15,}": "plus de 14 caractères",
        },
        "ine": {
            r"(?=.*\s)[\w\s]+": "des espaces : les retirer",
            r"\w{1,10}": "moins de 11 caractères",
            r"\w{12,}": "plus de 11 caractères",
        },
        "codes_bcn_departements": {r"\d{2}|2[AB]": "deux caractères, comme un code INSEE : écrire 092 pour 92"},
    }
)  # fmt: skip
"""By the member's name, what a wrong text looks like, the first that fits."""
_COMPILED: Final = MappingProxyType(
    {
        member: tuple((re.compile(form, re.ASCII | re.DOTALL), told) for form, told in forms.items())
        for member, forms in _BY_MEMBER.items()
    }
)


def shape_of(member: str) -> str:
    """Return what a text of a member has to be like."""
    return SHAPES.get(member, _NO_CONTROL_CHARACTER)


def looks_like(member: str, value: Any) -> str | None:
    """Return what a wrong value of a member looks like; None where it looks like nothing known."""
    if not isinstance(value, str) or len(value) > _LONGEST_READ:
        return None
    return next((told for form, told in _COMPILED.get(member, ()) if form.fullmatch(value)), None)
