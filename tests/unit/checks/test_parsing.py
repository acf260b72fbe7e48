"""Reading a job from bytes: what is refused, how it is said, and what is never repeated."""

import gzip
import json
import pickle
import zlib
from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.checks.parsing import MAX_ERRORS, NOTHING_SEEN, Seen, Unreadable, glimpse, read_job
from connector.demo.deployment import CLAMART
from connector.jobs.delivery import MAX_BODY_BYTES
from connector.jobs.json_pointer import json_pointer, members_of
from schemas.codes import JobCode
from schemas.request import VerificationRequest
from tests.jobs import QF, RSA, identity, job

JOB_ID = "demande-1"
SECRET = "Zebulon9"
"""Stands for personal data: the value of a wrong member, that no error may repeat."""


def body(*checks: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps(job(*checks, job_id=JOB_ID) | changes).encode()


def body_without(member: str) -> bytes:
    return json.dumps({name: value for name, value in job().items() if name != member}).encode()


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def padded_to(size: int) -> bytes:
    text = body()
    return text + b" " * (size - len(text))


def refusal(text: bytes) -> Unreadable:
    result = read_job(text)
    assert isinstance(result, Unreadable)
    return result


def pointers(text: bytes) -> list[str | None]:
    return [error.pointer for error in refusal(text).errors]


def test_a_job_is_read() -> None:
    result = read_job(body(QF, RSA))
    assert isinstance(result, VerificationRequest)
    assert [check.label for check in result.checks] == ["quotient_familial", "rsa"]


def test_a_byte_order_mark_is_ignored() -> None:
    text = b"\xef\xbb\xbf" + body()
    assert isinstance(read_job(text), VerificationRequest)
    assert glimpse(text).job_id == JOB_ID


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"bonjour", id="no JSON"),
        pytest.param(body()[:-1], id="cut short"),
        pytest.param(body() + b"{}", id="two documents"),
        pytest.param(body(dossier="été").replace(b"\\u00e9", b"\xe9"), id="Latin-1"),
        pytest.param(body().decode().encode("utf-16"), id="UTF-16"),
        pytest.param(body(dossier="\ud800"), id="lone surrogate"),
        pytest.param(nested(100_000), id="nested 100000 deep"),
        pytest.param(nested(9_000), id="nested 9000 deep"),
        pytest.param(padded_to(MAX_BODY_BYTES + 1), id="over 64 KiB"),
    ],
)
def test_a_body_that_cannot_be_read_has_one_error_without_pointer(text: bytes) -> None:
    unreadable = refusal(text)
    assert [(error.code, error.pointer) for error in unreadable.errors] == [(JobCode.INVALID_MESSAGE, None)]
    assert unreadable.seen == NOTHING_SEEN
    assert glimpse(text) == NOTHING_SEEN


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_json_is_refused(word: str) -> None:
    text = body({"check": "quotient_familial", "params": {"annee": 0}}).replace(b": 0", f": {word}".encode())
    assert refusal(text).errors[0].code is JobCode.INVALID_MESSAGE


def test_a_body_of_64_kib_is_read() -> None:
    assert isinstance(read_job(padded_to(MAX_BODY_BYTES)), VerificationRequest)


@pytest.mark.parametrize("text", [b"[]", b"null", b"1", b'"job"', b"[" + body() + b"]"])
def test_a_body_that_is_no_object_points_at_the_whole(text: bytes) -> None:
    assert pointers(text) == [""]
    assert glimpse(text) == NOTHING_SEEN


@pytest.mark.parametrize("member", ["version", "job_id", "tenant", "checks"])
def test_a_missing_field_is_named(member: str) -> None:
    errors = refusal(body_without(member)).errors
    assert [(error.pointer, error.detail) for error in errors] == [
        (f"/{member}", "Ce champ est obligatoire."),
    ]


@pytest.mark.parametrize(
    "member",
    [
        "dossier",
        "agent",
        "purpose",
        "expires_at",
        "identity",
        "identity_variants",
        "france_connect_token",
    ],
)
def test_an_optional_field_may_be_absent(member: str) -> None:
    assert isinstance(read_job(body_without(member)), VerificationRequest)


SIRET = "Ce n'est pas un SIRET valide"
NO_SUCH_FIELD = "Ce champ n'existe pas : le retirer."
FORM = "n'a pas la forme attendue : "
DATE = "Une date réelle est attendue"
INSTANT = "RFC 3339"


