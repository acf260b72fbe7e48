"""Bodies that cost the most to read: what a vendor's message can hold in 64 KiB, by family, at each bound."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from connector.checks.parsing import FEW_PARTS, MAX_DIGITS, MAX_PARTS
from connector.demo.deployment import CLAMART
from connector.jobs.delivery import MAX_BODY_BYTES

_JOB: Final = f'{{"version":1,"job_id":"a","tenant":"{CLAMART}","checks":[{{"check":"quotient_familial"}}]'
_CHECK: Final = (
    f'{{"version":1,"job_id":"a","tenant":"{CLAMART}","checks":[{{"check":"quotient_familial","params":{{'
)
_UNITS: Final = {
    "numbers": "1",
    "arrays": "[]",
    "objects": "{}",
    "nulls": "null",
    "empty texts": '""',
    "booleans": "true",
    "floats": "1e9",
    "checks": '{"check":"quotient_familial"}',
    "checks of a wrong type": '{"check":1}',
    "numbers of 40 digits": "1" * 40,
    "numbers as long as may be": "1" * MAX_DIGITS,
    "numbers of 4,000 digits": "1" * 4000,
    "NaN": "NaN",
    "surrogate pairs": '"\\ud83d\\ude00"',
    "lone surrogates": '"\\ud800"',
    "deep arrays": "[" * 150 + "]" * 150,
}
_WITHIN: Final = {
    "the body": ("[", "]"),
    "an unknown member": (f'{_JOB},"x":[', "]}"),
    "checks": (f'{{"version":1,"job_id":"a","tenant":"{CLAMART}","checks":[', "]}"),
    "prenoms": (f'{_JOB},"identity":{{"prenoms":[', "]}}"),
    "a parameter": (f'{_CHECK}"annee":[', "]}}]}"),
}
_MEMBERS: Final = {
    "members of the job": (f"{_JOB},", "}"),
    "members of the identity": (f'{_JOB},"identity":{{', "}}"),
    "members of the place": (f'{_JOB},"identity":{{"lieu_naissance":{{', "}}}"),
    "members of a check": (
        f'{{"version":1,"job_id":"a","tenant":"{CLAMART}","checks":[{{"check":"quotient_familial",',
        "}]}",
    ),
    "parameters": (_CHECK, "}}]}"),
}
_NAMES: Final[dict[str, Callable[[int], str]]] = {
    "unknown": lambda index: f'"{index}":1',
    "unknown, of long names": lambda index: f'"{index:0200}":1',
    "unknown, of escaped names": lambda index: f'"\\u0061{index}":1',
    "unknown, like known ones": lambda index: f'"france_connect_tok{index:02}":1',
    "the same": lambda _index: '"x":1',
    "the same known": lambda _index: '"version":1',
    "the same, wrong": lambda _index: '"identity":1',
}
_TEXTS: Final = {
    "job_id": '"job_id":"{}"',
    "tenant": '"tenant":"{}"',
    "france_connect_token": '"france_connect_token":"{}"',
    "expires_at": '"expires_at":"{}"',
    "nom_naissance": '"identity":{{"nom_naissance":"{}"}}',
    "date_naissance": '"identity":{{"date_naissance":"{}"}}',
    "nom_commune": '"identity":{{"lieu_naissance":{{"nom_commune":"{}"}}}}',
    "an unknown member": '"x":"{}"',
}


def worst_bodies() -> dict[str, bytes]:
    """Return the bodies by what each is full of, none longer than ``MAX_BODY_BYTES``."""
    bodies = dict(_all_of_them())
    assert all(len(body) <= MAX_BODY_BYTES for body in bodies.values())
    return bodies


def _all_of_them() -> Iterator[tuple[str, bytes]]:
    for parts in (FEW_PARTS, MAX_PARTS, MAX_BODY_BYTES):
        for unit_name, unit in _UNITS.items():
            for place, (before, after) in _WITHIN.items():
                yield (
                    f"{place}: {unit_name}, {parts} parts at most",
                    _repeated(before, after, unit, parts),
                )
        for kind, member in _NAMES.items():
            for place, (before, after) in _MEMBERS.items():
                yield f"{place}: {kind}, {parts} parts at most", _filled(before, after, member, parts)
    yield from _texts()
    yield from _numbers()
    for depth in (100, 199, 1_900, 32_000):
        for name, opening, closing in (("arrays", "[", "]"), ("objects", '{"a":', "}")):
            body = f'{_JOB},"x":{opening * depth}1{closing * depth}}}'
            yield f"{depth} {name} within each other", _cut(body)
    yield from _whole_jobs()
    yield "white space", f"{_JOB}{' ' * 65_000}}}".encode()
    yield "not UTF-8", b'{"x":"' + b"a" * 65_000 + b'\xff"}'
    yield "every byte", bytes(range(256)) * 256
    yield "lines before a mistake", b"\n" * 65_000 + b"x"
    yield "lines before a letter of Latin-1", b"\n" * 65_000 + b"\xe9"
    yield "escaped letters and one of Latin-1", b'{"x":"' + b"\\u00e9" * 10_800 + b'\xe9"}'


def _texts() -> Iterator[tuple[str, bytes]]:
    characters = {
        "letters": "a",
        "digits": "1",
        "accents": "é",
        "escapes": "\\n",
        "escaped letters": "\\u00e9",
    }
    for member, form in _TEXTS.items():
        for kind, character in characters.items():
            text = character * (64_000 // len(character.encode()))
            yield f"{member}: {kind}", f"{_JOB},{form.format(text)}}}".encode()


def _numbers() -> Iterator[tuple[str, bytes]]:
    digits = "1" * 64_000
    for name, number in {"whole": digits, "fraction": f"0.{digits}", "exponent": f"1e{digits}"}.items():
        yield f"a number, {name}", f'{_JOB},"x":{number}}}'.encode()
        yield f"a version, {name}", f'{{"version":{number}}}'.encode()


def _whole_jobs() -> Iterator[tuple[str, bytes]]:
    """Jobs that are valid, or whose checks have the defects: they go on to the plan."""
    identity = {
        "nom_naissance": "É" * 128,
        "prenoms": ["ÉLÉONORE-" + "A" * 100] * 20,
        "sexe": "F",
        "date_naissance": "1987-06-01",
        "lieu_naissance": {"code_pays": "99100", "code_commune": "08480"},
    }
    names = (
        "quotient_familial",
        "etudiant_boursier",
        "scolarite",
        "statut_demandeur_emploi",
        "no_such_check",
    )
    params: dict[str, dict[str, Any]] = {
        "none": {},
        "unknown parameters": {str(index): index for index in range(95)},
        "long parameters": {"annee": "1" * 3000, "ine": "x" * 100},
        "parameters within each other": {"annee": [[[1]] * 50]},
    }
    for kind, given in params.items():
        for variants in (False, True):
            checks = [
                {"id": f"c{index}", "check": names[index % len(names)], "params": given}
                for index in range(20)
            ]
            job = {"version": 1, "job_id": "a", "tenant": CLAMART, "identity": identity, "checks": checks}
            whole = json.dumps({**job, "identity_variants": variants}, separators=(",", ":"))
            if len(whole) <= MAX_BODY_BYTES:
                yield f"twenty checks, {kind}, variants: {variants}", whole.encode()
    several = {
        **identity,
        "nom_usage": "B-C D",
        "prenoms": [f"Jean-Éloi {chr(97 + index)}" for index in range(20)],
    }
    for check in ("quotient_familial", "etudiant_boursier", "statut_demandeur_emploi"):
        job = {"version": 1, "job_id": "a", "tenant": CLAMART, "identity": several, "identity_variants": True}
        checks = [{"id": f"c{index}", "check": check, "call": "identite"} for index in range(20)]
        yield f"twenty checks {check}, of many first names", json.dumps({**job, "checks": checks}).encode()


def _filled(before: str, after: str, unit: Callable[[int], str], parts: int) -> bytes:
    """Return as many units as a body may have, in bytes and in parts."""
    room, left = MAX_BODY_BYTES - len(before) - len(after), parts - _parts(before)
    taken: list[str] = []
    while True:
        text = unit(len(taken))
        room, left = room - len(text) - 1, left - _parts(text) - 1
        if room < 0 or left < 0:
            break
        taken.append(text)
    return (before + ",".join(taken) + after).encode()


def _repeated(before: str, after: str, unit: str, parts: int) -> bytes:
    """Return a unit as often as a body may have it, in bytes and in parts."""
    room, left = MAX_BODY_BYTES - len(before) - len(after), parts - _parts(before)
    times = min(room // (len(unit) + 1), left // (_parts(unit) + 1))
    return (before + ",".join([unit] * times) + after).encode()


def _parts(text: str) -> int:
    return sum(map(text.count, ",[{"))


def _cut(body: str) -> bytes:
    return body.encode()[:MAX_BODY_BYTES]
