"""The AsyncAPI document, read by the AsyncAPI project's own parser, which npm brings on the first run."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "asyncapi" / "validate.mjs"
PINNED = ROOT / "tests" / "asyncapi" / "package.json"
CACHE = ROOT / ".cache" / "asyncapi"
PARSER = "@asyncapi/parser"
INSTALL_SECONDS = 300
READ_SECONDS = 120


@pytest.fixture(scope="module")
def parser() -> Path:
    """A folder that has the pinned parser in its ``node_modules``."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is needed (18 or later): sudo apt-get install nodejs npm", pytrace=False)
    if _installed() != json.loads(PINNED.read_text())["dependencies"][PARSER]:
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.copy(PINNED, CACHE)
        _install()
    return CACHE


def _installed() -> str | None:
    manifest = CACHE / "node_modules" / PARSER / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else None


def _install() -> None:
    command = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(
            command, cwd=CACHE, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"npm did not bring {PARSER} within {INSTALL_SECONDS} s", pytrace=False)
    except subprocess.CalledProcessError as error:
        pytest.fail(f"npm did not bring {PARSER}:\n{error.stderr}", pytrace=False)


def _read(parser: Path, document: Path) -> tuple[int, str]:
    finished = subprocess.run(
        ["node", str(PROGRAM), str(document)],
        cwd=parser,
        check=False,
        capture_output=True,
        text=True,
        timeout=READ_SECONDS,
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def published() -> Path:
    return ROOT / "schemas" / "asyncapi.json"


def test_the_published_document_is_accepted(parser: Path, published: Path) -> None:
    status, output = _read(parser, published)
    assert status == 0, output
    assert "error" not in output.split()
    assert "warning" not in output.split()


def test_whatever_becomes_a_class_has_a_name_for_the_parser(
    parser: Path, published: Path, tmp_path: Path
) -> None:
    assert "unnamed" not in _read(parser, published)[1]
    document = json.loads(published.read_text(encoding="utf-8"))
    document["components"]["schemas"]["Reply"]["properties"]["of_no_name"] = {"enum": ["a"]}
    nameless = tmp_path / "asyncapi.json"
    nameless.write_text(json.dumps(document), encoding="utf-8")
    assert _read(parser, nameless)[1].count("unnamed") == 1


def _misspelled_action(document: dict[str, Any]) -> None:
    document["operations"]["sendJob"]["action"] = "sned"


def _dangling_reference(document: dict[str, Any]) -> None:
    document["channels"]["verifications"]["messages"]["request"]["$ref"] = "#/components/messages/none"


def _schema_of_no_type(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Reply"]["type"] = "objet"


@pytest.mark.parametrize("breaking", [_misspelled_action, _dangling_reference, _schema_of_no_type])
def test_a_broken_document_is_refused(
    parser: Path, published: Path, tmp_path: Path, breaking: Callable[[dict[str, Any]], None]
) -> None:
    document = json.loads(published.read_text(encoding="utf-8"))
    breaking(document)
    broken = tmp_path / "asyncapi.json"
    broken.write_text(json.dumps(document), encoding="utf-8")
    status, output = _read(parser, broken)
    assert status == 1, output
    assert "error" in output.split()


def test_a_document_that_is_not_there_is_another_failure(parser: Path, tmp_path: Path) -> None:
    status, output = _read(parser, tmp_path / "none.json")
    assert (status, "ENOENT" in output) == (2, True)