@pytest.mark.parametrize(
    ("text", "pointer", "detail"),
    [
        (body(surprise=SECRET), "/surprise", NO_SUCH_FIELD),
        (body(QF, {**RSA, "surprise": SECRET}), "/checks/1/surprise", NO_SUCH_FIELD),
        (body(identity=identity(surprise=SECRET)), "/identity/surprise", NO_SUCH_FIELD),
        (body(version=True), "/version", "celles admises : 1. Reçu : un booléen."),
        (body(version=False), "/version", "celles admises"),
        (body(version="1"), "/version", "celles admises : 1. Reçu : un texte ; l'écrire sans guillemets."),
        (body(version=None), "/version", "celles admises : 1. Reçu : null."),
        (body(version=1.5), "/version", "celles admises"),
        (body(job_id=""), "/job_id", FORM),
        (body(job_id="a" * 129), "/job_id", FORM),
        (body(job_id=f"{SECRET} é"), "/job_id", FORM),
        (body(job_id=f"{SECRET}\n"), "/job_id", FORM),
        (body(job_id=12), "/job_id", "Une chaîne de caractères est attendue. Reçu : un nombre ;"),
        (body(job_id=True), "/job_id", "Une chaîne de caractères est attendue. Reçu : un booléen."),
        (body(job_id=1.5), "/job_id", "Une chaîne de caractères est attendue. Reçu : un nombre à virgule."),
        (body(tenant="26920023600018"), "/tenant", SIRET),
        (body(tenant="2692002360001"), "/tenant", FORM),
        (body(tenant=int(CLAMART)), "/tenant", "chaîne"),
        (body(checks=[{"check": ""}]), "/checks/0/check", "trop courte"),
        (body(dossier="d" * 129), "/dossier", "trop longue"),
        (body(dossier=f"{SECRET}\x00"), "/dossier", FORM),
        (body(agent=f"{SECRET}\x7f"), "/agent", FORM),
        (body(purpose="p" * 65), "/purpose", "trop longue"),
        (body(identity_variants="oui"), "/identity_variants", "booléen"),
        (body(identity_variants=1), "/identity_variants", "booléen"),
        (body(expires_at="2026-11-23T10:00:30"), "/expires_at", "décalage horaire"),
        (body(expires_at="2026-11-23T10:00"), "/expires_at", "décalage horaire"),
        (body(expires_at="2026-11-23T10+01:00"), "/expires_at", INSTANT),
        (body(expires_at="2026-11-23"), "/expires_at", INSTANT),
        (body(expires_at=1_795_000_000), "/expires_at", "10:00:30+01:00. Reçu : un nombre."),
        (body(expires_at="1795000000"), "/expires_at", INSTANT),
        (body(expires_at=SECRET), "/expires_at", INSTANT),
        (body(france_connect_token=SECRET * 1000), "/france_connect_token", "trop longue"),
        (body(identity=[]), "/identity", "objet"),
        (body(identity=identity(nom_naissance="ROUX9")), "/identity/nom_naissance", "« 9 » (U+0039)"),
        (body(identity=identity(nom_naissance=" ")), "/identity/nom_naissance", "une lettre"),
        (body(identity=identity(nom_usage="ROUX\x1b[2J")), "/identity/nom_usage", "caractère U+001B"),
        (body(identity=identity(prenoms=["CLAIRE", SECRET])), "/identity/prenoms/1", "caractère"),
        (body(identity=identity(prenoms=[])), "/identity/prenoms", "Au moins un"),
        (
            body(identity=identity(prenoms="CLAIRE")),
            "/identity/prenoms",
            "tableau est attendu. Donner un prénom par élément du tableau. Reçu : un texte.",
        ),
        (body(identity=identity(prenoms="")), "/identity/prenoms", "tableau"),
        (body(identity=identity(prenoms=["CLAIRE", None])), "/identity/prenoms/1", "chaîne"),
        (body(identity=identity(prenoms=["", SECRET])), "/identity/prenoms/1", "caractère"),
        (body(identity=""), "/identity", "objet est attendu. Reçu : un texte."),
        (body(identity=identity(sexe="f")), "/identity/sexe", "celles admises : 'M' ou 'F'."),
        (body(identity=identity(sexe=1)), "/identity/sexe", "en majuscule. Reçu : un nombre."),
        (body(identity=identity(date_naissance="1991-02-30")), "/identity/date_naissance", DATE),
        (body(identity=identity(date_naissance="1991-13")), "/identity/date_naissance", DATE),
        (body(identity=identity(date_naissance="1991-13-00")), "/identity/date_naissance", DATE),
        (body(identity=identity(date_naissance="17/04/1991")), "/identity/date_naissance", DATE),
        (body(identity=identity(date_naissance=1991)), "/identity/date_naissance", "chaîne"),
        (
            body(identity=identity(lieu_naissance={"code_commune": "69"})),
            "/identity/lieu_naissance/code_commune",
            FORM,
        ),
        (
            body(identity=identity(lieu_naissance={"code_pays": "33"})),
            "/identity/lieu_naissance/code_pays",
            FORM,
        ),
        (
            body(identity=identity(lieu_naissance={"code_pays": "99100", "code_commune": "20004"})),
            "/identity/lieu_naissance/code_commune",
            FORM,
        ),
        (body(checks=[]), "/checks", "Au moins un"),
        (body(*({**QF, "id": f"{n}"} for n in range(21))), "/checks", "au plus 20"),
        (body(checks={}), "/checks", "tableau"),
        (body(QF, QF), "/checks", "même id : « quotient_familial »."),
        (
            body(QF, {"id": "quotient_familial", "check": "autre"}),
            "/checks",
            "même id : « quotient_familial ».",
        ),
        (body(QF, {"id": "rsa"}), "/checks/1/check", "obligatoire"),
        (body(checks=[QF, "revenu_solidarite_active"]), "/checks/1", "objet"),
    ],
)
def test_a_defect_is_named_by_its_place_in_french_without_its_value(
    text: bytes,
    pointer: str,
    detail: str,
) -> None:
    errors = refusal(text).errors
    assert [(error.code, error.pointer) for error in errors] == [(JobCode.INVALID_MESSAGE, pointer)]
    assert detail in errors[0].detail
    assert errors[0].title == "Message invalide"
    assert SECRET not in errors[0].model_dump_json()


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"", "Le corps est vide."),
        (b" \n", "Le corps est vide."),
        (gzip.compress(body()), "Le corps est compressé (gzip) : publiez-le sans compression."),
        (zlib.compress(body()), "Le corps est compressé (deflate) : publiez-le sans compression."),
        (body().decode().encode("utf-16"), "Le corps est en UTF-16 : publiez-le en UTF-8."),
        (body().decode().encode("utf-16-be"), "Le corps est en UTF-16 : publiez-le en UTF-8."),
        (b"<job/>", "Le corps est du XML ou du HTML : publiez un objet JSON."),
        (
            '{"version": 1,\n "agent": "éà"}'.encode("latin-1"),
            "Le corps n'est pas en UTF-8 : il semble en Latin-1 (ISO 8859-1) ; premier octet en cause : ligne 2, colonne 12.",
        ),
        (
            '{"é": "'.encode() + b"\xe9",
            "Le corps n'est pas en UTF-8 ; premier octet en cause : ligne 1, colonne 8.",
        ),
        (
            b"\n" * 2_000 + b"x",
            "Le corps n'est pas du JSON : une valeur est attendue, ligne 2001, colonne 1.",
        ),
        ('{"é": 1,\n "b" 2}'.encode(), "Le corps n'est pas du JSON : « : » est attendu, ligne 2, colonne 6."),
        ('{"éé": x}'.encode(), "Le corps n'est pas du JSON : une valeur est attendue, ligne 1, colonne 8."),
        (b'{"a": 1,}', "Le corps n'est pas du JSON : une virgule est de trop, ligne 1, colonne 9."),
        (
            b"{'a': 1}",
            "Le corps n'est pas du JSON : un texte s'écrit entre guillemets droits, ligne 1, colonne 2.",
        ),
        (
            rb"{\"a\": 1}",
            "Le corps n'est pas du JSON : les guillemets sont échappés, la demande semble sérialisée deux fois, ligne 1, colonne 2.",
        ),
        (
            b"{a: 1}",
            "Le corps n'est pas du JSON : un nom de champ entre guillemets droits est attendu, ligne 1, colonne 2.",
        ),
        (
            b'{"a":\n -Infinity}',
            "Le corps n'est pas du JSON : Infinity est à remplacer par un nombre ou par null, ligne 2, colonne 3.",
        ),
        (
            pickle.dumps({"version": 1}, protocol=4),
            "Le corps est un objet Python (pickle) : publiez un objet JSON en UTF-8.",
        ),
        (
            pickle.dumps({"version": 1}, protocol=5),
            "Le corps est un objet Python (pickle) : publiez un objet JSON en UTF-8.",
        ),
        (
            b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap",
            "Le corps est un objet Java sérialisé : publiez un objet JSON en UTF-8.",
        ),
        (
            b'{"a": 1} {}',
            "Le corps n'est pas du JSON : il reste du texte après l'objet, ligne 1, colonne 10.",
        ),
        (b'{"a": "b', "Le corps n'est pas du JSON : le texte s'arrête avant la fin, ligne 1, colonne 8."),
        (
            b'{"a": "\n"}',
            "Le corps n'est pas du JSON : un caractère de contrôle doit être échappé, ligne 2, colonne 1.",
        ),
        (b"[" * 300, "Le corps n'est pas du JSON : l'imbrication est excessive, ligne 1, colonne 202."),
    ],
)
def test_a_body_that_is_no_json_is_told_what_it_is_or_where_its_mistake_is(text: bytes, detail: str) -> None:
    assert [error.detail for error in refusal(text).errors] == [detail]


