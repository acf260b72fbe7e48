"""The image's and Compose's files in ``deploy/``, read for the tests."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click
import yaml

from connector.cli import command_line
from connector.settings.settings import PREFIX, Settings
from tests.deploy import DEPLOY
from workers.cli import worker

ROOT: Final = DEPLOY.parent
COMPOSE: Final = DEPLOY / "compose"
IMAGE: Final = "ccas-connector:"
"""What the name of the connector's own image begins with."""
_DURATION: Final = re.compile(r"(\d+)(h|m|s)")
_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}
_VARIABLES: Final = re.compile(rf"\b{PREFIX}[A-Z_]+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Containerfile."""

    word: str
    rest: str

    def words(self) -> list[str]:
        """Return what the exec form gives. Raises ``ValueError`` where this is not in exec form."""
        words = json.loads(self.rest)
        if not isinstance(words, list):
            raise ValueError(f"{self.word} is not in exec form")  # noqa: TRY004 - as JSON's own error is
        return words


def stages() -> list[list[Instruction]]:
    """Return the instructions of each stage of the Containerfile; those before the first stage are left out."""
    text = (DEPLOY / "image" / "Containerfile").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n", " ", lines).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        if word and found:
            found[-1].append(Instruction(word, " ".join(rest.split())))
    return found


def compose() -> Any:
    """Return the Compose file, its anchors resolved."""
    return read_yaml(COMPOSE / "compose.yaml")


def compose_schema() -> Any:
    """Return the JSON Schema of the Compose specification."""
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((schemas / "compose-spec.json").read_text("utf-8"))


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


def own_services(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the services that run the connector's image."""
    return {
        name: service
        for name, service in document["services"].items()
        if service.get("image", "").startswith(IMAGE)
    }


def command_of(words: Sequence[str]) -> click.Context:
    """Return the command that these words run, its options read and nothing run. Raises ``click.ClickException``."""
    command_line.add_command(worker)
    context, rest = click.Context(command_line, info_name="ccas-connector"), list(words)
    command: click.Command = command_line
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            raise click.UsageError(f"{rest[0]}: no such command")
        command, rest = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    return command.make_context(command.name, rest, parent=context.parent)


def is_setting(variable: str) -> bool:
    """Tell whether a variable is a setting, or names its file."""
    return variable.removeprefix(PREFIX).removesuffix("_FILE").lower() in Settings.model_fields


def variables_in(text: str) -> set[str]:
    """Return the connector's variables that a text names."""
    return set(_VARIABLES.findall(text))


def seconds(duration: str) -> int:
    """Return how long one of Compose's durations is. Raises ``ValueError``."""
    parts = _DURATION.findall(duration)
    if "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"{duration} is no duration")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def labels() -> Iterator[tuple[str, str]]:
    """Yield the labels of the image."""
    for instruction in stages()[-1]:
        if instruction.word == "LABEL":
            for word in shlex.split(instruction.rest):
                name, _, value = word.partition("=")
                yield name, value
