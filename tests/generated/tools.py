"""Programs that make and compile classes: what is missing is fetched from npm into ``.cache``, and from Debian's packages."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
CACHE: Final = ROOT / ".cache" / "generated"
JARS: Final = [
    Path("/usr/share/java") / f"jackson-{part}.jar" for part in ("annotations", "core", "databind")
]
_SECONDS: Final = 900
_PACKAGES: Final = {
    "javac": "default-jdk-headless",
    "node": "nodejs",
    "npm": "npm",
    "mcs": "mono-mcs",
    "mono": "mono-runtime",
}
_LIBRARIES: Final = {
    JARS[-1]: "libjackson2-databind-java",
    Path("/usr/lib/mono/4.5/Microsoft.CSharp.dll"): "libmono-microsoft-csharp4.0-cil",
    Path("/usr/lib/mono/4.5/System.Numerics.dll"): "libmono-system-numerics4.0-cil",
    Path("/usr/lib/mono/4.5/System.Runtime.Serialization.dll"): "libmono-system-runtime-serialization4.0-cil",
}


class ToolError(Exception):
    """A program failed, or is not to be had; the message is what it said."""


def run(command: Sequence[str | Path], folder: Path = ROOT) -> str:
    """Return what a program printed. Raises ``ToolError``."""
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{command[0]}: {error}") from None
    if done.returncode:
        raise ToolError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def install() -> Path:
    """Install what is missing, and return the folder with npm's packages. Raises ``ToolError``."""
    programs = [package for program, package in _PACKAGES.items() if shutil.which(program) is None]
    missing = [*programs, *(package for file, package in _LIBRARIES.items() if not file.exists())]
    if missing:
        _from_debian(missing)
    node = CACHE / "npm"
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    if wanted != {name: _version(node, name) for name in wanted}:
        node.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", node)
        run(["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"], node)
    return node


def _from_debian(packages: list[str]) -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ToolError(f"install these, then run this again: sudo apt-get install {' '.join(packages)}")
    run(["apt-get", "install", "--yes", "--no-install-recommends", *packages])


def _version(node: Path, package: str) -> str | None:
    manifest = node / "node_modules" / package / "package.json"
    return str(json.loads(manifest.read_text("utf-8"))["version"]) if manifest.exists() else None


def version(program: str) -> str:
    """Return the pinned version of a package of npm."""
    wanted: dict[str, str] = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    return wanted[program]
