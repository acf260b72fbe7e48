"""Reading the YAML in which cases are written and published."""

from pathlib import Path
from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, ten times faster, where PyYAML was built with it."""


def read_yaml(path: Path) -> Any:
    """Return what a file holds. Raises ``OSError``, ``UnicodeDecodeError`` and ``yaml.YAMLError``."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - both are safe
