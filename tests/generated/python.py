"""pydantic classes of the published schemas, made by datamodel-code-generator in a virtual environment of its own.

It is not a dependency of the tests: it brings black, isort, Jinja2 and ten more, of which none runs beside the connector, and the
classes that it makes need pydantic alone.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
CACHE: Final = ROOT / ".cache" / "generated" / "python"
OPTIONS: Final = (
    "--input-file-type=jsonschema",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--collapse-root-models",
)
"""As the guide gives them."""
OPEN: Final = "--extra-fields=allow"
"""For replies: members of a later version are kept."""
_INSTALL_SECONDS: Final = 300
_GENERATE_SECONDS: Final = 120


class GeneratorError(Exception):
    """A program that makes classes could not be had, or made none; the message holds what it said."""


def python_classes(schema: Path, folder: Path) -> ModuleType:
    """Return the module of classes made of a published schema. Raises ``GeneratorError``."""
    module = folder / f"{schema.name.split('.')[1]}_classes.py"
    of_replies = (OPEN,) if ".reply." in schema.name else ()
    files = (f"--input={schema}", f"--output={module}")
    arguments = (*files, "--disable-timestamp", "--no-formatters", *OPTIONS, *of_replies)
    _run([str(_installed() / "bin" / "datamodel-codegen"), *arguments], _GENERATE_SECONDS)
    spec = importlib.util.spec_from_file_location(module.stem, module)
    if spec is None or spec.loader is None:
        raise GeneratorError(f"{module} is no module")
    classes = importlib.util.module_from_spec(spec)
    sys.modules[module.stem] = classes  # pydantic looks a class's names up in it
    spec.loader.exec_module(classes)
    return classes


def _installed() -> Path:
    """Return the virtual environment, made anew where it is not that of the requirements."""
    stamp = CACHE / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        shutil.rmtree(CACHE, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(CACHE)], _INSTALL_SECONDS)
        pip = [
            str(CACHE / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        _run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], _INSTALL_SECONDS)
        shutil.copy(REQUIREMENTS, stamp)
    return CACHE


def _run(command: list[str], seconds: float) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise GeneratorError(f"{command[0]} did not end within {seconds:.0f} s") from None
    except subprocess.CalledProcessError as error:
        raise GeneratorError(f"{command[0]}:\n{error.stderr}") from None