def test_null_is_an_absent_optional_field() -> None:
    text = body(
        dossier=None,
        agent=None,
        purpose=None,
        expires_at=None,
        identity=None,
        identity_variants=None,
        france_connect_token=None,
        checks=[{**QF, "id": None, "call": None, "api_version": None, "params": None}],
    )
    job = read_job(text)
    assert isinstance(job, VerificationRequest)
    assert not job.identity_variants


@pytest.mark.parametrize("version", [0, 2, -1, 2**70])
def test_another_version_is_answered_with_those_served(version: int) -> None:
    unreadable = refusal(body(version=version, member_of_version_2="x"))
    assert [(error.code, error.pointer) for error in unreadable.errors] == [
        (JobCode.UNSUPPORTED_VERSION, "/version"),
    ]
    assert unreadable.errors[0].detail.endswith("versions servies : 1.")
    assert unreadable.seen.job_id == JOB_ID


@pytest.mark.parametrize("count", [1, 20])
def test_one_to_twenty_checks_are_read(count: int) -> None:
    checks = ({**QF, "id": f"{n}"} for n in range(count))
    assert isinstance(read_job(body(*checks)), VerificationRequest)


@pytest.mark.parametrize(
    ("date_naissance", "read"),
    [
        ("1991", "1991"),
        ("1991-04", "1991-04"),
        ("1991-04-17", "1991-04-17"),
        ("1992-02-29", "1992-02-29"),
        ("1979-00-00", "1979"),
        ("1979-04-00", "1979-04"),
        ("0000-00-00", None),
        ("", None),
    ],
)
def test_a_date_of_birth_may_be_partial(date_naissance: str, read: str | None) -> None:
    job_read = read_job(body(identity=identity(date_naissance=date_naissance)))
    assert isinstance(job_read, VerificationRequest)
    assert job_read.identity is not None
    assert job_read.identity.date_naissance == read


