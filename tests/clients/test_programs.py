"""Six vendors' programs through thirteen situations, over TLS, with the vendor's own rights."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from tests.clients.languages import LANGUAGES, LanguageError
from tests.clients.play import Play
from tests.clients.report import PLAYED
from tests.clients.situations import SITUATIONS
from tests.clients.stage import open_stage


@pytest.fixture(scope="module")
def unbuilt() -> dict[str, LanguageError]:
    """The languages whose program could not be built, with the reason."""
    return {}


@pytest.fixture(scope="module")
def commands(
    unbuilt: dict[str, LanguageError], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Sequence[str]]:
    """The command of each program, by language."""
    built: dict[str, Sequence[str]] = {}
    for language in LANGUAGES:
        try:
            built[language.name] = language.command(tmp_path_factory.mktemp(language.name))
        except LanguageError as error:
            unbuilt[language.name] = error
    return built


@pytest.fixture(scope="module")
def stage_play(
    commands: Mapping[str, Sequence[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Play]:
    """The programs that were built, on their stage."""
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    with open_stage(commands, tmp_path_factory.mktemp("stage")) as stage:
        yield Play(stage)


@pytest.mark.parametrize("language", [language.name for language in LANGUAGES])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_program_goes_through_a_situation(
    stage_play: Play,
    unbuilt: dict[str, LanguageError],
    language: str,
    situation: str,
    record_property: Callable[[str, object], None],
) -> None:
    if language in unbuilt:
        pytest.fail(str(unbuilt[language]), pytrace=False)
    stage_play.see(language, situation)
    record_property(PLAYED, f"{language}:{situation}")
