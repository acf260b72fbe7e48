"""The ledger of a campaign: what it noted before a crash it knows after it, and nothing of a person."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from connector.cli.vendor.jobs_file import VendorJob
from connector.cli.vendor.ledger import Ledger, LedgerError, opened
from connector.cli.vendor.outcome import Outcome
from connector.cli.vendor.report import Exit, exit_status, report_of
from tests.modes import modes

JOBS = tuple(
    VendorJob(job_id=f"job-{number}", body=f'{{"nom": "ROUX {number}"}}'.encode(), line=number)
    for number in range(4)
)
ABOUT = {"vendor": "millesime", "lane": "batch"}
DONE = Outcome(status="completed")
WRONG = Outcome(status="rejected", codes=("unknown_tenant",), is_to_mend=True)


def ids(jobs: Sequence[VendorJob]) -> list[str]:
    return [job.job_id for job in jobs]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file of a first run: one job answered, one mended, one awaited, one not published."""
    state = tmp_path / "jobs.csv.state"
    with opened(state, JOBS, ABOUT) as ledger:
        for job in JOBS[:3]:
            ledger.note_published(job)
        ledger.note_answer("job-0", DONE)
        ledger.note_answer("job-1", WRONG)
        assert not ledger.note_answer("job-0", DONE)
        ledger.commit()
    return state


def test_what_was_noted_is_known_again(path: Path) -> None:
    with opened(path, JOBS, ABOUT) as ledger:
        assert (ids(ledger.unpublished), ids(ledger.awaited)) == (["job-3"], ["job-2"])
        assert ledger.outcomes == {"job-0": DONE, "job-1": WRONG}
        assert (ledger.duplicates, ledger.runs) == (1, 2)
    with opened(path, JOBS, ABOUT) as ledger:
        assert ledger.runs == 3


def test_the_report_adds_up(path: Path) -> None:
    with opened(path, JOBS, ABOUT) as ledger:
        report = report_of(ledger, ABOUT)
        assert report["jobs"] == report["answered"] + report["awaited"] + report["not_published"] == 4
        assert report["published"] == report["answered"] + report["awaited"] == 3
        assert sum(report["by_status"].values()) == report["answered"] == 2
        assert (report["to_mend"], report["to_mend_jobs"]) == (1, ["job-1"])
        assert report["awaited_jobs"] == ["job-2"]
        assert exit_status(ledger) is Exit.MISSING
        for job_id in ("job-2", "job-3"):
            ledger.note_answer(job_id, DONE)
        assert exit_status(ledger) is Exit.TO_MEND


def test_all_answered_and_nothing_to_mend_is_well() -> None:
    ledger = Ledger(JOBS)
    for job in JOBS:
        ledger.note_answer(job.job_id, DONE)
    assert exit_status(ledger) is Exit.ANSWERED
    assert ledger.published == 4


def test_what_was_not_committed_happens_again(tmp_path: Path) -> None:
    with opened(tmp_path / "state", JOBS, ABOUT) as ledger:
        ledger.note_published(JOBS[0])
    with opened(tmp_path / "state", JOBS, ABOUT) as ledger:
        assert ids(ledger.unpublished) == ids(JOBS)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_line_that_a_crash_cut_short_is_taken_off(path: Path, cut: int) -> None:
    whole = path.read_bytes()
    os.truncate(path, len(whole) - cut)
    with opened(path, JOBS, ABOUT) as ledger:
        # The last line told of the duplicate.
        assert ledger.duplicates == 0
        ledger.note_answer("job-2", DONE)
        ledger.commit()
    with opened(path, JOBS, ABOUT) as ledger:
        assert ids(ledger.awaited) == []


def test_what_a_power_cut_leaves_of_an_append_is_taken_off(path: Path) -> None:
    """A file system may have noted that a file is longer, and not yet with what: it ends in zero bytes."""
    with path.open("ab") as file:
        file.write(bytes(300))
    with opened(path, JOBS, ABOUT) as ledger:
        assert ids(ledger.awaited) == ["job-2"]
    assert b"\0" not in path.read_bytes()


def test_a_first_line_that_a_crash_cut_short_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "state").write_text('{"ledger":1,"sa', "utf-8")
    with opened(tmp_path / "state", JOBS, ABOUT) as ledger:
        assert ids(ledger.unpublished) == ids(JOBS)
    with opened(tmp_path / "state", JOBS, ABOUT) as ledger:
        assert ledger.runs == 2


def test_nothing_of_a_person_is_kept_and_others_do_not_read_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "ROUX" not in text
    assert modes(path.parent) == {path.name: 0o600}
    digests = {line["digest"] for line in map(json.loads, text.splitlines()) if "digest" in line}
    assert len(digests) == 3


def test_one_body_has_another_digest_in_another_file(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        with opened(tmp_path / name, JOBS, ABOUT) as ledger:
            ledger.note_published(JOBS[0])
            ledger.commit()
        digests.append(json.loads((tmp_path / name).read_text("utf-8").splitlines()[1])["digest"])
    assert digests[0] != digests[1]


def test_a_job_that_has_changed_is_refused_with_its_line(path: Path) -> None:
    changed = (JOBS[0], VendorJob(job_id="job-1", body=b"{}", line=7), *JOBS[2:])
    with pytest.raises(LedgerError, match=r"ligne 7 .*--restart"), opened(path, changed, ABOUT):
        pass
    with opened(path, changed, ABOUT, restart=True) as ledger:
        assert ids(ledger.unpublished) == ids(changed)


def test_a_job_that_is_no_longer_in_the_file_is_not_counted(path: Path) -> None:
    with opened(path, JOBS[1:], ABOUT) as ledger:
        assert (ledger.answered, len(ledger.jobs), ledger.duplicates) == (1, 3, 0)


def test_another_vendor_or_lane_is_refused(path: Path) -> None:
    with (
        pytest.raises(LedgerError, match="vendor millesime, et non sonate"),
        opened(path, JOBS, {**ABOUT, "vendor": "sonate"}),
    ):
        pass


def test_two_at_once_are_refused(path: Path) -> None:
    with (
        opened(path, JOBS, ABOUT),
        pytest.raises(LedgerError, match="déjà ce fichier"),
        opened(path, JOBS, ABOUT),
    ):
        pass


@pytest.mark.parametrize("text", ["job_id;tenant", "job_id\na", "{}\n{", "[]\n", '{"ledger": 2}\n'])
def test_a_file_of_something_else_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(text, "utf-8")
    path.chmod(0o664)
    for restart in (False, True):
        with pytest.raises(LedgerError, match="n'est pas l'état"), opened(path, JOBS, ABOUT, restart=restart):
            pass
    assert path.read_text("utf-8") == text
    assert modes(tmp_path) == {"jobs.csv": 0o664}


@pytest.mark.parametrize("salt", [{}, {"salt": "no hex"}, {"salt": None}])
def test_a_ledger_without_its_salt_is_refused(tmp_path: Path, salt: dict[str, object]) -> None:
    path = tmp_path / "jobs.csv.state"
    path.write_text(json.dumps({"ledger": 1, **ABOUT, **salt}) + "\n", "utf-8")
    with pytest.raises(LedgerError, match="n'est pas l'état"), opened(path, JOBS, ABOUT):
        pass


def test_a_line_of_something_else_is_refused(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write('{"answered": "job-2"}\n')
    with pytest.raises(LedgerError, match="n'est pas l'état"), opened(path, JOBS, ABOUT):
        pass