@pytest.mark.parametrize(
    "member",
    ["dossier", "agent", "purpose", "expires_at", "france_connect_token"],
)
def test_an_optional_text_that_is_empty_counts_as_absent(member: str) -> None:
    result = read_job(body(**{member: ""}))
    assert isinstance(result, VerificationRequest)
    assert getattr(result, member) is None


@pytest.mark.parametrize("blank", [" ", "\u00a0"])
def test_a_text_of_blanks_is_not_empty(blank: str) -> None:
    result = read_job(body(dossier=blank))
    assert isinstance(result, VerificationRequest)
    assert result.dossier == blank


def test_an_empty_id_of_a_check_counts_as_absent() -> None:
    result = read_job(body(QF | {"id": ""}, RSA | {"id": ""}))
    assert isinstance(result, VerificationRequest)
    assert [check.label for check in result.checks] == ["quotient_familial", "revenu_solidarite_active"]


def test_empty_texts_of_an_identity_count_as_absent() -> None:
    place = {"code_pays": "", "code_commune": "69383", "nom_commune": "", "code_departement": ""}
    person = identity("", nom_usage="", prenoms=["CLAIRE", ""], sexe="", lieu_naissance=place)
    result = read_job(body(identity=person))
    assert isinstance(result, VerificationRequest)
    read = result.identity
    assert read is not None
    assert (read.nom_naissance, read.nom_usage, read.sexe, read.prenoms) == (None, None, None, ("CLAIRE",))
    assert read.lieu_naissance is not None
    assert (read.lieu_naissance.code_pays, read.lieu_naissance.pays) == (None, "99100")


def test_a_place_of_birth_may_leave_the_country_out() -> None:
    for place in ({"code_commune": "69383"}, {"nom_commune": "Lyon", "code_departement": "69"}, {}):
        assert isinstance(read_job(body(identity=identity(lieu_naissance=place))), VerificationRequest)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-23T10:00:30+01:00", "2026-11-23T09:00:30+00:00"),
        ("2026-11-23T10:00+01:00", "2026-11-23T09:00:00+00:00"),
        ("2026-11-23T09:00Z", "2026-11-23T09:00:00+00:00"),
        ("2026-11-23t09:00:30.5z", "2026-11-23T09:00:30.500000+00:00"),
    ],
)
def test_a_deadline_may_leave_its_seconds_out(written: str, instant: str) -> None:
    result = read_job(body(expires_at=written))
    assert isinstance(result, VerificationRequest)
    assert result.expires_at is not None
    assert result.expires_at.astimezone(UTC).isoformat() == instant


