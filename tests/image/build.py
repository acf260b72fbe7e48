"""A base without a registry, from Debian's packages, and the image over it."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.image.tools import ImageError, output_of, remove, run

ROOT: Final = Path(__file__).parents[2]
CONTAINERFILE: Final = ROOT / "deploy" / "image" / "Containerfile"
SUITE: Final = "bookworm"
"""Debian 12, as the default of the Containerfile's BASE; its Python is 3.11.2."""
NAME: Final = "ccas-connector"
_INCLUDED: Final = "ca-certificates,python3"
_GATHERED: Final = ("var/cache/apt", "var/lib/apt/lists", "var/log")
"""What installing leaves, and running does not use."""
_OF_PIP: Final = re.compile(
    r"^(?:global|install|:env:)\.(index-url|extra-index-url|proxy|trusted-host|cert|timeout)="
)
_CA: Final = "ca.pem"
_MARK: Final = ".made-by-tests.image"
_Say = Callable[[str], None]


class Workshop:
    """A folder with all that is made: the images, their layers, the logs."""

    def __init__(self, folder: Path, say: _Say) -> None:
        self.folder = folder
        self.log = folder / "build.log"
        self._say = say
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            _require_mark(folder)
        (folder / _MARK).touch()

    def buildah(self, *arguments: str) -> list[str]:
        """Return a command of buildah's, whose images and containers are all in the folder."""
        storage = ["--root", str(self.folder / "images"), "--runroot", str(self.folder / "run")]
        return ["buildah", *storage, "--storage-driver", "vfs", *arguments]

    def base(self, suite: str) -> str:
        """Return the name of the base, made unless it is there. Raises ``ImageError``."""
        name = f"localhost/{NAME}-base:{suite}"
        if name in output_of(self.buildah("images", "--format", "{{.Name}}:{{.Tag}}")).splitlines():
            self._say(f"base: {name} is there already, in {self.folder}")
            return name
        self._say(f"base: debootstrap makes a Debian {suite} (1 to 3 minutes) …")
        root = self.folder / "base"
        remove(root)
        try:
            run(["debootstrap", "--variant=minbase", f"--include={_INCLUDED}", suite, str(root)], self.log)
            for gathered in _GATHERED:
                remove(root / gathered)
                (root / gathered).mkdir()
            with self.container("scratch") as made:
                run(self.buildah("add", "--quiet", made, str(root), "/"), self.log)
                run(self.buildah("config", "--cmd", "/bin/bash", made), self.log)
                run(self.buildah("commit", "--quiet", made, name), self.log)
        finally:
            remove(root)
        return name

    def image(self, base: str) -> str:
        """Build the image anew; return its name. Raises ``ImageError``."""
        self._say("image: buildah installs what the locks have, then the project (2 to 5 minutes) …")
        self.tidy()
        name = f"localhost/{NAME}:latest"
        arguments = {"BASE": base, "VERSION": _version(), "REVISION": _revision()}
        with TemporaryDirectory(dir=self.folder) as secrets:
            run(
                self.buildah(
                    *(
                        "build",
                        "--isolation",
                        "chroot",
                        "--format",
                        "docker",
                        "--pull-never",
                        "--layers=false",
                    ),
                    *(f"--build-arg={key}={value}" for key, value in arguments.items()),
                    *_way_to_packages(Path(secrets)),
                    *("--file", str(CONTAINERFILE), "--tag", name, str(ROOT)),
                ),
                self.log,
            )
        # The former image, which has lost its name.
        output_of(self.buildah("rmi", "--prune", "--force"))
        return name

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """Give a container of an image, removed at the end."""
        made = output_of(self.buildah("from", "--pull-never", image))
        try:
            yield made
        finally:
            output_of(self.buildah("rm", made))

    def tidy(self) -> None:
        """Remove the containers that a run which was ended has left."""
        output_of(self.buildah("rm", "--all"))


def clean(folder: Path) -> None:
    """Remove a workshop's folder, where there is one. Raises ``ImageError`` for any other folder."""
    if folder.exists():
        _require_mark(folder)
        remove(folder)


def _require_mark(folder: Path) -> None:
    if not (folder / _MARK).is_file():
        raise ImageError(f"{folder}: holds other things than an image; give another --folder")


def _version() -> str:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ImageError("pyproject.toml has no version")
    return found[1]


def _revision() -> str:
    """Return the commit, marked where files differ from it; nothing outside of a repository."""
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
        check=False,
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip()


def _way_to_packages(folder: Path) -> Iterator[str]:
    """Yield the options by which the build reaches packages as this machine's pip does, through a mirror or a proxy.

    They are secrets of the build, since an address may hold a password: none is in a layer, and the folder is removed.
    """
    listed = output_of([sys.executable, "-m", "pip", "config", "list"]).splitlines()
    told: dict[str, str] = {}
    for line in listed:
        if found := _OF_PIP.match(line):
            told[found[1]] = " ".join(shlex.split(line[found.end() :]))
    authority = told.pop("cert", None)
    if authority is not None:
        (folder / _CA).write_bytes(Path(authority).read_bytes())
        told["cert"] = f"/run/secrets/{_CA}"
        yield f"--secret=id={_CA},src={folder / _CA}"
    # A folder of this machine is none in the build.
    lines = [f"{key} = {value}" for key, value in told.items() if "file:" not in value]
    (folder / "pip.conf").write_text("\n".join(["[global]", *lines, ""]), "utf-8")
    yield f"--secret=id=pip.conf,src={folder / 'pip.conf'}"
