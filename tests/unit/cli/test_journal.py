"""The journal's commands: a CCAS's records found, exported and purged, and nobody named on a command line or in what is said."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from connector.cli.journal import options
from connector.cli.journal.commands import journal
from connector.cli.journal.report import csv_cell
from connector.clock import utc_now
from connector.storage.database import open_database
from connector.storage.journal.keys import JournalKeys, new_key
from connector.storage.journal.store import JournalStore, Wanted
from connector.storage.schema import ensure_current
from connector.tokens.scheduled.journal import PURGED_EVERY, JournalPurge
from tests.fakes import START, ManualTime
from tests.records import record
from tests.registry import BOURG, CLAMART

KEY = new_key()
KEYS = JournalKeys(SecretStr(KEY))
IDENTITY = {"nom_naissance": "Lefèvre", "prenoms": ["Claire"], "date_naissance": "1991-04-17"}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", url)
    monkeypatch.setenv("CONNECTOR_JOURNAL_KEY", KEY)
    opened = open_database(SecretStr(url))
    ensure_current(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def store(engine: Engine) -> JournalStore:
    return JournalStore(engine)


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(journal, list(arguments), input=stdin, catch_exceptions=False)


def found(*arguments: str, stdin: str | None = None) -> list[str]:
    result = run(*arguments, "--tenant", CLAMART, "--json", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return [each["job_id"] for each in json.loads(result.stdout)]


def hashed(tenant: str = CLAMART, date: str = "1991-04-17", kind: str = "person") -> str:
    return KEYS.hashed(tenant, kind, f"LEFEVRE|CLAIRE|{date}" if kind == "person" else "0000000000A")


def test_records_are_searched_within_a_tenant_the_newest_first(store: JournalStore) -> None:
    store.write([record(1), record(2, agent="agent-2"), record(3), record(4, tenant=BOURG)])
    assert found("search") == ["job-3", "job-2", "job-1"]
    assert found("search", "--agent", "agent-2") == ["job-2"]
    assert found("search", "--check", "quotient_familial", "--outcome", "no_record") == []


def test_a_day_is_a_day_in_paris(store: JournalStore) -> None:
    # Midnight in Paris is 23:00 of the day before in UTC, in winter.
    midnight = START.replace(hour=23, minute=0)
    store.write([record(1, at=midnight - timedelta(seconds=1)), record(2, at=midnight)])
    assert found("search", "--since", "2026-11-24") == ["job-2"]
    assert found("search", "--until", "2026-11-23") == ["job-1"]
    assert found("search", "--since", "2026-11-23", "--until", "2026-11-24") == ["job-2", "job-1"]


def test_it_is_said_that_there_are_more(store: JournalStore) -> None:
    store.write([record(1), record(2)])
    result = run("search", "--tenant", CLAMART, "--limit", "1")
    assert "job-2" in result.stdout
    assert "job-1" not in result.stdout
    assert "of more" in result.stderr
    assert "No record." in run("search", "--tenant", BOURG).stdout


def test_hashes_are_shown_nowhere(store: JournalStore) -> None:
    store.write([record(1, person=hashed(), identifier=hashed(kind="ine"))])
    shown = "".join(
        run(*command, "--tenant", CLAMART, stdin=json.dumps({"identity": IDENTITY})).output
        for command in (
            ["search"],
            ["search", "--json"],
            ["person", "--json"],
            ["export"],
            ["export", "--format", "jsonl"],
        )
    )
    assert shown.count("job-1") == 5
    assert hashed()[9:30] not in shown
    assert "Lef" not in shown


def test_a_person_is_found_in_another_spelling_and_with_less_of_the_date(store: JournalStore) -> None:
    store.write(
        [
            record(1, person=hashed()),
            record(2, person=hashed(date="1991-04")),
            record(3, person=hashed(date="1992-04-17")),
            record(4, person=hashed(BOURG)),
            record(5, person=hashed(), tenant=BOURG),
            record(6, person=None, identifier=hashed(kind="ine")),
        ]
    )
    assert found("person", stdin=json.dumps({"identity": IDENTITY})) == ["job-2", "job-1"]
    upper = IDENTITY | {"nom_naissance": "LEFEVRE", "prenoms": ["CLAIRE"]}
    assert found("person", "--since", "2026-11-23", stdin=json.dumps({"identity": upper})) == [
        "job-2",
        "job-1",
    ]
    assert found("person", stdin=json.dumps({"ine": "0000000000a"})) == ["job-6"]


def test_what_a_former_key_hashed_is_found_while_it_is_given(
    store: JournalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([record(1, person=hashed())])
    new = new_key()
    monkeypatch.setenv("CONNECTOR_JOURNAL_KEY", f"{new},{KEY}")
    assert found("person", stdin=json.dumps({"identity": IDENTITY})) == ["job-1"]
    monkeypatch.setenv("CONNECTOR_JOURNAL_KEY", new)
    result = run("person", "--tenant", CLAMART, stdin=json.dumps({"identity": IDENTITY}))
    assert "No record." in result.stdout
    assert result.exit_code == 1
    assert (
        "1 records of this CCAS are hashed under a key that is not in CONNECTOR_JOURNAL_KEY" in result.stderr
    )


def test_it_is_said_how_many_records_nobody_can_be_found_by(store: JournalStore) -> None:
    by_number = record(4, person=None, identifier=hashed(kind="ine"))
    others = [record(2, person=None), record(3, person=None, tenant=BOURG), by_number]
    store.write([record(1, person=hashed()), *others])
    result = run("person", "--tenant", CLAMART, stdin=json.dumps({"identity": IDENTITY}))
    assert result.exit_code == 0
    assert "2 records hold no identity" in result.stderr
    assert "hold no identity" not in run("person", "--tenant", CLAMART, stdin='{"ine": "0000000000A"}').stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--tenant", "2692002360001"), "not a SIRET"),
        (("--tenant", CLAMART, "--check", "quotien_familial"), "did you mean quotient_familial"),
        (("--tenant", CLAMART, "--outcome", "not_found"), "did you mean"),
        (("--tenant", CLAMART, "--since", "2026-11-02", "--until", "2026-11-01"), "--since is after --until"),
    ],
)
@pytest.mark.parametrize("command", ["search", "person", "export"])
def test_a_filter_that_can_find_nothing_is_refused(
    store: JournalStore, command: str, arguments: tuple[str, ...], told: str
) -> None:
    """Else a typing error reads as that nobody asked."""
    result = run(command, *arguments, stdin=json.dumps({"identity": IDENTITY}))
    assert result.exit_code == 2
    assert told in result.stderr


def test_only_a_siret_is_purged_of_its_records(store: JournalStore) -> None:
    assert run("purge", "--tenant", "nonsense", "--dry-run").exit_code == 2


def test_what_would_act_on_a_terminal_is_not_printed(store: JournalStore) -> None:
    store.write([record(1, agent="\x9b31mred", dossier="\u202ekcab")])
    shown = run("search", "--tenant", CLAMART).stdout
    assert "red" in shown
    assert not {"\x9b", "\u202e"} & set(shown + run("search", "--tenant", CLAMART, "--json").stdout)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "[]",
        "LEFEVRE",
        "{}",
        '{"identity": "LEFEVRE"}',
        '{"identity": {"nom_naissance": "LEFEVRE"}}',
        '{"identity": {"nom_naissance": "LEFEVRE", "prenoms": []}}',
        '{"identity": {"nom_naissance": "LEFEVRE", "prenoms": ["A"], "date_naissance": "17/04/1991"}}',
        '{"ine": "LEFEVRE", "identifiant": "LEFEVRE"}',
        '{"ine": ""}',
    ],
)
def test_what_names_nobody_is_refused_and_not_repeated(store: JournalStore, given: str) -> None:
    result = run("person", "--tenant", CLAMART, stdin=given)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "LEFEVRE" not in result.output


def test_without_a_key_a_person_is_not_searched(store: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONNECTOR_JOURNAL_KEY")
    result = run("person", "--tenant", CLAMART, stdin="{}")
    assert result.exit_code == 2
    assert "ccas-connector journal new-key" in result.stderr
    assert found("search") == []


def test_a_prompt_asks_for_the_person(store: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write([record(1, person=hashed()), record(2, identifier=hashed(kind="ine"))])
    monkeypatch.setattr(options, "_is_a_terminal", lambda: True)
    by_name = run("person", "--tenant", CLAMART, stdin="\nLefevre\nClaire, Anne\n1991-04-17\n")
    by_ine = run("person", "--tenant", CLAMART, stdin="ine\n0000000000A\n")
    assert ("job-1" in by_name.stdout, "job-2" in by_name.stdout) == (True, False)
    assert ("job-1" in by_ine.stdout, "job-2" in by_ine.stdout) == (False, True)


def rows(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_an_export_is_whole_the_oldest_first_in_a_file_of_its_owner_s(
    store: JournalStore, tmp_path: Path
) -> None:
    store.write([record(2), record(1, agent="=HYPERLINK(1)", dossier=None), record(3, tenant=BOURG)])
    output = tmp_path / "journal.csv"
    result = run("export", "--tenant", CLAMART, "--output", str(output))
    assert "2 records exported" in result.stderr
    assert output.stat().st_mode & 0o777 == 0o600
    assert [row["job_id"] for row in rows(output.read_text())] == ["job-1", "job-2"]
    # A spreadsheet must not run what a vendor chose.
    assert rows(output.read_text())[0]["agent"] == "'=HYPERLINK(1)"
    lines = run("export", "--tenant", CLAMART, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["agent"] for line in lines] == ["=HYPERLINK(1)", "agent-4831"]


FORMULAS = "=+-@\uff1d\uff0b\uff0d\uff20"
SEPARATORS = [";", ",", "\t", "|", " ", "\n", "\r", ":", '"', "'", "\u00a0", ";;", "\t \t", '";', '"," ']
REFERENCES = st.text(alphabet=f"{FORMULAS};,|: \t\r\n\"'.a1\u00a0", max_size=30)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("first", FORMULAS)
def test_no_cell_of_an_export_is_a_formula_whatever_it_is_split_at(
    separator: str, first: str, store: JournalStore, tmp_path: Path
) -> None:
    formula, output = f"{first}HYPERLINK(A1)", tmp_path / "journal.csv"
    texts = (f"a{separator}{formula}", f"{separator}{formula}{separator}", formula)
    store.write([record(1, agent=texts[0], dossier=texts[1], purpose=texts[2])])
    assert run("export", "--tenant", CLAMART, "--output", str(output)).exit_code == 0
    text = output.read_bytes().decode()
    assert text.count(formula) == len(texts)
    assert text.count(f"'{formula}") == len(texts)


@settings(deadline=None, max_examples=300)
@given(text=REFERENCES)
def test_a_text_is_exported_with_marks_and_nothing_else_is_changed(text: str) -> None:
    cell = csv_cell(text)
    assert cell.replace("'", "") == text.replace("'", "")
    for separators in (";", ",", "\t", "|", " ", "\n", ";,", '";', "; \t|,\n"):
        for piece in re.split(f"[{re.escape(separators)}]", cell):
            assert not piece.lstrip(' "').startswith(tuple(FORMULAS))


@pytest.mark.parametrize(
    "text",
    [
        "agent-4831",
        "2026-004711",
        "a@b",
        "2026-11-23T09:00:00+01:00",
        "26920023600017",
        "é-1",
        "'quoted'",
        "a=b",
    ],
)
def test_what_is_no_formula_is_exported_as_it_is(text: str) -> None:
    assert csv_cell(text) == text


def test_an_export_that_fails_leaves_what_stood_there(
    store: JournalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([record(1)])
    output = tmp_path / "journal.csv"
    output.write_text("former", "utf-8")
    output.chmod(0o644)
    each = JournalStore.each

    def failing(self: JournalStore, wanted: Wanted) -> Iterator[Any]:
        yield from each(self, wanted)
        raise OperationalError("SELECT", {}, RuntimeError())

    monkeypatch.setattr(JournalStore, "each", failing)
    assert run("export", "--tenant", CLAMART, "--output", str(output)).exit_code == 2
    assert [output.read_text("utf-8"), *tmp_path.glob(".journal*")] == ["former"]
    monkeypatch.setattr(JournalStore, "each", each)
    assert run("export", "--tenant", CLAMART, "--output", str(output)).exit_code == 0
    assert output.stat().st_mode & 0o777 == 0o600


def test_an_export_takes_the_name_of_no_link(store: JournalStore, tmp_path: Path) -> None:
    """Such as /dev/stdout, which would be a file from then on."""
    store.write([record(1)])
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    result = run("export", "--tenant", CLAMART, "--output", str(link))
    assert (result.exit_code, link.is_symlink()) == (2, True)


def test_an_export_that_cannot_be_written_says_so(store: JournalStore, tmp_path: Path) -> None:
    result = run("export", "--tenant", CLAMART, "--output", str(tmp_path / "none" / "journal.csv"))
    assert result.exit_code == 2
    assert "cannot be written (No such file or directory)" in result.stderr


def test_a_purge_counts_asks_and_deletes_what_is_old(
    store: JournalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    store.write(
        [record(1, at=now - timedelta(days=1200)), record(2, at=now - timedelta(days=100)), record(3, at=now)]
    )
    dry = run("purge", "--dry-run")
    assert dry.stdout.startswith("1 records of calls before")
    assert "dry run" in dry.stdout
    assert run("purge", stdin="n\n").exit_code == 1
    assert store.count(Wanted()) == 3
    assert "1 of 1 records purged" in run("purge", "--yes").stdout
    monkeypatch.setenv("CONNECTOR_JOURNAL_MONTHS", "2")
    assert run("purge", "--older-than", "12m", "--yes").stdout.startswith("0 records")
    assert "1 of 1 records purged" in run("purge", "--yes", "--tenant", CLAMART).stdout
    assert [row.job_id for row in store.each(Wanted())] == ["job-3"]


@pytest.mark.parametrize("age", ["36d", "0", "m", "-3m", "1.5m"])
def test_an_age_is_in_calendar_months(age: str) -> None:
    assert "give calendar months: 36m" in run("purge", "--older-than", age, "--dry-run").stderr


def test_a_new_key_serves() -> None:
    assert JournalKeys(SecretStr(run("new-key").stdout)).names


async def test_beat_purges_what_is_past_its_retention_a_few_at_a_time(
    store: JournalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.tokens.scheduled.journal.PURGED_AT_ONCE", 2)
    time, kept = ManualTime(), 0

    async def keep() -> None:
        nonlocal kept
        kept += 1

    store.write(record(number) for number in range(5))
    purge = JournalPurge(store=store, months=1, clock=time.clock)
    assert await purge.run(keep) == PURGED_EVERY
    assert store.count(Wanted()) == 5
    time.advance(31 * 24 * 3600)
    await purge.run(keep)
    assert (store.count(Wanted()), kept) == (0, 3)