def test_names_keep_accents_apostrophes_spaces_and_hyphens() -> None:
    person = identity("D\u2019ÀÆ-L  ÑÿÇ", prenoms=["Anne\u2011Marie", "E\u0301loïse"])
    assert isinstance(read_job(body(identity=person)), VerificationRequest)


def test_every_defect_is_reported_in_one_reply() -> None:
    text = body(QF, {"id": "rsa"}, tenant="1", identity=identity(sexe="X"))
    assert pointers(text) == ["/tenant", "/identity/sexe", "/checks/1/check"]


def test_a_wrong_only_check_is_not_also_called_an_absent_one() -> None:
    assert pointers(body({"id": "rsa"})) == ["/checks/0/check"]


def test_a_wrong_only_first_name_is_not_also_called_an_absent_one() -> None:
    assert pointers(body(identity=identity(prenoms=[SECRET]))) == ["/identity/prenoms/0"]


def test_a_job_with_very_many_defects_gets_the_first_ones() -> None:
    assert len(refusal(body(**{f"surprise_{n}": n for n in range(500)})).errors) == MAX_ERRORS


def test_what_is_seen_of_a_wrong_job_lets_the_vendor_know_which_one_is_answered() -> None:
    seen = Seen(job_id=JOB_ID, tenant=CLAMART, dossier="2026-004711")
    text = body(dossier="2026-004711", surprise=1)
    assert refusal(text).seen == seen
    assert glimpse(text) == seen


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"job_id": f"{SECRET} é"}, Seen(tenant=CLAMART)),
        ({"job_id": 1}, Seen(tenant=CLAMART)),
        ({"tenant": "26920023600018"}, Seen(job_id=JOB_ID)),
        ({"tenant": None}, Seen(job_id=JOB_ID)),
        ({"dossier": f"{SECRET}\n"}, Seen(job_id=JOB_ID, tenant=CLAMART)),
        ({"dossier": {}}, Seen(job_id=JOB_ID, tenant=CLAMART)),
    ],
)
def test_a_wrong_member_is_not_seen(changes: dict[str, Any], seen: Seen) -> None:
    text = body(**changes)
    assert refusal(text).seen == seen
    assert glimpse(text) == seen


def test_the_repr_of_a_job_shows_nobody() -> None:
    assert SECRET not in repr(read_job(body(dossier=SECRET, identity=identity("EXEMPLE"))))
    assert "EXEMPLE" not in repr(read_job(body(identity=identity("EXEMPLE"))))


@pytest.mark.parametrize(
    ("location", "pointer"),
    [
        ((), ""),
        (("checks", 0, "id"), "/checks/0/id"),
        (("a/b",), "/a~1b"),
        (("m~n",), "/m~0n"),
        (("~1",), "/~01"),
        (("",), "/"),
    ],
)
def test_json_pointer_is_escaped(location: tuple[int | str, ...], pointer: str) -> None:
    assert json_pointer(location) == pointer


@pytest.mark.parametrize(
    ("pointer", "members"),
    [
        ("", ()),
        ("/checks/0/id", ("checks", "id")),
        ("/a~1b/12/m~0n", ("a/b", "m~n")),
        ("/~01", ("~1",)),
    ],
)
def test_the_members_of_a_json_pointer_are_unescaped_and_its_items_left_out(
    pointer: str, members: tuple[str, ...]
) -> None:
    assert members_of(pointer) == members


def test_the_pointer_to_an_unknown_field_is_escaped() -> None:
    assert pointers(body(**{"a/b~c": 1})) == ["/a~1b~0c"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=8,
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MEMBERS = st.sampled_from([*VerificationRequest.model_fields, "surprise"])


@unhurried
@given(st.binary())
def test_no_bytes_make_reading_fail(text: bytes) -> None:
    assert isinstance(read_job(text), Unreadable)
    assert isinstance(glimpse(text), Seen)


@unhurried
@given(st.dictionaries(MEMBERS, JSON_VALUES))
def test_no_document_makes_reading_fail(changes: dict[str, Any]) -> None:
    text = body(**changes)
    result = read_job(text)
    assert isinstance(result, VerificationRequest) or result.errors
    assert isinstance(glimpse(text), Seen)
