"""The contract's pages hold every published member, lead to one another, and need nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.catalogue import CATALOGUE
from connector.cli import command_line
from connector.documents.catalogue_schemas import schema_documents
from connector.documents.describe import scopes
from connector.documents.members import data_members, envelope_members, parameters_of
from connector.documents.pages.codes import expected_codes
from connector.documents.pages.html import document, el, prose, table
from connector.documents.pages.overview import CHECK_STATUSES, JOB_STATUSES
from connector.documents.pages.site import pages
from schemas.codes import CheckCode, CheckStatus, JobCode, JobStatus
from schemas.reply import Reply
from schemas.request import VerificationRequest

FOLDER = Path("contrat")
PAGES = {path.name: text for path, text in pages(FOLDER).items()}
VOID = {"meta", "wbr", "br", "hr", "img", "input", "link"}
LEADS_ELSEWHERE = re.compile(
    r"https?:|//|@import|url\(|<script|<iframe|<img|\ssrc=|javascript:", re.IGNORECASE
)


class _Strict(HTMLParser):
    """Reads a page, and complains of what a browser would mend by itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.tables: list[list[str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        values = dict(attrs)
        if tag == "a":
            self.links.append(values["href"] or "")
        if "id" in values:
            self.anchors.append(values["id"] or "")
        if tag == "table":
            self.tables.append([])
        if self.tables and tag in ("caption", "thead", "tbody"):
            self.tables[-1].append(tag)
        if tag == "th":
            assert values.get("scope") in ("col", "row")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> is not HTML: {attrs}")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def _read(name: str) -> _Strict:
    reader = _Strict()
    reader.feed(PAGES[name])
    reader.close()
    assert reader.open == []
    return reader


def test_there_is_an_overview_and_a_page_for_each_check() -> None:
    assert list(PAGES) == ["index.html", *(f"{name}.html" for name in CATALOGUE)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_in_itself_and_strictly_written(name: str) -> None:
    page, text = _read(name), PAGES[name]
    assert LEADS_ELSEWHERE.search(text) is None
    assert text.startswith('<!DOCTYPE html>\n<html lang="fr">')
    assert text.count("<h1>") == 1
    assert len(page.anchors) == len(set(page.anchors))
    assert page.tables
    assert all(parts == ["caption", "thead", "tbody"] for parts in page.tables)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = _read(name)
    assert page.links
    for link in page.links:
        target, _, anchor = link.partition("#")
        assert target in ("", *PAGES)
        assert not anchor or anchor in _read(target or name).anchors


def test_the_overview_leads_to_every_check() -> None:
    assert {f"{name}.html" for name in CATALOGUE} <= set(_read("index.html").links)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_check_s_page_has_every_member_that_is_published(name: str) -> None:
    definition, text = CATALOGUE[name], PAGES[f"{name}.html"].replace("<wbr>", "")
    for endpoint in definition.endpoints:
        for path in (member.path for member in data_members(endpoint.data)):
            assert f"<code>{path}</code>" in text
        assert f"<code>{endpoint.path}</code>" in text
    for parameter, _ in parameters_of(definition):
        assert f"<code>{parameter.name}</code>" in text
    for scope in scopes(definition):
        assert f"<code>{scope}</code>" in text
    published = schema_documents()[f"{name}.data.v1"]["properties"]
    assert all(f"<code>{member}</code>" in text for member in published)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_check_s_page_has_its_codes_its_notes_and_an_example(name: str) -> None:
    definition, text = CATALOGUE[name], _read(f"{name}.html").text.replace("\u00a0", " ")
    for told in (*(expected.detail for expected in expected_codes(definition)), *definition.notes):
        assert told.replace("`", "").replace("\u00a0", " ") in text
    assert f'"check": "{name}"' in text
    assert '"status": "completed"' in text


def test_codes_that_a_check_cannot_have_are_left_out() -> None:
    notice = {expected.code for expected in expected_codes(CATALOGUE["statut_sportif"])}
    family = {expected.code: expected for expected in expected_codes(CATALOGUE["quotient_familial"])}
    assert CheckCode.FRANCE_CONNECT_INVALID not in notice
    assert CheckCode.FRANCE_CONNECT_INVALID in family
    assert family[CheckCode.IDENTITY_AMBIGUOUS].status is CheckStatus.NOT_IDENTIFIED
    assert CheckCode.UNKNOWN_CHECK not in family


def test_the_overview_has_every_member_status_code_and_channel() -> None:
    text = PAGES["index.html"].replace("<wbr>", "")
    members = [member.path for model in (VerificationRequest, Reply) for member in envelope_members(model)]
    assert "identity.lieu_naissance.code_commune" in members
    assert "checks.reason.upstream.http_status" in members
    for name in (*members, *JobStatus, *CheckStatus, *JobCode, *CheckCode, "{vendor}.{lane}"):
        assert f"<code>{name}</code>" in text
    assert (set(JOB_STATUSES), set(CHECK_STATUSES)) == (set(JobStatus), set(CheckStatus))


def test_a_status_is_a_text_and_not_an_object() -> None:
    members = {member.path: member for member in envelope_members(Reply)}
    assert members["status"].schema["type"] == "string"
    assert members["checks.status"].schema["type"] == "string"


def test_a_text_is_escaped_and_its_code_told_apart() -> None:
    page = document("<&>", "", el("body", el("p", *prose("a < b : `c_d<e>`"))))
    assert "<title>&lt;&amp;&gt;</title>" in page
    assert "a &lt; b\u00a0: <code>c_<wbr>d&lt;e&gt;</code>" in page


def test_a_text_in_english_says_so() -> None:
    written = document("", "", el("body", table("T", ("A", "B"), [("a", "the first")], english=1)))
    assert '<td lang="en">the first</td>' in written
    assert '<th scope="row">a</th>' in written


def _export(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line, ["schemas", "export", *options])
    return result.exit_code, result.output


def test_export_writes_the_pages_and_leaves_other_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "contrat"
    folder.mkdir()
    (folder / "autre.html").write_text("<p>autre</p>")
    status, output = _export("--html", str(folder))
    assert (status, f"written  {folder / 'index.html'}" in output) == (0, True)
    assert {path.name for path in folder.iterdir()} == {*PAGES, "autre.html"}
    assert _export("--html", str(folder), "--check") == (0, "")
    (folder / "index.html").write_text("old")
    status, output = _export("--html", str(folder), "--check")
    assert (status, "index.html is stale; run: ccas-connector schemas export --html" in output) == (1, True)


def test_a_folder_that_is_not_there_or_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    status, output = _export("--html", str(tmp_path / "none"), "--check")
    assert (status, "no such folder" in output) == (2, True)
    (tmp_path / "file").write_text("")
    status, output = _export("--html", str(tmp_path / "file" / "contrat"))
    assert (status, len(output.splitlines())) == (2, 1)
