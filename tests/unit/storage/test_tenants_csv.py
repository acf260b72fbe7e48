"""The table of tenants: what a spreadsheet writes is read, and a defect is told with the number of its line."""

from pathlib import Path

import pytest

from connector.storage.registry.tenants_csv import read_tenants_csv
from connector.storage.registry.tenants_file import TenantsFile, TenantsFileError

CLAMART, BOURG = "26920023600017", "26750045200011"
HEADER = "siret;name;vendors;token_env;token_file;quota_particulier;quota_avis_imposition"
ROW = f"{CLAMART};CCAS de Clamart;millesime sonate-opus;CLAMART_TOKEN;;20/s, 250/min;"


def _read(tmp_path: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> TenantsFile:
    path = tmp_path / "tenants.csv"
    path.write_bytes(end.join(lines).encode(encoding))
    return read_tenants_csv(path)


def _refusal(tmp_path: Path, *lines: str) -> str:
    with pytest.raises(TenantsFileError) as caught:
        _read(tmp_path, *lines)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'tenants.csv'}: ")
    assert "\n" not in message
    assert "eyJ" not in message
    return message.removeprefix(f"{tmp_path / 'tenants.csv'}: ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_a_spreadsheet_writes_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    file = _read(
        tmp_path, HEADER, ROW, f"{BOURG};CCAS du Bourg-l'Évêque;;;/run/bourg;;", encoding=encoding, end=end
    )
    clamart, bourg = file.tenants[CLAMART], file.tenants[BOURG]
    assert file.vendors == {}
    assert (clamart.name, clamart.vendors) == ("CCAS de Clamart", ("millesime", "sonate-opus"))
    assert clamart.token is not None
    assert (clamart.token.env, clamart.token.file) == ("CLAMART_TOKEN", None)
    assert clamart.quotas == {"particulier": "20/s,250/min"}
    assert (bourg.name, bourg.vendors, bourg.quotas) == ("CCAS du Bourg-l'Évêque", (), {})
    assert bourg.token is not None
    assert bourg.token.file == Path("/run/bourg")


def test_commas_separate_too_and_columns_come_in_any_order(tmp_path: Path) -> None:
    file = _read(tmp_path, "Name, SIRET ,vendors", f'"Clamart, CCAS de",{CLAMART},"a;b c"', "", " , , ")
    tenant = file.tenants[CLAMART]
    assert (tenant.name, tenant.vendors) == ("Clamart, CCAS de", ("a", "b", "c"))
    assert (tenant.token, tenant.quotas) == (None, None)


def test_a_line_end_within_quotes_belongs_to_its_cell(tmp_path: Path) -> None:
    message = _refusal(tmp_path, "siret;name;vendors", f'{CLAMART};"CCAS\nde Clamart";', "123;x;")
    assert message.startswith("line 4: siret: ")


def test_a_table_without_rows_names_nobody(tmp_path: Path) -> None:
    assert _read(tmp_path, HEADER).tenants == {}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "empty"),
        (["", " ; "], "empty"),
        ([ROW], "cell 1 of the first row is no column"),
        (["siret;name;vendors;eyJ.sesame.three"], "cell 4 of the first row is no column"),
        (["siret;name"], "the column vendors is missing"),
        (
            ["siret;name;vendors;token"],
            "'token' of the first row is no column; those known are siret, name, vendors, token_env",
        ),
        (["siret;name;vendors;name"], "the column name is there twice"),
        ([HEADER, ROW, ROW], f"line 3: the SIRET {CLAMART} is on line 2 already"),
        ([HEADER, ROW, "", f"{CLAMART};Autre;;;;;"], f"line 4: the SIRET {CLAMART} is on line 2 already"),
        ([HEADER, ROW, f"{BOURG};B;;;"], "line 3: 5 cells, where the first row has 7"),
        ([HEADER, f"{ROW};"], "line 2: 8 cells"),
        ([HEADER, ROW, "26750045200012;B;;;;;"], "line 3: siret: not a SIRET"),
        ([HEADER, "2,69200E+13;B;;;;;"], "line 2: siret: "),
        ([HEADER, ";B;;;;;"], "line 2: siret: "),
        ([HEADER, f"{CLAMART};;;;;;"], "line 2: name: "),
        ([HEADER, f"{CLAMART};B;;A;/b;;"], "line 2: token_env, token_file: give exactly one"),
        ([HEADER, f"{CLAMART};B;;;;20/h;"], "line 2: quota_particulier: write CALLS/s or CALLS/min"),
        ([HEADER, f"{CLAMART};B;;;;;x"], "line 2: quota_avis_imposition: "),
        (["siret;name;vendors", f'{CLAMART};"B'], "line 2: not CSV"),
        (["siret;name;vendors", f'{CLAMART};"B"x;'], "line 2: not CSV"),
    ],
)
def test_a_defect_is_told_with_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    assert _refusal(tmp_path, *lines).startswith(says) or says in _refusal(tmp_path, *lines)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TenantsFileError, match="not UTF-8; save it as CSV UTF-8"):
        _read(tmp_path, HEADER, f"{BOURG};CCAS de l'Évêque;;;;;", encoding="latin-1")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(TenantsFileError, match=r"cannot be read"):
            read_tenants_csv(path)
