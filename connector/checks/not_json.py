"""Why a body is not JSON, in French: what it looks like instead, or where its first mistake is; never what it holds."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PLACE: Final = re.compile(r"(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)")
_PICKLE: Final = "Le corps est un objet Python (pickle) : publiez un objet JSON en UTF-8."
_BEGINNINGS: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"\x1f\x8b": "Le corps est compressé (gzip) : publiez-le sans compression.",
        b"\x78\x9c": "Le corps est compressé (deflate) : publiez-le sans compression.",
        b"\xff\xfe": "Le corps est en UTF-16 : publiez-le en UTF-8.",
        b"\xfe\xff": "Le corps est en UTF-16 : publiez-le en UTF-8.",
        b"{\x00": "Le corps est en UTF-16 : publiez-le en UTF-8.",
        b"\x00{": "Le corps est en UTF-16 : publiez-le en UTF-8.",
        b"<": "Le corps est du XML ou du HTML : publiez un objet JSON.",
        b"\xac\xed\x00\x05": "Le corps est un objet Java sérialisé : publiez un objet JSON en UTF-8.",
        b"\x80\x04\x95": _PICKLE,
        # By default from Python 3.14 on.
        b"\x80\x05\x95": _PICKLE,
        b"eyJ": "Le corps semble être du JSON en base64 : publiez l'objet JSON lui-même.",
        b"ew0K": "Le corps semble être du JSON en base64 : publiez l'objet JSON lui-même.",
        b"ewog": "Le corps semble être du JSON en base64 : publiez l'objet JSON lui-même.",
    }
)
"""What a body that is not JSON begins with, where that says what it is."""
_PHP: Final = re.compile(rb"[aO]:[0-9]{1,4}:")
_FORM: Final = re.compile(rb"[A-Za-z0-9_]{1,40}=")
_MISTAKES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "EOF": "le texte s'arrête avant la fin",
        "trailing comma": "une virgule est de trop",
        "trailing characters": "il reste du texte après l'objet",
        "key must be a string": "un nom de champ entre guillemets droits est attendu",
        "expected `:`": "« : » est attendu",
        "expected `,`": "« , » ou la fin du tableau ou de l'objet est attendue",
        "expected value": "une valeur est attendue",
        "control character": "un caractère de contrôle doit être échappé",
        "invalid escape": "cette séquence d'échappement n'existe pas",
        "recursion limit": "l'imbrication est excessive",
        "invalid number": "ce nombre est mal écrit",
    }
)
"""By how jiter's messages begin (https://docs.rs/jiter/latest/jiter/enum.JsonErrorType.html)."""
_OTHER: Final = "le texte est mal formé"
_FOREIGN: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"NaN": "NaN est à remplacer par un nombre ou par null",
        b"Infinity": "Infinity est à remplacer par un nombre ou par null",
        b"None": "None est à remplacer par null",
        b"True": "True est à remplacer par true",
        b"False": "False est à remplacer par false",
        b"undefined": "undefined est à remplacer par null",
        b"/": "un commentaire est à retirer",
        b"\\": "les guillemets sont échappés, la demande semble sérialisée deux fois",
        b"'": "un texte s'écrit entre guillemets droits",
    }
)
"""What other languages write where JSON has something else."""
_LINES_SEEN: Final = 1_000
"""Beyond this line, which no job has, a column is left as it was told: taking 65,000 lines apart costs as much as fifty jobs."""
_OF_LATIN_1: Final = bytes((*range(0x80), 0x80, 0x8C, 0x92, 0x9C, *range(0xC0, 0x100)))
"""ASCII, the letters of ISO 8859-1, and what Windows-1252 adds in French. Of UTF-8, the bytes after a first one lack."""


def why_not_json(body: bytes, error: ValueError) -> str:
    """Return a sentence for a body that ``from_json`` has refused with ``error``."""
    if not body.strip():
        return "Le corps est vide."
    for beginning, sentence in _BEGINNINGS.items():
        if body.startswith(beginning):
            return sentence
    if _PHP.match(body):
        return "Le corps est un tableau PHP sérialisé (serialize) : publiez un objet JSON (json_encode)."
    if _FORM.match(body):
        return "Le corps semble être un formulaire (champ=valeur) : publiez un objet JSON."
    try:
        body.decode()
    except UnicodeDecodeError as undecodable:
        line, column = _place_of(body, undecodable.start)
        seems = "" if body.translate(None, _OF_LATIN_1) else " : il semble en Latin-1 (ISO 8859-1)"
        return (
            f"Le corps n'est pas en UTF-8{seems} ; premier octet en cause : ligne {line}, colonne {column}."
        )
    return f"Le corps n'est pas du JSON : {_mistake(body, str(error))}."


def _mistake(body: bytes, said: str) -> str:
    found = _PLACE.fullmatch(said)
    if found is None:
        return _OTHER
    what = next((french for begins, french in _MISTAKES.items() if found["what"].startswith(begins)), _OTHER)
    line, column = int(found["line"]), int(found["column"])
    if line <= _LINES_SEEN:
        text = body.split(b"\n", line)[line - 1]
        at = text[max(column - 1, 0) :]
        what = next((french for begins, french in _FOREIGN.items() if at.startswith(begins)), what)
        # Counted in bytes; an editor counts characters.
        column = len(text[:column].decode(errors="ignore"))
    return f"{what}, ligne {line}, colonne {max(column, 1)}"


def _place_of(body: bytes, index: int) -> tuple[int, int]:
    before = body[:index]
    return before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1
