"""The Containerfile keeps what ``deploy/README.md`` promises of the image; ``make image`` builds it and runs it."""

import os
import re
import shlex
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.containers import ROOT, Instruction, command_of, labels, stages
from tests.image.build import Workshop, clean
from tests.image.looks import canonical, locked
from tests.image.tools import ImageError, require_tools

BUILD, RUNTIME = stages()
IGNORED = (ROOT / ".containerignore").read_text("utf-8").splitlines()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _only(word: str) -> Instruction:
    (found,) = [instruction for instruction in RUNTIME if instruction.word == word]
    return found


def _ran(stage: list[Instruction]) -> list[list[str]]:
    return [
        shlex.split(command)
        for instruction in stage
        if instruction.word == "RUN"
        for command in re.sub(r"--mount=\S+", "", instruction.rest).split("&&")
    ]


def test_both_stages_begin_with_the_base_that_is_given() -> None:
    assert [stage[0].rest for stage in (BUILD, RUNTIME)] == ["${BASE} AS build", "${BASE}"]


def test_nothing_is_installed_from_an_index_but_what_a_lock_has_with_its_hashes() -> None:
    installing = [words for words in _ran(BUILD) if "pip" in words[0] and {"install", "wheel"} & set(words)]
    assert len(installing) == 4
    for words in installing:
        assert "--require-hashes" in words or {"--no-index", "--no-deps"} <= set(words)
    delivered = [words for words in installing if "/opt/ccas-connector/bin/python" in words]
    assert [words[words.index("--requirement") + 1] for words in delivered if "--requirement" in words] == [
        "/build/requirements.lock"
    ]


def test_the_lock_of_the_build_has_what_the_build_requires() -> None:
    """And at the versions of the lock of what develops, which the suite has run with."""
    pinned = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\]+)", re.MULTILINE)
    building = dict(pinned.findall((ROOT / "deploy/image/requirements-build.txt").read_text("utf-8")))
    developing = dict(pinned.findall((ROOT / "requirements-dev.lock").read_text("utf-8")))
    assert set(PROJECT["build-system"]["requires"]) <= building.keys()
    assert building.items() <= developing.items()


def test_the_lock_serves_the_first_pythons_of_the_oldest_version_that_is_supported() -> None:
    """``redis`` needs it there, Debian 12 among them; a lock that is written with a later Python would not have it."""
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert "async-timeout" in locked()
    assert canonical("Async_Timeout") == "async-timeout"


def test_the_runtime_has_python_and_certificates_and_nothing_that_builds() -> None:
    (installed,) = [words for words in _ran(RUNTIME) if words[:2] == ["apt-get", "install"]]
    packages = {word for word in installed[2:] if not word.startswith("-")}
    assert packages == {"ca-certificates", "python3"}
    assert "--no-install-recommends" in installed
    assert "--without-pip" in next(words for words in _ran(BUILD) if "/opt/ccas-connector" in words)
    copied = [instruction.rest for instruction in RUNTIME if instruction.word in ("COPY", "ADD")]
    assert copied == ["--from=build /opt/ccas-connector /opt/ccas-connector"]


def test_it_is_nobody_s_that_a_name_would_have_to_be_looked_up_for() -> None:
    user, group = _only("USER").rest.split(":")
    assert int(user) > 999
    assert int(group) > 999
    words = [instruction.word for instruction in RUNTIME]
    assert words.index("USER") > max(at for at, word in enumerate(words) if word in ("RUN", "COPY"))


def test_no_shell_stands_between_the_orchestrator_and_the_command() -> None:
    assert _only("ENTRYPOINT").words() == ["ccas-connector"]
    assert _only("CMD").words() == ["--help"]
    assert _only("STOPSIGNAL").rest == "SIGTERM"
    assert not [
        instruction for stage in (BUILD, RUNTIME) for instruction in stage if instruction.word == "SHELL"
    ]


def test_its_health_is_asked_by_the_project_s_own_command_where_a_worker_is_to_listen() -> None:
    options, _, form = _only("HEALTHCHECK").rest.partition(" CMD ")
    words = Instruction("CMD", form).words()
    assert words[0] == "ccas-connector"
    given = command_of(words[1:]).params
    assert given["live"]
    assert given["url"] == f"http://127.0.0.1:{_only('EXPOSE').rest}"
    assert {"--interval", "--timeout", "--start-period", "--retries"} == {
        option.partition("=")[0] for option in options.split()
    }


def test_its_labels_are_the_project_s() -> None:
    prefix = "org.opencontainers.image"
    assert dict(labels()) == {
        f"{prefix}.title": PROJECT["project"]["name"],
        f"{prefix}.description": PROJECT["project"]["description"],
        f"{prefix}.licenses": PROJECT["project"]["license"],
        f"{prefix}.version": "${VERSION}",
        f"{prefix}.revision": "${REVISION}",
    }


def test_what_is_copied_is_in_the_repository_and_reaches_the_build() -> None:
    allowed = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}
    copied = {
        source
        for instruction in BUILD
        if instruction.word == "COPY"
        for source in instruction.rest.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
    assert {*PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "pyproject.toml"} <= copied
    assert {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]} <= copied


def test_the_context_is_a_list_of_what_goes_in() -> None:
    """A key or a database that lies in a checkout is never sent to whoever builds."""
    lines = [line for line in IGNORED if line and not line.startswith("#")]
    assert lines[0] == "*"
    # Docker reads its own name.
    assert (ROOT / ".dockerignore").readlink().name == ".containerignore"


def test_what_the_mirror_asks_for_stays_out_of_the_layers() -> None:
    mounted = [
        found
        for instruction in BUILD
        for found in re.findall(r"--mount=type=secret,id=(\S+)", instruction.rest)
    ]
    assert set(mounted) == {"pip.conf", "ca.pem"}
    (environment,) = [instruction.rest for instruction in BUILD if instruction.word == "ENV"]
    assert f"PIP_CONFIG_FILE={PurePosixPath('/run/secrets') / 'pip.conf'}" in environment


@pytest.mark.parametrize("word", ["VOLUME", "ONBUILD", "ADD"])
def test_it_has_no_instruction_that_does_something_behind_one_s_back(word: str) -> None:
    assert not [
        instruction for stage in (BUILD, RUNTIME) for instruction in stage if instruction.word == word
    ]


def test_cleaning_removes_what_was_made_and_nothing_else(tmp_path: Path) -> None:
    made, other = tmp_path / "made", tmp_path / "other"
    Workshop(made, lambda _line: None)
    clean(made)
    clean(made)
    assert not made.exists()
    other.mkdir()
    (other / "letters").touch()
    for use in (clean, lambda folder: Workshop(folder, lambda _line: None)):
        with pytest.raises(ImageError, match="give another --folder"):
            use(other)
    assert (other / "letters").exists()


def test_whoever_is_not_root_is_told_how_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ImageError, match=r"sudo .*-m tests\.image"):
        require_tools(lambda _line: None)


def test_where_apt_brings_nothing_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ImageError, match="apt-get install debootstrap buildah"):
        require_tools(lambda _line: None)
