"""A vendor's file of jobs: read as it is written, or refused with the line and the column at fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.catalogue import CATALOGUE
from connector.cli.vendor.csv_columns import columns
from connector.cli.vendor.jobs_file import JobsFileError, read_jobs
from schemas.request import VerificationRequest

HEAD = "job_id;tenant;nom_naissance;prenoms;sexe;date_naissance;code_pays;code_commune;checks"
ROW = "a-1;26920023600017;EXEMPLE;CLAIRE|ANNE;F;1991-04-17;99100;69383;quotient_familial"


def read(folder: Path, text: str, name: str = "jobs.csv") -> list[Any]:
    path = folder / name
    path.write_text(text, "utf-8", newline="")
    return [json.loads(job.body) for job in read_jobs(path)]


def test_a_row_is_a_job_of_the_contract(tmp_path: Path) -> None:
    (job,) = read(tmp_path, f"{HEAD}\n{ROW}\n")
    assert job == {
        "version": 1,
        "job_id": "a-1",
        "tenant": "26920023600017",
        "identity": {
            "nom_naissance": "EXEMPLE",
            "prenoms": ["CLAIRE", "ANNE"],
            "sexe": "F",
            "date_naissance": "1991-04-17",
            "lieu_naissance": {"code_pays": "99100", "code_commune": "69383"},
        },
        "checks": [{"check": "quotient_familial"}],
    }
    VerificationRequest.model_validate_json(json.dumps(job))


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_spreadsheet_s_ways_of_writing_are_read(
    tmp_path: Path, separator: str, end: str, mark: str
) -> None:
    text = mark + f"{HEAD}\n\n{ROW}\n;;;;;;;;\n".replace(";", separator).replace("\n", end)
    assert [job["job_id"] for job in read(tmp_path, text)] == ["a-1"]


def test_a_job_written_over_several_lines_is_one_job_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "demande.json"
    text = json.dumps({"job_id": "a-1", "tenant": "26920023600017"}, indent=2)
    path.write_text(f"\n{text}\n", "utf-8")
    (job,) = read_jobs(path)
    assert (job.job_id, job.body) == ("a-1", text.encode())


def test_an_empty_cell_is_an_absent_member_and_a_quoted_one_is_whole(tmp_path: Path) -> None:
    head = "Job_Id;tenant;dossier;nom_usage;identity_variants;expires_at;checks"
    (job,) = read(tmp_path, f'{head}\na;26920023600017;"2026;""4711""\n";;oui;;scolarite\n')
    assert job == {
        "version": 1,
        "job_id": "a",
        "tenant": "26920023600017",
        "dossier": '2026;"4711"',
        "identity_variants": True,
        "checks": [{"check": "scolarite"}],
    }


def test_parameters_are_of_their_check_and_of_their_kind(tmp_path: Path) -> None:
    head = (
        "job_id;tenant;checks;quotient_familial.annee;quotient_familial.mois;scolarite.annee_scolaire;"
        "scolarite.codes_bcn_regions;statut_sportif.identifiant"
    )
    row = "a;26920023600017;quotient_familial|scolarite;2026;05;2025;84|93;"
    (job,) = read(tmp_path, f"{head}\n{row}\n")
    assert job["checks"] == [
        {"check": "quotient_familial", "params": {"annee": 2026, "mois": 5}},
        {"check": "scolarite", "params": {"annee_scolaire": "2025", "codes_bcn_regions": ["84", "93"]}},
    ]


def test_every_parameter_of_the_catalogue_has_a_column() -> None:
    for definition in CATALOGUE.values():
        for name in definition.example_params:
            assert f"{definition.name}.{name}" in columns()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{HEAD};prenom\n{ROW};X\n",
            ["ligne 1", "« prenom »", "proches : prenoms", "permises : job_id, tenant"],
        ),
        (f"{HEAD};sexe\n{ROW};F\n", ["ligne 1", "colonne sexe", "deux fois"]),
        ("job_id;tenant\na;b\n", ["ligne 1", "colonne checks absente"]),
        (f"{HEAD}\n{ROW};surplus\n", ["ligne 2", "10 cellules", "en a 9"]),
        (f"{HEAD}\n\n{ROW.replace('a-1', '')}\n", ["ligne 3", "colonne job_id : vide"]),
        (f"{HEAD}\n{ROW.replace('a-1', 'a 1')}\n", ["ligne 2", "job_id", "A-Z a-z 0-9"]),
        (f"{HEAD}\n{ROW}\n{ROW}\n", ["ligne 3", "déjà à la ligne 2"]),
        (f"{HEAD};identity_variants\n{ROW};peut-être\n", ["ligne 2", "identity_variants", "oui ou non"]),
        (
            f"{HEAD};quotient_familial.mois\n{ROW};mai\n",
            ["ligne 2", "quotient_familial.mois", "nombre entier"],
        ),
        (
            f"{HEAD};scolarite.annee_scolaire\n{ROW};2025\n",
            ["ligne 2", "scolarite.annee_scolaire", "ne demande pas"],
        ),
        (f'{HEAD}\n"{ROW}\n', ["ligne 2", "n'est pas du CSV"]),
        (f"{HEAD}\n", ["aucune demande"]),
        ("", ["aucune demande"]),
    ],
)
def test_a_defect_names_its_line_and_its_column(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(JobsFileError) as refused:
        read(tmp_path, text)
    message = str(refused.value)
    assert "\n" not in message
    for part in said:
        assert part in message
    assert "CLAIRE" not in message


def test_a_first_row_that_is_no_head_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(JobsFileError, match="n° 2") as refused:
        read(tmp_path, "job_id;CLAIRE EXEMPLE née le 17 avril;tenant\n")
    assert "CLAIRE" not in str(refused.value)


def test_a_line_of_json_is_published_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    lines = ['{"job_id": "a",  "version": 2, "ünknown": "\u2028"}', '{"job_id":"b"}']
    path.write_text("\n\n".join(lines) + "\n", "utf-8")
    jobs = read_jobs(path)
    assert [job.body for job in jobs] == [line.encode() for line in lines]
    assert [job.line for job in jobs] == [1, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"job_id": "a"}\n{"job_id": "b"\n', ["ligne 2", "n'est pas du JSON"]),
        ('{"job_id": "a"}\n["b"]\n', ["ligne 2", "job_id"]),
        ('{"job_id": "a"}\n{"job_id": 3}\n', ["ligne 2", "job_id"]),
        ('{"job_id": "a"}\n{"version": 1}\n', ["ligne 2", "job_id"]),
        ('{"job_id": "a"}\n{"job_id": "a"}\n', ["ligne 2", "déjà à la ligne 1"]),
        ('{\n  "job_id": "a"\n}\n{"job_id": "b"}\n', ["ligne 1", "une demande par ligne"]),
    ],
)
def test_a_line_that_cannot_be_a_job_is_named(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(JobsFileError) as refused:
        read(tmp_path, text, "jobs.jsonl")
    for part in said:
        assert part in str(refused.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(JobsFileError, match="illisible"):
        read_jobs(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("prénoms".encode("latin-1"))
    with pytest.raises(JobsFileError, match="UTF-8"):
        read_jobs(tmp_path / "latin.csv")
